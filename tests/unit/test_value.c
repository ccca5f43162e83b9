/* SPDX-License-Identifier: MIT */
#include "support/exact.h"
#include "support/one_value.h"
#include "support/record.h"
#include <criterion/criterion.h>

#define TEMPLATE "f2 05 02 0161 026262" /* id 5: a, bb */

static const struct {
    struct one_value value;
    const char *encoding, *told;
} values[] = {
    {{.type = 0, .hex = "05 68656c6c6f"}, "string", "string hello\n"},
    {{.type = 0, .hex = "00"}, "string", "string \n"},
    {{.type = 0, .hex = "c1 7fff"}, "string", "string -129\n"},
    {{.type = 0, .hex = "c3 0b 1e 03616263 61e00f02 016263"},
     "string",
     "string abcabcabcabcabcabcabcabcabcabc\n"},
    {{.type = 0, .hex = "03 00ff0a"}, "string", "string \\x00\\xff\\x0a\n"},
    {{.type = 1, .hex = "03 0161 c005 00"}, "linkedlist", "item a\nitem 5\nitem \n"},
    {{.type = 2, .hex = "02 0162 0161"}, "hashtable", "member b\nmember a\n"},
    {{.type = 3, .hex = "04 0161 fe 0162 ff 0163 03312e35 0164 022d30"},
     "skiplist_text",
     "scored a inf\nscored b -inf\nscored c 1.5\nscored d -0\n"},
    {{.type = 4, .hex = "02 0166 0176 c007 00"}, "hashtable", "field f v\nfield 7 \n"},
    {{.type = 5, .hex = "02 0162 000000000000f07f 0161 000000000000f83f"},
     "skiplist",
     "scored b inf\nscored a 1.5\n"},
    {{.type = 7, .hex = "81bde72da2bb1eb401 0205 03 00000000 04 0000000000000000 05 0161 0105 00"},
     "module",
     "module vectorset 1\n"},
    {{.type = 7, .hex = "81 0000000000000403 00"}, "module", "module AAAAAAAAB 3\n"},
    {{.type = 9, .hex = "1a 02 03666f6f 0300626172 0568656c6c6f 0502776f726c645858 ff"},
     "zipmap",
     "field foo bar\nfield hello world\n"},
    {{.type = 10, .hex = "0f 0f000000 0c000000 0200 00f3 02f6 ff"}, "ziplist", "item 2\nitem 5\n"},
    {{.type = 11, .hex = "0e 02000000 03000000 fbff 0100 2c01"},
     "intset",
     "member -5\nmember 1\nmember 300\n"},
    {{.type = 11, .hex = "10 08000000 01000000 0000000000000080"}, "intset", "member -9223372036854775808\n"},
    {{.type = 12, .hex = "18 18000000 12000000 0400 000161 03f2 020162 0303322e35 ff"},
     "ziplist",
     "scored a 1\nscored b 2.5\n"},
    {{.type = 13, .hex = "18 18000000 12000000 0400 000161 03f2 020162 0303322e35 ff"},
     "ziplist",
     "field a 1\nfield b 2.5\n"},
    {{.type = 14, .hex = "02 0f 0f000000 0c000000 0200 00f3 02f6 ff 0e 0e000000 0a000000 0100 000161 ff"},
     "quicklist_ziplist",
     "item 2\nitem 5\nitem a\n"},
    {{.type = 16, .hex = "0d 0d000000 0200 816602 817602 ff"}, "listpack", "field f v\n"},
    {{.type = 17,
      .hex = "25 25000000 0800 816e02 842d696e6605 816102 83312e3504 816202 0301 817002 83696e6604 ff"},
     "listpack",
     "scored n -inf\nscored a 1.5\nscored b 3\nscored p inf\n"},
    {{.type = 18, .hex = "01 02 0c 0c000000 0200 816102 0101 ff"}, "quicklist", "item a\nitem 1\n"},
    {{.type = 18,
      .hex = "03 02 0d 0d000000 0200 816102 816202 ff 01 05 68656c6c6f 02 0a 0a000000 0100 816302 ff"},
     "quicklist",
     "item a\nitem b\nitem hello\nitem c\n"},
    {{.type = 20, .hex = "0a 0a000000 0100 816102 ff"}, "listpack", "member a\n"},
    {{.type = 22, .hex = "02 4141 0167 0177 00 0166 0176"}, "hashtable_ex_rc", "field g w @321\nfield f v\n"},
    {{.type = 23, .hex = "18 18000000 0600 816602 817602 c14102 816702 817702 0001 ff"},
     "listpack_ex_rc",
     "field f v @321\nfield g w\n"},
    {{.type = 24, .hex = "00d8c32cbb030000 03 00 0167 0177 01 0166 0176 03 0168 0178"},
     "hashtable_ex",
     "field g w\nfield f v @4102444800000\nfield h x @4102444800002\n"},
    {{.type = 24, .hex = "0000000000000000 01 00 0167 0177"}, "hashtable_ex", "field g w\n"},
    {{.type = 25,
      .hex = "00d8c32cbb030000 1f 1f000000 0600 816602 817602 f400d8c32cbb03000009 816702 817702 0001 ff"},
     "listpack_ex",
     "field f v @4102444800000\nfield g w\n"},
    {{.type = 28,
      .hex = "05 01 05 00 00 0161 01 01 fbffffffffffffff 02 02 000000000000f83f 4100 03 027071 4101 02 "
             "0000000000000840"},
     "array",
     "array 5\nslot 0 a\nslot 1 -5\nslot 2 1.5\nslot 256 pq\nslot 257 3.0\n"},
    {{.type = 28, .hex = "01 00 81fffffffffffffffe 00 00"}, "array", "array\nslot 18446744073709551614 \n"},
    {{.before = TEMPLATE, .type = 30, .hex = "0e 0e000000 0300 0501 0701 817602 ff"},
     "template_listpack",
     "field a 7\nfield bb v\n"},
    {{.before = TEMPLATE, .type = 32, .hex = "05 0178 c007"},
     "template_hashtable",
     "field a x\nfield bb 7\n"},
    {{.magic = "VALKEY080", .type = 22, .hex = "02 0166 0176 00d8c32cbb030000 0167 0177 ffffffffffffffff"},
     "hashtable_ttl",
     "field f v @4102444800000\nfield g w\n"},
    {{.magic = "VALKEY080", .type = 16, .hex = "0d 0d000000 0200 816602 817602 ff"},
     "listpack",
     "field f v\n"},
    {{.magic = "VALKEY081", .type = 23, .hex = "02 03612f62 02 0166 c007 00 0176 00 01 0166 0177"},
     "path_hash",
     "path a/b field f 7\npath a/b field  v\npath  field f w\n"},
    /* empty collections occur */
    {{.magic = "VALKEY081", .type = 23, .hex = "00"}, "path_hash", ""},
    {{.type = 1, .hex = "00"}, "linkedlist", ""},
    {{.type = 4, .hex = "00"}, "hashtable", ""},
    {{.type = 11, .hex = "08 02000000 00000000"}, "intset", ""},
    {{.type = 18, .hex = "00"}, "quicklist", ""},
    {{.type = 20, .hex = "07 07000000 0000 ff"}, "listpack", ""},
};

enum { VALUES = sizeof values / sizeof *values };

/* --- walking ----------------------------------------------------------------------------------------- */

Test(value, every_type_tells_its_elements)
{
    for (size_t i = 0; i < VALUES; i++) {
        struct buffer text = {0};
        rf_error error;
        rf_code code = walk_value(&values[i].value, &text, &error);
        cr_expect_eq(code, RF_OK, "type %u: %s", values[i].value.type, error.message);
        cr_expect_str_eq(record_end(&text), values[i].told, "type %u: %s", values[i].value.type,
                         values[i].value.hex);
        buffer_free(&text);
    }
}

Test(value, its_encoding_is_known)
{
    for (size_t i = 0; i < VALUES; i++) {
        struct opened o;
        open_value(&o, &values[i].value);
        const rf_encoding *encoding = o.entry.encoding;
        cr_expect_str_eq(encoding->name, values[i].encoding);
        cr_expect_eq(encoding->number, values[i].value.type);
        cr_expect_eq(encoding->type, o.entry.type);
        cr_expect_eq(encoding->dialect, values[i].value.magic && encoding->since > 11 ? RF_VALKEY : RF_REDIS);
        close_value(&o);
    }
}

/* --- the other uses ---------------------------------------------------------------------------------- */

static rf_code keep(void *ctx, rf_slice bytes)
{
    return buffer_append(ctx, bytes) ? RF_OK : RF_E_MEMORY;
}

static void expect_end(struct opened *o)
{
    cr_expect_eq(rf_reader_next(o->reader, &o->entry, &o->error), RF_END, "%s", o->error.message);
}

Test(value, skipping_goes_as_far_as_walking)
{
    for (size_t i = 0; i < VALUES; i++) {
        struct opened o;
        open_value(&o, &values[i].value);
        cr_expect_eq(rf_value_skip(o.entry.value, &o.error), RF_OK, "%s", o.error.message);
        expect_end(&o);
        close_value(&o);
    }
}

Test(value, what_nobody_uses_is_skipped)
{
    for (size_t i = 0; i < VALUES; i++) {
        struct opened o;
        open_value(&o, &values[i].value);
        expect_end(&o);
        close_value(&o);
    }
}

Test(value, copying_hands_out_the_raw_bytes)
{
    for (size_t i = 0; i < VALUES; i++) {
        struct opened o;
        struct buffer copy = {0};
        bool is_template = values[i].value.type == 30 || values[i].value.type == 32;
        if (is_template)
            continue;
        open_value(&o, &values[i].value);
        rf_slice raw = exact_hex(values[i].value.hex);
        cr_expect_eq(rf_value_copied_type(o.entry.value), values[i].value.type);
        cr_assert_eq(rf_value_copy(o.entry.value, keep, &copy, &o.error), RF_OK, "%s", o.error.message);
        cr_expect(slice_equal(raw, buffer_slice(&copy)), "type %u", values[i].value.type);
        expect_end(&o);
        exact_free(raw);
        buffer_free(&copy);
        close_value(&o);
    }
}

Test(value, a_template_hash_is_copied_as_a_plain_one)
{
    static const struct {
        struct one_value value;
        const char *plain;
    } hashes[] = {
        {{.before = TEMPLATE, .type = 30, .hex = "0e 0e000000 0300 0501 0701 817602 ff"},
         "02 0161 0137 026262 0176"},
        {{.before = TEMPLATE, .type = 32, .hex = "05 0178 c007"}, "02 0161 0178 026262 0137"},
    };
    for (size_t i = 0; i < 4; i++) {
        struct opened o;
        struct buffer copy = {0};
        open_value(&o, &hashes[i / 2].value);
        rf_slice plain = exact_hex(hashes[i / 2].plain);
        if (i % 2)
            cr_assert_eq(rf_value_hold(o.entry.value, NULL, &o.error), RF_OK);
        cr_expect_eq(rf_value_copied_type(o.entry.value), 4);
        cr_assert_eq(rf_value_copy(o.entry.value, keep, &copy, &o.error), RF_OK, "%s", o.error.message);
        cr_expect(slice_equal(plain, buffer_slice(&copy)));
        expect_end(&o);
        exact_free(plain);
        buffer_free(&copy);
        close_value(&o);
    }
}

Test(value, a_held_value_can_be_used_again_and_again)
{
    for (size_t i = 0; i < VALUES; i++) {
        struct opened o;
        uint64_t size;
        open_value(&o, &values[i].value);
        rf_slice raw = exact_hex(values[i].value.hex);
        cr_assert_eq(rf_value_hold(o.entry.value, &size, &o.error), RF_OK, "%s", o.error.message);
        cr_expect_eq(size, raw.len);
        for (int turn = 0; turn < 2; turn++) {
            struct buffer text = {0};
            cr_assert_eq(rf_value_walk(o.entry.value, &recorder, &text, &o.error), RF_OK);
            cr_expect_str_eq(record_end(&text), values[i].told);
            cr_assert_eq(rf_value_skip(o.entry.value, &o.error), RF_OK);
            cr_assert_eq(rf_value_hold(o.entry.value, NULL, &o.error), RF_OK);
            buffer_free(&text);
        }
        expect_end(&o);
        exact_free(raw);
        close_value(&o);
    }
}

Test(value, a_check_counts_and_leaves_it_usable)
{
    static const struct {
        struct one_value value;
        uint64_t elements;
        rf_code code;
    } checks[] = {
        {{.type = 0, .hex = "00"}, 1, RF_OK},
        {{.type = 1, .hex = "03 0161 c005 00"}, 3, RF_OK},
        {{.type = 5, .hex = "00"}, 0, RF_OK},
        {{.type = 16, .hex = "0d 0d000000 0200 816602 817602 ff"}, 1, RF_OK},
        {{.type = 28, .hex = "01 00 00 00 0161"}, 1, RF_OK},
        {{.type = 19, .hex = "00 00 0501 0000 0000 01 00"}, 0, RF_OK},
        {{.type = 19, .hex = "00 02 0501 0000 0000 01 00"}, 0, RF_E_CORRUPT}, /* has not the two it claims */
        {{.type = 16, .hex = "0d 0d000000 0300 816602 817602 ff"}, 0, RF_E_CORRUPT},
    };
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
        struct opened o;
        struct buffer text = {0};
        uint64_t elements;
        open_value(&o, &checks[i].value);
        cr_expect_eq(rf_value_check(o.entry.value, &elements, &o.error), checks[i].code, "%s",
                     checks[i].value.hex);
        if (checks[i].code == RF_OK) {
            cr_expect_eq(elements, checks[i].elements, "%s", checks[i].value.hex);
            cr_expect_eq(o.notices[RF_NOTICE_STREAM_LENGTH], 0);
            cr_expect_eq(rf_value_walk(o.entry.value, &recorder, &text, &o.error), RF_OK);
            expect_end(&o);
        }
        buffer_free(&text);
        close_value(&o);
    }
}

Test(value, one_that_streams_by_is_used_once)
{
    struct opened o;
    open_value(&o, &values[0].value);
    cr_assert_eq(rf_value_skip(o.entry.value, &o.error), RF_OK);
    cr_expect_eq(rf_value_skip(o.entry.value, &o.error), RF_E_ARGUMENT);
    cr_expect_eq(rf_value_hold(o.entry.value, NULL, &o.error), RF_E_ARGUMENT);
    expect_end(&o);
    close_value(&o);
}

static rf_code refuse(void *ctx, rf_slice item)
{
    (void)ctx, (void)item;
    return RF_E_WRITE;
}

Test(value, a_callback_ends_the_walk_for_good)
{
    struct opened o;
    rf_error error = {.code = RF_E_WRITE, .message = "mine"};
    open_value(&o, &(struct one_value){.type = 1, .hex = "02 0161 0162"});
    cr_expect_eq(rf_value_walk(o.entry.value, &(rf_visitor){.item = refuse}, NULL, &error), RF_E_WRITE);
    cr_expect_str_eq(error.message, "mine");
    cr_expect_eq(rf_reader_next(o.reader, &o.entry, &o.error), RF_E_WRITE);
    close_value(&o);
}
