/* SPDX-License-Identifier: MIT */
/* Digests against their definition, computed anew; test_digest_stream.c has those of streams. */
#include "support/digests.h"
#include <criterion/criterion.h>
#include <math.h>

#define NONE RF_NO_EXPIRY

static wide value_of(uint8_t type, const char *hex)
{
    return wide_of(digest_value(&(struct one_value){.type = type, .hex = hex}).value);
}

/* Longer than what is hashed in one go. */
static const char *long_text(char first, size_t length)
{
    static char texts[2][2048];
    char *text = texts[first == 'v'];
    for (size_t i = 0; i < length; i++)
        text[i] = (char)(first + (char)(i % 4));
    text[length] = '\0';
    return text;
}

/* --- strings ----------------------------------------------------------------------------------------- */

Test(digest, of_a_string_is_the_hash_of_its_bytes)
{
    cr_expect(value_of(0, "05 68656c6c6f") == hash_text("hello"));
    cr_expect(value_of(0, "00") == hash_text(""));
    cr_expect(value_of(0, "c3 06 05 04 68656c6c6f") == hash_text("hello"));
}

Test(digest, of_a_number_is_that_of_its_text)
{
    cr_expect(value_of(0, "c02a") == hash_text("42"));
    cr_expect(value_of(0, "c0ff") == hash_text("-1"));
    cr_expect(value_of(0, "c1 0080") == hash_text("-32768"));
    cr_expect(value_of(0, "c2 ffffff7f") == hash_text("2147483647"));
    cr_expect(value_of(0, "02 3432") == hash_text("42"));
}

/* --- collections ------------------------------------------------------------------------------------- */

/* Each form that may have these elements has the digest that the definition says. */
static void expect_forms(rf_type type, unsigned lacking, const struct element *elements, size_t count)
{
    struct element backwards[512];
    for (size_t i = 0; i < count; i++)
        backwards[i] = elements[count - 1 - i];
    for (size_t i = 0; i < form_count; i++) {
        const struct form *form = &forms[i];
        bool is_list_backwards = type == RF_LIST && form->flags & FORM_REVERSED;
        if (form->type != type || form->flags & lacking)
            continue;
        rf_key_digest digest = digest_form(form, elements, count);
        wide expected = expected_collection(type, is_list_backwards ? backwards : elements, count);
        cr_expect(wide_of(digest.value) == expected, "%s, %zu elements", form->name, count);
        cr_expect_eq(digest.elements, count, "%s", form->name);
    }
}

Test(digest, of_texts)
{
    static const struct element elements[] = {
        {"", "", 0, NONE},     {"a", "1", 0, NONE},       {"b", "a", 0, NONE},
        {"bb", "", 1, NONE},   {"bc", "-5", 1.5, NONE},   {"007", "x", 1.6, NONE},
        {"12a", "y", 2, NONE}, {"cab", "z", 1e300, NONE}, {"-0", "0", 1e301, NONE},
    };
    for (rf_type type = RF_LIST; type <= RF_HASH; type++) {
        size_t count = sizeof elements / sizeof *elements - 1;
        expect_forms(type, FORM_OF_NUMBERS | FORM_OF_NAMES, elements, count);
        expect_forms(type, FORM_OF_NUMBERS, elements + 1, count - 1);
        expect_forms(type, FORM_OF_NUMBERS, elements + 1, 1);
    }
    expect_forms(RF_SET, FORM_OF_NUMBERS, elements, sizeof elements / sizeof *elements);
}

Test(digest, of_numbers)
{
    static const struct element elements[] = {
        {"-2147483648", "v", -1, NONE}, {"-129", "v", 0, NONE}, {"-1", "v", 1, NONE},  {"0", "v", 2, NONE},
        {"12", "v", 3, NONE},           {"127", "v", 4, NONE},  {"128", "v", 5, NONE}, {"4096", "v", 6, NONE},
        {"2147483647", "v", 7, NONE},
    };
    expect_forms(RF_LIST, 0, elements, sizeof elements / sizeof *elements);
    expect_forms(RF_SET, 0, elements, sizeof elements / sizeof *elements);
    expect_forms(RF_ZSET, FORM_OF_NUMBERS, elements, sizeof elements / sizeof *elements);
}

Test(digest, of_scores)
{
    static const struct element elements[] = {
        {"a", NULL, -INFINITY, 0}, {"b", NULL, -1e300, 0},   {"c", NULL, -0.1, 0},
        {"d", NULL, -0.0, 0},      {"e", NULL, 0.0, 0},      {"f", NULL, 5e-324, 0},
        {"g", NULL, 0.1, 0},       {"h", NULL, 1, 0},        {"i", NULL, 9007199254740993.0, 0},
        {"j", NULL, INFINITY, 0},  {"k", NULL, INFINITY, 0},
    };
    expect_forms(RF_ZSET, 0, elements, sizeof elements / sizeof *elements);
}

Test(digest, of_elements_that_expire)
{
    static const struct element elements[] = {
        {"b", "v", 0, 1700000000000}, {"a", "v", 0, 1700000000001}, {"c", "", 0, 1800000000000},
        {"d", "4", 0, NONE},          {"", "w", 0, NONE},
    };
    for (size_t i = 0; i < form_count; i++)
        if (forms[i].flags & FORM_WITH_TTL)
            cr_expect(wide_of(digest_form(&forms[i], elements, 5).value) ==
                          expected_collection(forms[i].type, elements, 5),
                      "%s", forms[i].name);
}

Test(digest, of_many)
{
    enum { COUNT = 400 };
    static char names[COUNT][16], values[COUNT][60];
    static struct element elements[COUNT];
    for (int i = 0; i < COUNT; i++) {
        snprintf(names[i], sizeof names[i], "%d", 1000 + 37 * i);
        snprintf(values[i], sizeof values[i], "%0*d", i % 50 + 1, i);
        elements[i] = (struct element){names[i], values[i], i / 3 + i * 1e-9, NONE};
    }
    for (size_t count = 1; count <= COUNT; count += 133)
        for (rf_type type = RF_LIST; type <= RF_HASH; type++)
            expect_forms(type, 0, elements, count);
}

Test(digest, of_long_elements)
{
    for (size_t length = 200; length < 1300; length += length < 260 ? 1 : 97) {
        const struct element one = {long_text('n', length), long_text('v', 5), 1.5, NONE};
        const struct element both = {long_text('n', length / 2), long_text('v', length - length / 2), 0,
                                     NONE};
        for (size_t i = 0; i < form_count; i++) {
            rf_type type = forms[i].type;
            if (forms[i].number > 5 || forms[i].flags & FORM_OF_NUMBERS)
                continue;
            cr_expect(wide_of(digest_form(&forms[i], &one, 1).value) == expected_collection(type, &one, 1),
                      "%s, %zu", forms[i].name, length);
            cr_expect(wide_of(digest_form(&forms[i], &both, 1).value) == expected_collection(type, &both, 1),
                      "%s, %zu in two", forms[i].name, length);
        }
        struct element text = {long_text('n', length), NULL, 0, NONE};
        cr_expect(expected_collection(RF_SET, &text, 1) == hash_text(text.name));
    }
}

/* --- path hashes ------------------------------------------------------------------------------------- */

static wide hash_of_path_field(const char *path, const char *field, const char *value)
{
    struct build b = {0};
    hash_put_str(&b, path);
    hash_put_str(&b, field);
    put_bytes(&b, slice_of(value, strlen(value)));
    return hash_of(&b);
}

/* The order of paths and of fields does not matter, nor how strings are stored. */
Test(digest, of_a_path_hash)
{
    static const char *const forms_of_one[] = {"02 0161 02 0166 0176 0167 c007 00 01 0166 0177",
                                               "02 00 01 0166 0177 0161 02 0167 0137 0166 0176"};
    wide expected = hash_of_path_field("a", "f", "v") + hash_of_path_field("a", "g", "7") +
                    hash_of_path_field("", "f", "w");
    for (size_t i = 0; i < 2; i++) {
        const struct one_value value = {.magic = "VALKEY081", .type = 23, .hex = forms_of_one[i]};
        cr_expect(wide_of(digest_value(&value).value) == expected, "%s", forms_of_one[i]);
    }
}

/* --- arrays, modules --------------------------------------------------------------------------------- */

Test(digest, of_an_array)
{
    struct build plain = {0}, inserting = {0};
    put_le64(&plain, UINT64_MAX);
    put_le64(&inserting, 9);
    struct build *const both[] = {&plain, &inserting};
    for (size_t i = 0; i < 2; i++) {
        put_le64(both[i], 3);
        hash_put_str(both[i], "-5");
        put_le64(both[i], 256);
        hash_put_str(both[i], "1.5");
        put_le64(both[i], 257);
        hash_put_str(both[i], "");
    }
    wide without = hash_of(&plain), with = hash_of(&inserting);
#define REST "4100 02 000000000000f83f 4101 00 00"
    cr_expect(value_of(28, "03 00 03 01 fbffffffffffffff" REST) == without);
    cr_expect(value_of(28, "03 00 03 00 022d35" REST) == without);
    cr_expect(value_of(28, "03 00 03 03 c0fb 4100 03 03312e35 4101 03 00") == without);
    cr_expect(value_of(28, "03 01 09 03 01 fbffffffffffffff" REST) == with);
#undef REST
}

#define TEST_TYPE "81 b5eb2dfedca97804 " /* "test_type", version 4 */

static void put_module(struct build *b, const char *name, uint64_t version)
{
    put_bytes(b, SLICE("M"));
    put_bytes(b, slice_of(name, 9));
    put_le64(b, version);
}

Test(digest, of_a_module_has_all_its_parts)
{
    struct build b = {0}, empty = {0};
    put_module(&empty, "AAAAAAAAA", 0);
    cr_expect(value_of(7, "00 00") == hash_of(&empty));

    put_module(&b, "test_type", 4);
    put_le64(&b, 1);
    put_le64(&b, 5);
    put_le64(&b, 2);
    put_le64(&b, UINT64_MAX);
    put_le64(&b, 3);
    put_hex(&b, "0000c03f");
    put_le64(&b, 4);
    put_hex(&b, "000000000000f8ff");
    put_le64(&b, 5);
    hash_put_str(&b, "42");
    put_le64(&b, 5);
    hash_put_str(&b, "");
    cr_expect(value_of(7,
                       TEST_TYPE "01 05 02 81ffffffffffffffff 03 0000c03f 04 000000000000f8ff 05 c02a 05 00"
                                 "00") == hash_of(&b));
}

/* --- keys -------------------------------------------------------------------------------------------- */

struct head {
    uint64_t type, db, expire_ms;
    const char *name;
};

static void put_key_record(struct build *b, const struct head *head, wide value)
{
    put_le64(b, head->type);
    put_le64(b, head->db);
    put_le64(b, head->expire_ms);
    hash_put_digest(b, value);
    hash_put_digest(b, hash_text(head->name));
}

static wide expected_key(const struct head *head, wide value)
{
    struct build b = {0};
    put_key_record(&b, head, value);
    return hash_of(&b);
}

/* Of the key "k" with the string "v". */
static wide key_behind(const char *magic, const char *before)
{
    return wide_of(digest_value(&(struct one_value){magic, before, 0, "01 76"}).key);
}

Test(digest, of_a_key_has_its_database_expiry_and_metadata)
{
    wide v = hash_text("v"), metadata;
    struct build meta = {0};
    put_hex(&meta, "01 41424344 02 07 00");
    metadata = hash_of(&meta);
    cr_expect(key_behind(NULL, "") == expected_key(&(struct head){0, 0, UINT64_MAX, "k"}, v));
    cr_expect(key_behind(NULL, "fe03") == expected_key(&(struct head){0, 3, UINT64_MAX, "k"}, v));
    cr_expect(key_behind(NULL, "fe807fffffff") ==
              expected_key(&(struct head){0, INT32_MAX, UINT64_MAX, "k"}, v));
    cr_expect(key_behind(NULL, "fc e803000000000000") == expected_key(&(struct head){0, 0, 1000, "k"}, v));
    cr_expect(key_behind(NULL, "fd 01000000") == expected_key(&(struct head){0, 0, 1000, "k"}, v));
    cr_expect(key_behind(NULL, "fc 0000000000000000") == expected_key(&(struct head){0, 0, 0, "k"}, v));
    cr_expect(key_behind("REDIS0013", "f3 01 41424344 02 07 00") ==
              expected_key(&(struct head){0, 0, UINT64_MAX, "k"}, v + metadata));
    cr_expect(key_behind("REDIS0013", "fe01 fc e803000000000000 f3 01 41424344 02 07 00") ==
              expected_key(&(struct head){0, 1, 1000, "k"}, v + metadata));
}

Test(digest, of_a_key_that_must_not_be_evicted)
{
    struct build b = {0};
    put_key_record(&b, &(struct head){0, 1, UINT64_MAX, "k"}, hash_text("v"));
    put_u8(&b, 'N');
    cr_expect(key_behind("REDIS0017", "fe01 f1") == hash_of(&b));
}

/* The set of a and b, where a expires at 5, at a time. */
static rf_key_digest digest_at(int64_t now, const char *hex, unsigned kinds)
{
    struct opened o;
    rf_key_digest digest = {0};
    rf_digester *digester = rf_digester_new(kinds, true);
    rf_digester_expired(digester, now);
    open_value(&o, &(struct one_value){.magic = "REDIS0017", .type = 35, .hex = hex});
    cr_assert_eq(rf_digest_key(digester, &o.entry, &digest, &o.error), RF_OK, "%s", o.error.message);
    close_value(&o);
    rf_digester_free(digester);
    return digest;
}

#define A_EXPIRES    "0500000000000000 02 01 0161 00 0162"
#define BOTH_EXPIRE  "0500000000000000 02 01 0161 03 0162"
#define ONLY_B       "0000000000000000 01 00 0162"
#define ONLY_B_LATER "0700000000000000 01 01 0162"
#define NOTHING      "0000000000000000 00"

Test(digest, of_members_that_have_expired)
{
    static const struct {
        int64_t now;
        const char *hex, *left;
        uint64_t expired;
    } rows[] = {
        {4, A_EXPIRES, A_EXPIRES, 0},      {5, A_EXPIRES, ONLY_B, 1},    {4, BOTH_EXPIRE, BOTH_EXPIRE, 0},
        {6, BOTH_EXPIRE, ONLY_B_LATER, 1}, {7, BOTH_EXPIRE, NOTHING, 2},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const unsigned both = RF_DIGEST_PUBLISHED | RF_DIGEST_KEYED;
        const rf_key_digest digest = digest_at(rows[i].now, rows[i].hex, both),
                            left = digest_at(INT64_MIN, rows[i].left, both),
                            whole = digest_at(INT64_MIN, rows[i].hex, both);
        cr_expect_eq(digest.expired, rows[i].expired, "%zu", i);
        cr_expect_eq(rf_digest_is_expired(&digest), rows[i].expired == 2, "%zu", i);
        cr_expect(wide_of(digest.left) == wide_of(left.keyed), "%zu", i);
        cr_expect(wide_of(digest.keyed) == wide_of(whole.keyed) && wide_of(digest.key) == wide_of(whole.key),
                  "%zu", i);
    }
}

Test(digest, of_a_key_leaves_out_its_use)
{
    wide none = key_behind(NULL, "");
    cr_expect(key_behind(NULL, "f8 05") == none);
    cr_expect(key_behind(NULL, "f9 05") == none);
    cr_expect(key_behind(NULL, "f4 01 01 00") == none);
    cr_expect(key_behind("VALKEY080", "f3 0178 01 01 02") == none);
}

Test(digest, of_a_key_has_its_type)
{
    static const struct element one = {"v", "w", 0, NONE};
    static const uint64_t numbers[] = {[RF_LIST] = 1, [RF_SET] = 2, [RF_ZSET] = 3, [RF_HASH] = 4};
    for (size_t i = 0; i < form_count; i++) {
        if (forms[i].flags & FORM_OF_NUMBERS)
            continue;
        struct head head = {numbers[forms[i].type], 0, UINT64_MAX, "k"};
        cr_expect(wide_of(digest_form(&forms[i], &one, 1).key) ==
                      expected_key(&head, expected_collection(forms[i].type, &one, 1)),
                  "%s", forms[i].name);
    }
    rf_key_digest stream = digest_value(&(struct one_value){.type = 15, .hex = "00 00 00 00 00"});
    rf_key_digest module = digest_value(&(struct one_value){.type = 7, .hex = "00 00"});
    rf_key_digest array = digest_value(&(struct one_value){.type = 28, .hex = "01 00 00 00 00"});
    cr_expect(wide_of(stream.key) ==
              expected_key(&(struct head){5, 0, UINT64_MAX, "k"}, wide_of(stream.value)));
    cr_expect(wide_of(module.key) ==
              expected_key(&(struct head){6, 0, UINT64_MAX, "k"}, wide_of(module.value)));
    cr_expect(wide_of(array.key) ==
              expected_key(&(struct head){7, 0, UINT64_MAX, "k"}, wide_of(array.value)));
}

Test(digest, of_a_key_has_its_name)
{
    for (size_t length = 0; length < 600; length++) {
        struct build b = {0};
        rf_key_digest digest;
        rf_error error;
        const struct head head = {0, 0, UINT64_MAX, long_text('n', length)};
        put_bytes(&b, SLICE("REDIS0009"));
        put_key(&b, 0, head.name);
        put_str(&b, "v");
        put_end(&b);
        cr_assert_eq(digest_first(built(&b), false, &digest, &error), RF_OK, "%s", error.message);
        cr_expect(wide_of(digest.key) == expected_key(&head, hash_text("v")), "%zu", length);
        build_free(&b);
    }
}

/* --- libraries, data sets ---------------------------------------------------------------------------- */

static wide expected_library(const char *code)
{
    struct build b = {0};
    put_bytes(&b, SLICE("F"));
    hash_put_digest(&b, hash_text(code));
    return hash_of(&b);
}

Test(digest, of_a_library)
{
    cr_expect(wide_of(rf_digest_library(SLICE("#!lua name=l\n"))) == expected_library("#!lua name=l\n"));
    cr_expect(wide_of(rf_digest_library((rf_slice){0})) == expected_library(""));
}

static void expect_data_set(const char *hex, wide expected)
{
    struct build b = {0};
    rf_error error;
    wide sum;
    put_bytes(&b, SLICE("REDIS0011"));
    put_hex(&b, hex);
    put_end(&b);
    cr_assert_eq(digest_input(built(&b), 0, COMPARE_ALL, &sum, &error), RF_OK, "%s", error.message);
    cr_expect(sum == expected, "%s", hex);
    build_free(&b);
}

Test(digest, of_a_data_set_is_the_sum)
{
    wide a = expected_key(&(struct head){0, 0, UINT64_MAX, "a"}, hash_text("1")),
         b = expected_key(&(struct head){0, 7, 1, "b"}, hash_text("2"));
    expect_data_set("", 0);
    expect_data_set("fa 0161 0162 f5 0178 fe00 fb0100 00 0161 c001 fe07 fc0100000000000000 00 0162 0132",
                    a + b + expected_library("x"));
    expect_data_set("fe07 fc0100000000000000 00 0162 0132 fe00 00 0161 0131 f5 0178",
                    a + b + expected_library("x"));
    expect_data_set("fe07 fc0100000000000000 00 0162 0132", b);
}

Test(digest, adds_up_modulo_2_to_the_128)
{
    static const struct {
        rf_digest a, b, sum;
    } sums[] = {
        {{1, 2}, {3, 4}, {4, 6}},
        {{UINT64_MAX, 0}, {1, 0}, {0, 1}},
        {{UINT64_MAX, UINT64_MAX}, {1, 0}, {0, 0}},
        {{UINT64_MAX, UINT64_MAX}, {UINT64_MAX, UINT64_MAX}, {UINT64_MAX - 1, UINT64_MAX}},
        {{0, UINT64_MAX}, {0, 2}, {0, 1}},
    };
    for (size_t i = 0; i < sizeof sums / sizeof *sums; i++) {
        rf_digest sum = sums[i].a;
        rf_digest_add(&sum, sums[i].b);
        cr_expect(wide_of(sum) == wide_of(sums[i].sum), "%zu", i);
    }
}

Test(digest, as_text)
{
    char text[RF_DIGEST_TEXT];
    rf_digest_format((rf_digest){0x0123456789abcdef, 0xfedcba9876543210}, text);
    cr_expect_str_eq(text, "fedcba98765432100123456789abcdef");
    rf_digest_format((rf_digest){1, 0}, text);
    cr_expect_str_eq(text, "00000000000000000000000000000001");
}
