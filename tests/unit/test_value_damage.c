/* SPDX-License-Identifier: MIT */
/* Values that are not what they should be, one damage at a time. */
#include "support/exact.h"
#include "support/one_value.h"
#include <criterion/criterion.h>

#define TEMPLATE "f2 05 02 0161 026262" /* id 5: a, bb */

static const struct {
    struct one_value value;
    const char *message; /* a part of it */
} damages[] = {
    /* plain collections */
    {{.type = 1, .hex = "01 c4"}, "where a string is expected"},
    {{.type = 1, .hex = "82"}, "where a length is expected"},
    {{.type = 3, .hex = "01 0161 fd"}, "NaN"},
    {{.type = 3, .hex = "01 0161 00"}, "no number"},
    {{.type = 3, .hex = "01 0161 03 312c35"}, "no number"},
    {{.type = 3, .hex = "01 0161 04 31200000"}, "no number"},
    {{.type = 3, .hex = "01 0161 03 6e616e"}, "NaN"},
    {{.type = 5, .hex = "01 0161 000000000000f87f"}, "NaN"},
    {{.type = 5, .hex = "01 0161 010000000000f0ff"}, "NaN"},
    /* modules */
    {{.type = 7, .hex = "81bde72da2bb1eb400 06 00"}, "unknown kind 6"},
    /* zipmaps */
    {{.type = 9, .hex = "00"}, "zipmap"},
    {{.type = 9, .hex = "01 00"}, "zipmap shorter"},
    {{.type = 9, .hex = "07 01 0161 01 00 62 00"}, "truncated zipmap"},
    {{.type = 9, .hex = "07 02 0161 01 00 62 ff"}, "another number of pairs"},
    {{.type = 9, .hex = "08 01 0161 01 00 62 ff ff"}, "bytes behind its end"},
    {{.type = 9, .hex = "07 01 0161 05 00 62 ff"}, "truncated zipmap"},
    /* ziplists: header, count, last element, prevlen, encoding */
    {{.type = 10, .hex = "00"}, "ziplist shorter"},
    {{.type = 10, .hex = "0f 10000000 0c000000 0200 00f3 02f6 ff"}, "size contradicts"},
    {{.type = 10, .hex = "0f 0f000000 0c000000 0300 00f3 02f6 ff"}, "another number of elements"},
    {{.type = 10, .hex = "0f 0f000000 0a000000 0200 00f3 02f6 ff"}, "wrong offset"},
    {{.type = 10, .hex = "0f 0f000000 0c000000 0200 00f3 03f6 ff"}, "wrong previous length"},
    {{.type = 10, .hex = "0f 0f000000 0c000000 0200 00f3 02f6 00"}, "without an end"},
    {{.type = 10, .hex = "0f 0f000000 0c000000 0200 00f3 0210 ff"}, "truncated ziplist"},
    {{.type = 10, .hex = "0f 0f000000 0c000000 0200 00f3 02ff ff"}, "ziplist"},
    {{.type = 12, .hex = "0d 0d000000 0a000000 0100 00f3 ff"}, "no partner"},
    {{.type = 12, .hex = "10 10000000 0d000000 0200 000161 020178 ff"}, "ziplist"},
    {{.type = 13, .hex = "0d 0d000000 0a000000 0100 00f3 ff"}, "no partner"},
    {{.type = 14, .hex = "01 0d 0e000000 0a000000 0100 0000 ff"}, "size contradicts"},
    /* intsets */
    {{.type = 11, .hex = "07 02000000 000000"}, "shorter than its header"},
    {{.type = 11, .hex = "0c 03000000 01000000 01000000"}, "unknown width"},
    {{.type = 11, .hex = "0c 02000000 01000000 01000200"}, "size contradicts"},
    {{.type = 11, .hex = "0c 02000000 02000000 02000100"}, "out of order"},
    {{.type = 11, .hex = "0c 02000000 02000000 01000100"}, "out of order"},
    /* listpacks: header, count, encoding, back length, pairs */
    {{.type = 16, .hex = "06 06000000 0000"}, "listpack shorter"},
    {{.type = 16, .hex = "0d 0e000000 0200 816602 817602 ff"}, "size contradicts"},
    {{.type = 16, .hex = "0d 0d000000 0300 816602 817602 ff"}, "another number of elements"},
    {{.type = 16, .hex = "0d 0d000000 0200 816602 817603 ff"}, "wrong back length"},
    {{.type = 16, .hex = "0d 0d000000 0200 816602 837602 ff"}, "truncated listpack"},
    {{.type = 16, .hex = "0d 0d000000 0200 816602 817602 fe"}, "without an end"},
    {{.type = 16, .hex = "0c 0c000000 0200 816602 f501 ff"}, "unknown encoding"},
    {{.type = 16, .hex = "0a 0a000000 0100 816602 ff"}, "no partner"},
    {{.type = 17, .hex = "0d 0d000000 0200 816602 817602 ff"}, "no number"},
    {{.type = 17, .hex = "0f 0f000000 0200 816602 836e616e04 ff"}, "no number"},
    {{.type = 17, .hex = "11 11000000 0400 816102 0201 816202 0101 ff"}, "out of order"},
    {{.type = 17, .hex = "11 11000000 0400 816202 0101 816102 0101 ff"}, "out of order"},
    {{.type = 17, .hex = "11 11000000 0400 816102 0101 816102 0101 ff"}, "out of order"},
    {{.type = 20, .hex = "0a 0b000000 0100 816102 ff"}, "size contradicts"},
    /* quicklists */
    {{.type = 18, .hex = "01 00 0a 0a000000 0100 816102 ff"}, "unknown kind 0"},
    {{.type = 18, .hex = "01 03 0a 0a000000 0100 816102 ff"}, "unknown kind 3"},
    {{.type = 18, .hex = "01 02 00"}, "listpack shorter"},
    {{.type = 18, .hex = "01 01 00"}, "a plain node without bytes"},
    /* fields with an expiry */
    {{.type = 22, .hex = "01 81 0001000000000000 0166 0176"}, "out of range"},
    {{.type = 24, .hex = "ffffffffffff0000 01 02 0166 0176"}, "out of range"},
    {{.type = 24, .hex = "ffffffffffffffff 01 02 0166 0176"}, "out of range"},
    {{.type = 24, .hex = "0500000000000000 01 81 ffffffffffffffff 0166 0176"}, "out of range"},
    {{.type = 25, .hex = "0000000000000000 0d 0d000000 0200 816602 817602 ff"}, "no partner"},
    {{.type = 25, .hex = "0000000000000000 10 10000000 0300 816602 817602 817802 ff"}, "no time"},
    {{.type = 25, .hex = "0000000000000000 10 10000000 0300 816602 817602 dfff02 ff"}, "no time"},
    {{.type = 25, .hex = "0500000000000000 17 17000000 0600 816602 817602 0901 816702 817702 0501 ff"},
     "out of order"},
    {{.type = 25, .hex = "0500000000000000 17 17000000 0600 816602 817602 0001 816702 817702 0501 ff"},
     "out of order"},
    {{.magic = "VALKEY080", .type = 22, .hex = "01 0166 0176 feffffffffffffff"}, "out of range"},
    /* arrays */
    {{.type = 28, .hex = "00 00"}, "array without elements"},
    {{.type = 28, .hex = "01 02 00 00 0161"}, "unknown flag 2"},
    {{.type = 28, .hex = "01 00 81ffffffffffffffff 00 0161"}, "out of range"},
    {{.type = 28, .hex = "01 01 81ffffffffffffffff 00 00 0161"}, "out of range"},
    {{.type = 28, .hex = "02 00 05 00 0161 04 00 0162"}, "ascend"},
    {{.type = 28, .hex = "01 00 00 04 0161"}, "unknown kind 4"},
    {{.type = 28, .hex = "02 00 05 00 0161 05 00 0162"}, "ascend"},
    /* hash templates */
    {{.type = 30, .hex = "0e 0e000000 0300 0501 0701 817602 ff"}, "not defined"},
    {{.type = 32, .hex = "05 0178 c007"}, "not defined"},
    {{.before = TEMPLATE, .type = 30, .hex = "0b 0b000000 0200 0501 0701 ff"}, "no partner"},
    {{.before = TEMPLATE, .type = 30, .hex = "0f 0f000000 0400 0501 0701 0801 0901 ff"}, "more values"},
    {{.before = TEMPLATE, .type = 30, .hex = "0f 0f000000 0300 817802 0701 817602 ff"}, "no template id"},
    {{.before = TEMPLATE, .type = 30, .hex = "07 07000000 0000 ff"}, "no partner"},
};

Test(value_damage, is_found_and_named)
{
    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
        struct buffer text = {0};
        rf_error error;
        rf_code code = walk_value(&damages[i].value, &text, &error);
        cr_expect_eq(code, RF_E_CORRUPT, "type %u, %s: %d", damages[i].value.type, damages[i].value.hex,
                     code);
        if (code == RF_OK)
            continue;
        cr_expect(strstr(error.message, damages[i].message), "type %u, %s: %s", damages[i].value.type,
                  damages[i].value.hex, error.message);
        cr_expect_str_eq(error.key, "k");
        cr_expect_str_eq(error.input, "file");
        cr_expect_eq(error.db, 0);
        cr_expect_gt(error.offset, 10);
        cr_expect_eq(error.file_offset, error.offset);
        buffer_free(&text);
    }
}

Test(value_damage, is_for_good)
{
    struct opened o;
    rf_entry entry;
    open_value(&o, &(struct one_value){.type = 5, .hex = "01 0161 000000000000f87f"});
    cr_assert_eq(rf_value_walk(o.entry.value, &(rf_visitor){0}, NULL, &o.error), RF_E_CORRUPT);
    for (int i = 0; i < 2; i++) {
        rf_error again = {0};
        cr_expect_eq(rf_reader_next(o.reader, &entry, &again), RF_E_CORRUPT);
        cr_expect_str_eq(again.message, o.error.message);
        cr_expect_eq(again.offset, o.error.offset);
    }
    close_value(&o);
}

Test(value_damage, of_a_held_value_has_its_place_too)
{
    struct opened o;
    open_value(&o, &(struct one_value){.type = 16, .hex = "0d 0d000000 0300 816602 817602 ff"});
    cr_assert_eq(rf_value_hold(o.entry.value, NULL, &o.error), RF_OK);
    cr_assert_eq(rf_value_walk(o.entry.value, &(rf_visitor){0}, NULL, &o.error), RF_E_CORRUPT);
    cr_expect_eq(o.error.offset, 12 + 14);
    close_value(&o);
}

/* The reader must not come to a halt over damaged templates either. */
Test(value_damage, of_hash_templates)
{
    static const char *const records[][2] = {
        {"f2 05 00", "without fields"},           {"f2 05 01 0161 f2 05 01 0161", "defined twice"},
        {"f2 05 02 0161 0161", "out of order"},   {"f2 05 02 0162 0161", "out of order"},
        {"f2 05 02 026262 0163", "out of order"}, {"f2 05 03 00 0161", "0xff where a string is expected"},
    };
    for (size_t i = 0; i < sizeof records / sizeof *records; i++) {
        struct build b = {0};
        rf_source *source;
        rf_reader *reader;
        rf_entry entry;
        rf_error error;
        put_bytes(&b, SLICE("REDIS0015"));
        put_hex(&b, records[i][0]);
        put_end(&b);
        cr_assert_eq(rf_source_open_memory(b.bytes.data, b.bytes.len, "file", &source, &error), RF_OK);
        cr_assert_eq(rf_reader_open(source, &(rf_reader_options){0}, &reader, &error), RF_OK);
        cr_expect_eq(rf_reader_next(reader, &entry, &error), RF_E_CORRUPT, "%s", records[i][0]);
        cr_expect(strstr(error.message, records[i][1]), "%s: %s", records[i][0], error.message);
        rf_reader_close(reader);
        build_free(&b);
    }
}
