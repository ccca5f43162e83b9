/* SPDX-License-Identifier: MIT */
#include "codec/zipmap.h"
#include "support/exact.h"
#include <criterion/criterion.h>
#include <stdio.h>

/* Walks all of a blob, joining its pairs as "field=value". NULL, or what is wrong. */
static const char *walk(rf_slice blob, char *text, size_t size)
{
    struct zipmap cursor;
    rf_slice field, value;
    enum packed_step step;
    size_t used = 0;
    text[0] = '\0';
    if (!zipmap_open(&cursor, blob))
        return cursor.fault;
    while ((step = zipmap_next(&cursor, &field, &value)) == PACKED_ELEMENT) {
        used += (size_t)snprintf(text + used, size - used, "%s%.*s=%.*s", used ? " " : "", (int)field.len,
                                 (const char *)field.ptr, (int)value.len, (const char *)value.ptr);
        cr_assert_lt(used, size);
    }
    cr_assert_eq(zipmap_next(&cursor, &field, &value), step, "the last step repeats itself");
    cr_assert_eq(step == PACKED_END, cursor.fault == NULL);
    return cursor.fault;
}

static void touch(rf_slice blob)
{
    char text[512];
    walk(blob, text, sizeof text);
}

static void check_text(const char *hex, const char *expected)
{
    char text[512];
    rf_slice blob = exact_hex(hex);
    cr_assert_null(walk(blob, text, sizeof text), "%s", hex);
    cr_assert_str_eq(text, expected);
    exact_damage(blob, touch);
    exact_free(blob);
}

static void check_fault(const char *hex, const char *expected)
{
    char text[512];
    rf_slice blob = exact_hex(hex);
    const char *fault = walk(blob, text, sizeof text);
    cr_assert(fault && strstr(fault, expected), "%s: %s", hex, fault ? fault : "no fault");
    exact_free(blob);
}

Test(zipmap, two_pairs_and_spare_bytes)
{
    check_text("02 03666f6f 0300626172 0568656c6c6f 0502776f726c645858 ff", "foo=bar hello=world");
}

Test(zipmap, empty_strings)
{
    check_text("01 00 00 00 ff", "=");
}

Test(zipmap, unknown_counts_are_found_by_walking)
{
    check_text("fe 0161 010062 ff", "a=b");
}

/* Only 254 says that it is not known. */
Test(zipmap, a_count_of_255)
{
    struct zipmap cursor;
    rf_slice field, value;
    uint8_t bytes[1 + 255 * 4 + 1] = {255};
    for (size_t i = 0; i < 255; i++)
        memcpy(bytes + 1 + 4 * i, (uint8_t[]){1, (uint8_t)i, 0, 0}, 4);
    bytes[sizeof bytes - 1] = 0xff;
    rf_slice blob = exact_copy(bytes, sizeof bytes);
    cr_assert(zipmap_open(&cursor, blob));
    for (size_t i = 0; i < 255; i++)
        cr_assert_eq(zipmap_next(&cursor, &field, &value), PACKED_ELEMENT);
    cr_assert_eq(zipmap_next(&cursor, &field, &value), PACKED_END);
    exact_free(blob);
    check_fault("ff 0161 010062 ff", "pair count mismatch");
}

/* A value of so many bytes, its length in five. */
static const char *walk_long_value(uint8_t size_low, uint8_t size_high)
{
    static uint8_t bytes[1 + 2 + 6 + 300 + 1];
    static struct zipmap cursor;
    rf_slice field, value;
    size_t size = (size_t)size_high << 8 | size_low;
    memcpy(bytes, (uint8_t[]){1, 1, 'f', 0xfe, size_low, size_high, 0, 0, 0}, 9);
    bytes[9 + size] = 0xff;
    rf_slice blob = exact_copy(bytes, 10 + size);
    cr_assert(zipmap_open(&cursor, blob));
    enum packed_step step = zipmap_next(&cursor, &field, &value);
    cr_assert(step != PACKED_ELEMENT || value.len == size);
    if (step == PACKED_ELEMENT)
        cr_assert_eq(zipmap_next(&cursor, &field, &value), PACKED_END);
    exact_free(blob);
    return cursor.fault;
}

/* Servers refuse a length in five bytes that fits in one. */
Test(zipmap, long_lengths)
{
    cr_expect_null(walk_long_value(0x2c, 1));
    cr_expect_null(walk_long_value(254, 0));
    cr_expect_null(walk_long_value(255, 0));
    cr_expect_not_null(walk_long_value(253, 0));
    check_fault("01 fe0100000061 010062 ff", "non-canonical length");
    check_fault("01 0161 fe010000000062 ff", "non-canonical length");
    check_fault("01 fe0000000000 010062 ff", "non-canonical length");
}

Test(zipmap, damage)
{
    check_fault("", "too short");
    check_fault("00", "too short");
    check_fault("00 ff 00", "data after end byte");
    check_fault("00 ff ff", "data after end byte");
    check_fault("01 0161 010062", "missing end byte");
    check_fault("00 0161 010062 ff", "pair count mismatch");
    check_fault("02 0161 010062 ff", "pair count mismatch");
    check_fault("01 ff", "pair count mismatch");
    check_fault("00 ff", "empty zipmap");
    check_fault("fe ff", "empty zipmap");
    check_fault("01 0161", "truncated");
    check_fault("01 0161 ff", "truncated");
    check_fault("01 0161 01", "truncated");
    check_fault("01 0161 0100", "truncated");
    check_fault("01 0261", "truncated");
    check_fault("01 0161 010162", "truncated");
    check_fault("01 0161 01ff62 ff", "truncated");
    check_fault("01 fe010000", "truncated");
    check_fault("01 feffffffff 61 010062 ff", "truncated");
    check_fault("01 0161 feffffffff 00 62 ff", "truncated");
    check_fault("01 0161 feffffffff ff 62 ff", "truncated");
}
