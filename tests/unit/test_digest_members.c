/* SPDX-License-Identifier: MIT */
/* What a digester says beside the digest: how much there is in a value, and what occurs twice in it. */
#include "support/digests.h"
#include <criterion/criterion.h>

#define NONE RF_NO_EXPIRY

/* --- how much there is ------------------------------------------------------------------------------- */

Test(digest_members, are_counted)
{
    static const struct {
        struct one_value value;
        uint64_t elements, longest, bytes;
    } rows[] = {
        {{.type = 0, .hex = "00"}, 1, 0, 0},
        {{.type = 0, .hex = "03 616263"}, 1, 3, 3},
        {{.type = 0, .hex = "c1 ff7f"}, 1, 5, 5}, /* as text */
        {{.type = 1, .hex = "00"}, 0, 0, 0},
        {{.type = 1, .hex = "03 0161 03616263 00"}, 3, 3, 4},
        {{.type = 2, .hex = "03 0161 03616263 00"}, 3, 3, 4},
        {{.type = 11, .hex = "0e 02000000 03000000 fbff 0100 2c01"}, 3, 3, 6}, /* -5, 1, 300 */
        {{.type = 5, .hex = "02 026161 0000000000000000 0162 000000000000f03f"}, 2, 2, 3},
        {{.type = 4, .hex = "02 0166 0376616c 03666666 00"}, 2, 3, 7},
        {{.type = 22, .hex = "01 05 0166 0376616c"}, 1, 3, 4},
        {{.type = 28, .hex = "02 00 05 00 0161 4100 01 0700000000000000"}, 2, 1, 2},
        {{.type = 15, .hex = "00 00 05 00 00"}, 0, 0, 0},
        {{.type = 7, .hex = "4400 05 03616263 01 05 00"}, 0, 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        rf_key_digest digest = digest_value(&rows[i].value);
        cr_expect_eq(digest.elements, rows[i].elements, "type %u, %s", rows[i].value.type, rows[i].value.hex);
        cr_expect_eq(digest.longest, rows[i].longest, "type %u, %s", rows[i].value.type, rows[i].value.hex);
        cr_expect_eq(digest.bytes, rows[i].bytes, "type %u, %s", rows[i].value.type, rows[i].value.hex);
    }
}

/* --- what occurs twice ------------------------------------------------------------------------------- */

enum { MOST = 50000 };

/* A collection of different names; one can be put twice. */
struct made {
    char names[MOST][16];
    struct element elements[MOST];
};

static struct made *make(size_t count)
{
    static struct made *made;
    if (!made)
        made = malloc(sizeof *made);
    cr_assert(made);
    for (size_t i = 0; i < count; i++) {
        snprintf(made->names[i], sizeof made->names[i], "name:%05u", (unsigned)i % 100000);
        made->elements[i] = (struct element){made->names[i], "v", (double)i, NONE};
    }
    return made;
}

/* Of a key "k" in database 5. */
static rf_code digest_made(const struct form *form, const struct element *elements, size_t count, bool unique,
                           rf_error *error)
{
    struct build b = {0};
    rf_key_digest digest;
    put_bytes(&b, slice_of(form->magic, strlen(form->magic)));
    put_hex(&b, "fe05 fb0100");
    put_form(&b, form, "k", elements, count);
    put_end(&b);
    rf_code code = digest_first(built(&b), unique, &digest, error);
    build_free(&b);
    return code;
}

static const struct form *const plain_set = &forms[7];

static bool may_repeat(const struct form *form)
{
    bool has_other_checks = form->number == 11 || form->number == 12 || form->number == 17 || form->before;
    return form->type != RF_LIST && !has_other_checks && !(form->flags & FORM_OF_NUMBERS);
}

static void expect_twice(const struct form *form, size_t count, size_t first, size_t second)
{
    struct made *made = make(count);
    char expected[64];
    rf_error error;
    made->elements[second].name = made->elements[first].name;
    cr_expect_eq(digest_made(form, made->elements, count, COMPARE_ALL, &error), RF_E_DUPLICATE,
                 "%s: %zu and %zu of %zu", form->name, first, second, count);
    snprintf(expected, sizeof expected, "duplicate %s '%s'", form->type == RF_HASH ? "field" : "member",
             made->names[first]);
    cr_expect_str_eq(error.message, expected);
    cr_expect_str_eq(error.key, "k");
    cr_expect_eq(error.db, 5);
    cr_expect_gt(error.offset, 14);
    made->elements[second].name = made->names[second];
    cr_expect_eq(digest_made(form, made->elements, count, COMPARE_ALL, &error), RF_OK, "%s: %s", form->name,
                 error.message);
}

Test(digest_members, that_occur_twice_are_named)
{
    unsigned tried = 0;
    for (size_t i = 0; i < form_count; i++) {
        if (!may_repeat(&forms[i]))
            continue;
        tried++;
        for (size_t second = 1; second < 9; second++)
            for (size_t first = 0; first < second; first++)
                expect_twice(&forms[i], 9, first, second);
    }
    cr_expect_eq(tried, 20);
}

Test(digest_members, that_occur_twice_in_a_large_value_are_named)
{
    static const size_t counts[] = {768, 769, 1024, 1025, 3072, 3073, 13000, 49152};
    for (size_t i = 0; i < form_count; i++) {
        if (!may_repeat(&forms[i]) || forms[i].number > 5)
            continue;
        for (size_t j = 0; j < (forms[i].type == RF_SET ? 8 : 5); j++) {
            size_t last = counts[j] - 1;
            expect_twice(&forms[i], counts[j], 0, last);
            expect_twice(&forms[i], counts[j], last - 1, last);
            expect_twice(&forms[i], counts[j], last / 3, last / 2);
        }
    }
}

/* What is beyond a cache is compared in the end, when the names have gone by. */
Test(digest_members, that_occur_twice_in_a_larger_value_are_found)
{
    static const size_t count = MOST, others[] = {0, 1, MOST / 2, MOST - 2};
    rf_error error;
    cr_assert_str_eq(plain_set->name, "set, plain");
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct made *made = make(count);
        made->elements[count - 1].name = made->elements[others[i]].name;
        cr_expect_eq(digest_made(plain_set, made->elements, count, COMPARE_ALL, &error), RF_E_DUPLICATE);
        cr_expect_str_eq(error.message, "duplicate member or field");
        cr_expect_str_eq(error.key, "k");
        cr_expect_eq(digest_made(plain_set, made->elements, count, false, &error), RF_OK);
    }
    cr_expect_eq(digest_made(plain_set, make(count)->elements, count, COMPARE_ALL, &error), RF_OK);
}

Test(digest_members, of_a_list_may_occur_twice)
{
    static const struct element twice[] = {{"a", NULL, 0, NONE}, {"a", NULL, 0, NONE}};
    for (size_t i = 0; i < form_count; i++)
        if (forms[i].type == RF_LIST && !(forms[i].flags & FORM_OF_NUMBERS))
            cr_expect_eq(digest_form(&forms[i], twice, 2).elements, 2, "%s", forms[i].name);
}

/* The same score is no repetition, nor is the same value. */
Test(digest_members, are_told_by_their_names_alone)
{
    static const struct element other_scores[] = {{"a", "1", 0, NONE}, {"a", "2", 1, NONE}};
    static const struct element same_scores[] = {{"a", "1", 1, NONE}, {"b", "1", 1, NONE}};
    rf_error error;
    for (size_t i = 0; i < form_count; i++) {
        if (!may_repeat(&forms[i]))
            continue;
        cr_expect_eq(digest_made(&forms[i], other_scores, 2, COMPARE_ALL, &error), RF_E_DUPLICATE, "%s",
                     forms[i].name);
        cr_expect_eq(digest_made(&forms[i], same_scores, 2, COMPARE_ALL, &error), RF_OK, "%s", forms[i].name);
    }
}

Test(digest_members, with_odd_names_are_escaped_and_shortened)
{
    static const struct {
        const char *hex, *message;
    } rows[] = {
        {"02 00 00", "duplicate member ''"},
        {"02 03 000a27 03 000a27", "duplicate member '\\x00\\x0a\\x27'"},
        {"02 c005 0135", "duplicate member '5'"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct build b = {0};
        rf_key_digest digest;
        rf_error error;
        put_bytes(&b, SLICE("REDIS0009"));
        put_key(&b, 2, "k");
        put_hex(&b, rows[i].hex);
        put_end(&b);
        cr_expect_eq(digest_first(built(&b), COMPARE_ALL, &digest, &error), RF_E_DUPLICATE);
        cr_expect_str_eq(error.message, rows[i].message);
        build_free(&b);
    }
}

/* --- one value after another ------------------------------------------------------------------------- */

/* Behind a value that was not right. */
Test(digest_members, goes_on_behind_an_error)
{
    static const char file[] =
        "REDIS0009\x02\x01k\x03\x01z\x01z\x01y\x02\x01l\x02\x01z\x01y\x01\x01m\x01\x01z";
    rf_digester *digester = rf_digester_new(RF_DIGEST_PUBLISHED, true);
    struct build b = {0};
    rf_source *source;
    rf_reader *reader;
    rf_error error;
    rf_entry entry;
    rf_key_digest digest;
    put_bytes(&b, slice_of(file, sizeof file - 1));
    put_end(&b);
    cr_assert_eq(rf_source_open_memory(b.bytes.data, b.bytes.len, "file", &source, &error), RF_OK);
    cr_assert_eq(rf_reader_open(source, &(rf_reader_options){.resume = true}, &reader, &error), RF_OK);
    cr_assert_eq(rf_reader_next(reader, &entry, &error), RF_OK);
    cr_expect_eq(rf_digest_key(digester, &entry, &digest, &error), RF_E_DUPLICATE);
    cr_assert_eq(rf_reader_next(reader, &entry, &error), RF_OK);
    cr_expect_eq(rf_digest_key(digester, &entry, &digest, &error), RF_OK, "%s", error.message);
    cr_expect(wide_of(digest.value) == hash_text("z") + hash_text("y"));
    cr_assert_eq(rf_reader_next(reader, &entry, &error), RF_OK);
    cr_expect_eq(rf_digest_key(digester, &entry, &digest, &error), RF_OK, "%s", error.message);
    cr_expect_eq(digest.elements, 1);
    cr_expect_eq(rf_reader_next(reader, &entry, &error), RF_END);
    rf_reader_close(reader);
    rf_digester_free(digester);
    rf_digester_free(NULL);
    build_free(&b);
}
