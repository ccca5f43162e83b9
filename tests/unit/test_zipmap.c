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

Test(zipmap, empty_ones)
{
    check_text("00 ff", "");
    check_text("01 00 00 00 ff", "=");
}

Test(zipmap, unknown_counts_are_found_by_walking)
{
    check_text("fe 0161 010062 ff", "a=b");
    check_text("ff 0161 010062 ff", "a=b");
}

Test(zipmap, long_lengths)
{
    check_text("01 fe0100000061 fe010000000062 ff", "a=b");
    check_text("01 fe0100000061 fe010000000362585858 ff", "a=b");
}

Test(zipmap, a_long_value)
{
    struct zipmap cursor;
    rf_slice field, value;
    uint8_t bytes[1 + 2 + 6 + 300 + 1] = {1, 1, 'f', 0xfe, 0x2c, 1, 0, 0, 0};
    bytes[sizeof bytes - 1] = 0xff;
    rf_slice blob = exact_copy(bytes, sizeof bytes);
    cr_assert(zipmap_open(&cursor, blob));
    cr_assert_eq(zipmap_next(&cursor, &field, &value), PACKED_ELEMENT);
    cr_assert_eq(value.len, 300);
    cr_assert_eq(zipmap_next(&cursor, &field, &value), PACKED_END);
    exact_free(blob);
}

Test(zipmap, damage)
{
    check_fault("", "shorter");
    check_fault("00", "shorter");
    check_fault("00 ff 00", "behind its end");
    check_fault("00 ff ff", "behind its end");
    check_fault("01 0161 010062", "without an end");
    check_fault("00 0161 010062 ff", "number of pairs");
    check_fault("02 0161 010062 ff", "number of pairs");
    check_fault("01 ff", "number of pairs");
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
