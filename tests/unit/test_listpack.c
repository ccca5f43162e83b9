/* SPDX-License-Identifier: MIT */
#include "codec/listpack.h"
#include "support/exact.h"
#include <criterion/criterion.h>
#include <stdio.h>

/* Walks all of a blob, joining its elements with blanks. NULL, or what is wrong. */
static const char *walk(rf_slice blob, char *text, size_t size)
{
    struct listpack cursor;
    struct packed element;
    enum packed_step step;
    size_t used = 0;
    text[0] = '\0';
    if (!listpack_open(&cursor, blob))
        return cursor.fault;
    while ((step = listpack_next(&cursor, &element)) == PACKED_ELEMENT) {
        uint8_t digits[NUMBER_TEXT_MAX];
        rf_slice bytes = packed_slice(&element, digits);
        used += (size_t)snprintf(text + used, size - used, "%s%.*s", used ? " " : "", (int)bytes.len,
                                 (const char *)bytes.ptr);
        cr_assert_lt(used, size);
    }
    cr_assert_eq(listpack_next(&cursor, &element), step, "the last step repeats itself");
    cr_assert_eq(step == PACKED_END, cursor.fault == NULL);
    return cursor.fault;
}

/* Touches every byte that is handed out; for damaged blobs, where only crashes count. */
static void touch(rf_slice blob)
{
    struct listpack cursor;
    struct packed element;
    unsigned sum = 0;
    if (!listpack_open(&cursor, blob))
        return;
    while (listpack_next(&cursor, &element) == PACKED_ELEMENT)
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

Test(listpack, blobs_of_real_servers)
{
    check_text("12000000 0400 816102 0101 dfff02 c12c02 ff", "a 1 -1 300");
    check_text("0c000000 0200 816102 0101 ff", "a 1");
    check_text("25000000 0800 816e02 842d696e6605 816102 83312e3504 816202 0301 817002 83696e6604 ff",
               "n -inf a 1.5 b 3 p inf");
    check_text("1d000000 0a00 0101 0001 0101 816602 0001 0201 0001 0001 817602 0401 ff",
               "1 0 1 f 0 2 0 0 v 4");
    check_text("1f000000 0600 816602 817602 f400d8c32cbb03000009 816702 817702 0001 ff",
               "f v 4102444800000 g w 0");
    check_text("43000000 1800 0201 0101 0101 816602 0001 0201 0001 0001 82763103 0401"
               "0301 0001 0101 846465616405 0401 0001 0501 dffe02 0201 816602 817802 816702 817902 0801 ff",
               "2 1 1 f 0 2 0 0 v1 4 3 0 1 dead 4 0 5 -2 2 f x g y 8");
}

Test(listpack, empty)
{
    check_text("07000000 0000 ff", "");
    check_text("07000000 ffff ff", "");
}

Test(listpack, an_unknown_count_is_found_by_walking)
{
    check_text("12000000 ffff 816102 0101 dfff02 c12c02 ff", "a 1 -1 300");
}

Test(listpack, integers_at_the_bounds_of_their_encodings)
{
    static const struct {
        const char *entry, *text;
    } rows[] = {
        {"00 01", "0"},
        {"7f 01", "127"},
        {"c080 02", "128"},
        {"cfff 02", "4095"},
        {"d000 02", "-4096"},
        {"dfff 02", "-1"},
        {"f10010 03", "4096"},
        {"f1ff7f 03", "32767"},
        {"f10080 03", "-32768"},
        {"f2008000 04", "32768"},
        {"f2ffff7f 04", "8388607"},
        {"f2000080 04", "-8388608"},
        {"f300008000 05", "8388608"},
        {"f3ffffff7f 05", "2147483647"},
        {"f300000080 05", "-2147483648"},
        {"f40000008000000000 09", "2147483648"},
        {"f4ffffffffffffff7f 09", "9223372036854775807"},
        {"f40000000000000080 09", "-9223372036854775808"},
        {"80 01", ""},
        {"83303037 04", "007"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char hex[64];
        rf_slice entry = exact_hex(rows[i].entry);
        snprintf(hex, sizeof hex, "%02zx000000 0100 %s ff", entry.len + 7, rows[i].entry);
        check_text(hex, rows[i].text);
        exact_free(entry);
    }
}

Test(listpack, text_and_integers_are_equal)
{
    struct packed text = {.ptr = (const uint8_t *)"-42", .len = 3}, number = {.integer = -42};
    uint8_t digits[NUMBER_TEXT_MAX];
    int64_t a = 0, b = 0;
    cr_assert(packed_integer(&text, &a) && packed_integer(&number, &b) && a == b);
    cr_assert(slice_equal(packed_slice(&text, digits), packed_slice(&number, digits)));
    text = (struct packed){.ptr = (const uint8_t *)"007", .len = 3};
    cr_assert_not(packed_integer(&text, &a));
}

/* One string of `len` bytes: head and back length as the format has them. */
static rf_slice one_string(size_t len, const char *head_hex, const char *backlen_hex)
{
    rf_slice head = exact_hex(head_hex), backlen = exact_hex(backlen_hex);
    size_t total = 6 + head.len + len + backlen.len + 1;
    uint8_t *p = calloc(total, 1); /* what of it is not written costs nothing */
    store_le32(p, (uint32_t)total);
    store_le16(p + 4, 1);
    memcpy(p + 6, head.ptr, head.len);
    if (len > 0)
        p[6 + head.len + len - 1] = 's';
    memcpy(p + 6 + head.len + len, backlen.ptr, backlen.len);
    p[total - 1] = 0xff;
    exact_free(head);
    exact_free(backlen);
    return slice_of(p, total);
}

static bool is_one_string(rf_slice blob, size_t len)
{
    struct listpack cursor;
    struct packed element;
    return listpack_open(&cursor, blob) && listpack_next(&cursor, &element) == PACKED_ELEMENT &&
           element.ptr && element.len == len && (len == 0 || element.ptr[len - 1] == 's') &&
           listpack_next(&cursor, &element) == PACKED_END;
}

Test(listpack, strings_at_the_bounds_of_their_encodings)
{
    static const struct {
        size_t len;
        const char *head, *backlen;
        bool sound;
    } rows[] = {
        {63, "bf", "40", true},
        {64, "e040", "42", true},
        {125, "e07d", "7f", true},
        {126, "e07e", "0180", true},
        {126, "e07e", "80", false},
        {4095, "efff", "2081", true},
        {4096, "f000100000", "2085", true},
        {16377, "f0f93f0000", "7ffe", true},   /* 16382 */
        {16378, "f0fa3f0000", "00ffff", true}, /* 16383: three bytes */
        {16378, "f0fa3f0000", "7fff", false},
        {16379, "f0fb3f0000", "018080", true},
        {2097145, "f0f9ff1f00", "7ffffe", true},
        {2097146, "f0faff1f00", "00ffffff", true},
        {2097146, "f0faff1f00", "7fffff", false},
        {2097147, "f0fbff1f00", "01808080", true},
        {268435449, "f0f9ffff0f", "7ffffffe", true},
        {268435450, "f0faffff0f", "00ffffffff", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        rf_slice blob = one_string(rows[i].len, rows[i].head, rows[i].backlen);
        cr_assert_eq(is_one_string(blob, rows[i].len), rows[i].sound, "%zu %s", rows[i].len, rows[i].backlen);
        exact_free(blob);
    }
}

Test(listpack, damaged_headers)
{
    check_fault("", "too short");
    check_fault("06000000 0000", "too short");
    check_fault("08000000 0000 ff", "does not match");
    check_fault("06000000 0000 ff", "does not match");
    check_fault("ffffffff 0000 ff", "does not match");
    check_fault("07000000 0000 fe", "missing end byte");
    check_fault("09000000 0100 01 01 00", "missing end byte");
}

Test(listpack, wrong_counts)
{
    check_fault("09000000 0000 0101 ff", "element count mismatch");
    check_fault("09000000 0200 0101 ff", "element count mismatch");
    check_fault("07000000 0100 ff", "element count mismatch");
    check_fault("07000000 feff ff", "element count mismatch");
}

Test(listpack, wrong_back_lengths)
{
    check_fault("09000000 0100 0102 ff", "back length");
    check_fault("09000000 0100 0100 ff", "back length");
    check_fault("0a000000 0100 816103 ff", "back length");
    check_fault("0a000000 0100 c12c01 ff", "back length");
    check_fault("0a000000 0100 c12c82 ff", "back length");
    check_fault("0a000000 0100 01 8001 ff", "back length");
}

Test(listpack, entries_that_reach_too_far)
{
    check_fault("08000000 0100 01 ff", "truncated");
    check_fault("08000000 0100 81 ff", "truncated");
    check_fault("09000000 0100 8161 ff", "truncated");
    check_fault("08000000 0100 c1 ff", "truncated");
    check_fault("08000000 0100 e0 ff", "truncated");
    check_fault("09000000 0100 e000 ff", "truncated");
    check_fault("0a000000 0100 bf6102 ff", "truncated");
    check_fault("0a000000 0100 efff61 ff", "truncated");
    check_fault("08000000 0100 f0 ff", "truncated");
    check_fault("0d000000 0100 f0ffffffff05 ff", "truncated");
    check_fault("0d000000 0100 f0faffffff05 ff", "truncated");
    check_fault("09000000 0100 f100 ff", "truncated");
    check_fault("0a000000 0100 f20000 ff", "truncated");
    check_fault("0b000000 0100 f3000000 ff", "truncated");
    check_fault("0f000000 0100 f400000000000000 ff", "truncated");
}

Test(listpack, unknown_encodings_and_an_end_in_between)
{
    for (unsigned lead = 0xf5; lead <= 0xff; lead++) {
        char hex[64];
        snprintf(hex, sizeof hex, "0b000000 0200 %02x01 0101 ff", lead);
        check_fault(hex, "unknown encoding");
    }
}
