/* SPDX-License-Identifier: MIT */
#include "codec/ziplist.h"
#include "support/exact.h"
#include <criterion/criterion.h>
#include <stdio.h>

/* Walks all of a blob, joining its elements with blanks. NULL, or what is wrong. */
static const char *walk(rf_slice blob, char *text, size_t size)
{
    struct ziplist cursor;
    struct packed element;
    enum packed_step step;
    size_t used = 0;
    text[0] = '\0';
    if (!ziplist_open(&cursor, blob))
        return cursor.fault;
    while ((step = ziplist_next(&cursor, &element)) == PACKED_ELEMENT) {
        uint8_t digits[NUMBER_TEXT_MAX];
        rf_slice bytes = packed_slice(&element, digits);
        used += (size_t)snprintf(text + used, size - used, "%s%.*s", used ? " " : "", (int)bytes.len,
                                 (const char *)bytes.ptr);
        cr_assert_lt(used, size);
    }
    cr_assert_eq(ziplist_next(&cursor, &element), step, "the last step repeats itself");
    cr_assert_eq(step == PACKED_END, cursor.fault == NULL);
    return cursor.fault;
}

/* Touches every byte that is handed out; for damaged blobs, where only crashes count. */
static void touch(rf_slice blob)
{
    struct ziplist cursor;
    struct packed element;
    unsigned sum = 0;
    if (!ziplist_open(&cursor, blob))
        return;
    while (ziplist_next(&cursor, &element) == PACKED_ELEMENT)
        for (size_t i = 0; element.ptr && i < element.len; i++)
            sum += element.ptr[i];
    cr_assert(sum < (unsigned)-1);
}

static void check_text(const char *hex, const char *expected)
{
    char text[256];
    rf_slice blob = exact_hex(hex);
    cr_assert_null(walk(blob, text, sizeof text), "%s", hex);
    cr_assert_str_eq(text, expected);
    exact_damage(blob, touch);
    exact_free(blob);
}

static void check_fault(const char *hex, const char *expected)
{
    char text[256];
    rf_slice blob = exact_hex(hex);
    const char *fault = walk(blob, text, sizeof text);
    cr_assert(fault && strstr(fault, expected), "%s: %s", hex, fault ? fault : "no fault");
    exact_free(blob);
}

Test(ziplist, two_and_five)
{
    check_text("0f000000 0c000000 0200 00f3 02f6 ff", "2 5");
}

Test(ziplist, empty)
{
    check_text("0b000000 0a000000 0000 ff", "");
    check_text("0b000000 0a000000 ffff ff", "");
}

Test(ziplist, an_unknown_count_is_found_by_walking)
{
    check_text("0f000000 0c000000 ffff 00f3 02f6 ff", "2 5");
}

Test(ziplist, every_encoding)
{
    static const struct {
        const char *entry, *text;
    } rows[] = {
        {"f1", "0"},
        {"fd", "12"},
        {"fe0d", "13"},
        {"fe80", "-128"},
        {"fe7f", "127"},
        {"c08000", "128"},
        {"c00080", "-32768"},
        {"f0008000", "32768"},
        {"f0ffff7f", "8388607"},
        {"f0000080", "-8388608"},
        {"d000008000", "8388608"},
        {"d000000080", "-2147483648"},
        {"e00000008000000000", "2147483648"},
        {"e00000000000000080", "-9223372036854775808"},
        {"e0ffffffffffffff7f", "9223372036854775807"},
        {"00", ""},
        {"03303037", "007"},
        {"40026162", "ab"}, /* longer forms than needed */
        {"80000000026162", "ab"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char hex[64];
        rf_slice entry = exact_hex(rows[i].entry);
        snprintf(hex, sizeof hex, "%02zx000000 0a000000 0100 00 %s ff", entry.len + 12, rows[i].entry);
        check_text(hex, rows[i].text);
        exact_free(entry);
    }
}

/* A string with `head`, then the integer 1 behind `prevlen`. */
static rf_slice string_and_one(size_t len, const char *head_hex, const char *prevlen_hex)
{
    rf_slice head = exact_hex(head_hex), prevlen = exact_hex(prevlen_hex);
    size_t last = 10 + 1 + head.len + len, total = last + prevlen.len + 1 + 1;
    uint8_t *p = malloc(total);
    store_le32(p, (uint32_t)total);
    store_le32(p + 4, (uint32_t)last);
    store_le16(p + 8, 2);
    p[10] = 0;
    memcpy(p + 11, head.ptr, head.len);
    memset(p + 11 + head.len, 's', len);
    memcpy(p + last, prevlen.ptr, prevlen.len);
    p[total - 2] = 0xf2;
    p[total - 1] = 0xff;
    exact_free(head);
    exact_free(prevlen);
    return slice_of(p, total);
}

static bool is_string_and_one(rf_slice blob, size_t len)
{
    struct ziplist cursor;
    struct packed element;
    return ziplist_open(&cursor, blob) && ziplist_next(&cursor, &element) == PACKED_ELEMENT && element.ptr &&
           element.len == len && element.ptr[len - 1] == 's' &&
           ziplist_next(&cursor, &element) == PACKED_ELEMENT && !element.ptr && element.integer == 1 &&
           ziplist_next(&cursor, &element) == PACKED_END;
}

Test(ziplist, strings_and_previous_lengths_at_their_bounds)
{
    static const struct {
        size_t len;
        const char *head, *prevlen;
        bool sound;
    } rows[] = {
        {63, "3f", "41", true},
        {64, "4040", "43", true},
        {64, "4040", "fe43000000", true}, /* wider than needed: servers leave these behind */
        {250, "40fa", "fd", true},
        {251, "40fb", "fefe000000", true},
        {251, "40fb", "fe00000000", false},
        {251, "40fb", "fefe000001", false},
        {252, "40fc", "feff000000", true},
        {16383, "7fff", "fe02400000", true},
        {16384, "8000004000", "fe06400000", true},
        {100000, "80000186a0", "fea6860100", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        rf_slice blob = string_and_one(rows[i].len, rows[i].head, rows[i].prevlen);
        cr_assert_eq(is_string_and_one(blob, rows[i].len), rows[i].sound, "%zu %s", rows[i].len,
                     rows[i].prevlen);
        exact_free(blob);
    }
}

Test(ziplist, damaged_headers)
{
    check_fault("", "too short");
    check_fault("0a000000 0a000000 0000", "too short");
    check_fault("0c000000 0a000000 0000 ff", "does not match");
    check_fault("ffffffff 0a000000 0000 ff", "does not match");
    check_fault("0b000000 0a000000 0000 fe", "missing end byte");
}

Test(ziplist, wrong_counts)
{
    check_fault("0f000000 0c000000 0100 00f3 02f6 ff", "element count mismatch");
    check_fault("0f000000 0c000000 0300 00f3 02f6 ff", "element count mismatch");
    check_fault("0b000000 0a000000 0100 ff", "element count mismatch");
}

Test(ziplist, wrong_offsets_of_the_last_element)
{
    check_fault("0f000000 0a000000 0200 00f3 02f6 ff", "tail offset");
    check_fault("0f000000 0e000000 0200 00f3 02f6 ff", "tail offset");
    check_fault("0f000000 ffffffff 0200 00f3 02f6 ff", "tail offset");
    check_fault("0b000000 0b000000 0000 ff", "tail offset");
}

Test(ziplist, wrong_previous_lengths)
{
    check_fault("0f000000 0c000000 0200 01f3 02f6 ff", "previous entry length");
    check_fault("0f000000 0c000000 0200 00f3 01f6 ff", "previous entry length");
    check_fault("13000000 0c000000 0200 00f3 fe03000000f6 ff", "previous entry length");
}

Test(ziplist, entries_that_reach_too_far)
{
    check_fault("0c000000 0a000000 0100 00 ff", "truncated");
    check_fault("0d000000 0a000000 0100 00 01 ff", "truncated");
    check_fault("0d000000 0a000000 0100 00 40 ff", "truncated");
    check_fault("0e000000 0a000000 0100 00 4001 ff", "truncated");
    check_fault("0d000000 0a000000 0100 00 80 ff", "truncated");
    check_fault("11000000 0a000000 0100 00 80ffffffff ff", "truncated");
    check_fault("0d000000 0a000000 0100 00 fe ff", "truncated");
    check_fault("0e000000 0a000000 0100 00 c000 ff", "truncated");
    check_fault("0f000000 0a000000 0100 00 f00000 ff", "truncated");
    check_fault("10000000 0a000000 0100 00 d0000000 ff", "truncated");
    check_fault("14000000 0a000000 0100 00 e000000000000000 ff", "truncated");
    check_fault("0c000000 0a000000 0100 fe ff", "truncated");
    check_fault("10000000 0a000000 0100 fe00000000 ff", "truncated");
}

Test(ziplist, an_end_in_between)
{
    check_fault("0f000000 0c000000 0200 fff3 02f6 ff", "data after end byte");
    check_fault("0f000000 0c000000 0200 00f3 fff6 ff", "data after end byte");
}

Test(ziplist, unknown_encodings)
{
    static const uint8_t leads[] = {0x81, 0xbf, 0xc1, 0xcf, 0xd1, 0xdf, 0xe1, 0xef, 0xff};
    for (size_t i = 0; i < sizeof leads; i++) {
        char hex[64];
        snprintf(hex, sizeof hex, "16000000 0a000000 0100 00 %02x000000000000000000 ff", leads[i]);
        check_fault(hex, "unknown encoding");
    }
}
