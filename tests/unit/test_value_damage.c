/* SPDX-License-Identifier: MIT */
/* What is said of values that are not what they should be. */
#include "support/damages.h"
#include <criterion/criterion.h>

Test(value_damage, is_found_and_named)
{
    for (size_t i = 0; i < damage_count; i++) {
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
        {"f2 05 00", "no fields"},
        {"f2 05 01 0161 f2 05 01 0161", "defined twice"},
        {"f2 05 02 0161 0161", "out of order"},
        {"f2 05 02 0162 0161", "out of order"},
        {"f2 05 02 026262 0163", "out of order"},
        {"f2 05 03 00 0161", "unexpected byte 0xff (expected a string)"},
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
