/* SPDX-License-Identifier: MIT */
/* RDB files for servers that do not know every type of the input: strings, collections, modules' values,
 * arrays. test_rdb_down_stream.c has streams. */
#include "support/digests.h"
#include "support/exact.h"
#include "support/rdb_made.h"
#include "support/scratch.h"
#include <criterion/criterion.h>
#include <math.h>

#define NONE RF_NO_EXPIRY

/* --- collections ------------------------------------------------------------------------------------- */

/* What servers have, by their release notes: the first version with a type that takes the expiries of fields,
 * or of members. */
static bool takes_expiry(const struct made_target *target, rf_type type)
{
    bool is_valkey = target->server.dialect == RF_VALKEY;
    if (type == RF_SET)
        return target->version >= 17 && !is_valkey;
    return target->version >= (is_valkey ? 80 : 12);
}

/* The plainest type of a server, where it does not know that of the input. */
static uint8_t plain_type(rf_type type, const struct made_target *target, bool expiring)
{
    bool is_valkey = target->server.dialect == RF_VALKEY;
    return type == RF_LIST   ? 1
           : type == RF_SET  ? (expiring ? 35 : 2)
           : type == RF_ZSET ? (target->version >= 8 ? 5 : 3)
           : !expiring       ? 4
                             : (is_valkey ? 22 : 24);
}

static bool knows(const struct made_target *target, const rf_encoding *encoding)
{
    bool is_template = encoding->type == RF_HASH && encoding->number >= 30;
    return !is_template && encoding->since <= target->version &&
           (encoding->since <= 11 || encoding->dialect == target->server.dialect);
}

static void put_file(struct build *b, const struct form *form, const struct element *elements, size_t count)
{
    put_bytes(b, slice_of(form->magic, strlen(form->magic)));
    put_form(b, form, "k", elements, count);
    put_end(b);
}

static bool has_expiring(const struct element *elements, size_t count, rf_type type)
{
    bool found = false;
    for (size_t i = 0; i < count; i++)
        found |= (type == RF_HASH || type == RF_SET) && elements[i].expire_ms != NONE;
    return found;
}

static rf_encoding encoding_of(const struct form *form)
{
    struct build b = {0};
    static const struct element element = {"1", "v", 0, NONE};
    put_file(&b, form, &element, 1);
    struct found_key key;
    cr_assert_eq(find_keys(built(&b), &key, 1), 1);
    build_free(&b);
    return key.encoding;
}

static void expect_unsupported(rf_slice input, const struct made_target *target, const char *what)
{
    struct rdb_made made = {.target = target->server};
    cr_expect_eq(make_rdb(input, &made), RF_E_INCOMPATIBLE, "%s, %s", target_name(target), what);
    cr_expect_str_eq(made.error.key, "k");
    cr_expect(strstr(made.error.message, what), "'%s' is not in '%s'", what, made.error.message);
    made.drop_unsupported = true;
    cr_expect_eq(make_rdb(input, &made), RF_OK, "%s", made.error.message);
    cr_expect_eq(find_keys(made.file, NULL, 0), 0);
    cr_expect_eq(made.notices[RF_NOTICE_DROPPED], 1);
    rdb_made_free(&made);
}

/* Copied as it is, its last bytes in front of the end; or in the plainest type. */
static void expect_type(const struct rdb_made *made, const struct found_key *key, const struct build *input,
                        const rf_encoding *source, const struct made_target *target, bool expiring)
{
    enum { END = 9, TAIL = 3 };
    if (!knows(target, source)) {
        cr_expect_eq(key->encoding.number, plain_type(source->type, target, expiring), "%u for %s became %u",
                     source->number, target_name(target), key->encoding.number);
        return;
    }
    cr_expect_eq(key->encoding.number, source->number, "%s", target_name(target));
    cr_expect(memcmp(made->file.ptr + made->file.len - END - TAIL,
                     input->bytes.data + input->bytes.len - END - TAIL, TAIL) == 0);
}

static void expect_form(const struct form *form, const struct element *elements, size_t count, wide expected)
{
    struct build b = {0};
    const rf_encoding source = encoding_of(form);
    bool expiring = has_expiring(elements, count, form->type);
    put_file(&b, form, elements, count);
    for (size_t i = 0; i < made_target_count; i++) {
        const struct made_target *target = &made_targets[i];
        struct rdb_made made = {.target = target->server, .check = i % 2};
        rf_dialect dialect;
        if (expiring && !takes_expiry(target, form->type)) {
            expect_unsupported(built(&b), target,
                               form->type == RF_SET ? "set member expiry" : "hash field expiry");
            continue;
        }
        cr_assert_eq(make_rdb(built(&b), &made), RF_OK, "%s for %s: %s", form->name, target_name(target),
                     made.error.message);
        cr_expect_eq(version_of(made.file, &dialect), target->version);
        struct found_key key = find_key(made.file);
        cr_expect(wide_of(key.digest.value) == expected, "%s for %s", form->name, target_name(target));
        cr_expect_eq(key.digest.elements, count);
        expect_type(&made, &key, &b, &source, target, expiring);
        rdb_made_free(&made);
    }
    build_free(&b);
}

/* Each form that may have these elements, for each server. */
static void expect_forms(rf_type type, unsigned lacking, unsigned having, const struct element *elements,
                         size_t count)
{
    struct element backwards[128];
    for (size_t i = 0; i < count; i++)
        backwards[i] = elements[count - 1 - i];
    for (size_t i = 0; i < form_count; i++) {
        const struct form *form = &forms[i];
        bool is_list_backwards = type == RF_LIST && form->flags & FORM_REVERSED;
        if (form->type == type && !(form->flags & lacking) && (form->flags & having) == having)
            expect_form(form, elements, count,
                        expected_collection(type, is_list_backwards ? backwards : elements, count));
    }
}

Test(rdb_down, collections_of_texts)
{
    static const struct element elements[] = {
        {"", "", 0, NONE},     {"a", "1", 0, NONE},       {"b", "a", 0, NONE},
        {"bb", "", 1, NONE},   {"bc", "-5", 1.5, NONE},   {"007", "x", 1.6, NONE},
        {"12a", "y", 2, NONE}, {"cab", "z", 1e300, NONE}, {"-0", "0", 1e301, NONE},
    };
    size_t count = sizeof elements / sizeof *elements - 1;
    for (rf_type type = RF_LIST; type <= RF_HASH; type++) {
        expect_forms(type, FORM_OF_NUMBERS | FORM_OF_NAMES, 0, elements, count);
        expect_forms(type, FORM_OF_NUMBERS, 0, elements + 1, count - 1);
        expect_forms(type, FORM_OF_NUMBERS, 0, elements + 1, 1);
    }
}

Test(rdb_down, collections_of_numbers)
{
    static const struct element elements[] = {
        {"-2147483648", "v", -1, NONE}, {"-129", "v", 0, NONE}, {"-1", "v", 1, NONE},  {"0", "v", 2, NONE},
        {"12", "v", 3, NONE},           {"127", "v", 4, NONE},  {"128", "v", 5, NONE}, {"4096", "v", 6, NONE},
        {"2147483647", "v", 7, NONE},
    };
    expect_forms(RF_LIST, 0, 0, elements, sizeof elements / sizeof *elements);
    expect_forms(RF_SET, 0, 0, elements, sizeof elements / sizeof *elements);
}

Test(rdb_down, scores)
{
    static const struct element elements[] = {
        {"a", NULL, -INFINITY, 0}, {"b", NULL, -1e300, 0},   {"c", NULL, -0.1, 0},
        {"d", NULL, -0.0, 0},      {"e", NULL, 0.0, 0},      {"f", NULL, 5e-324, 0},
        {"g", NULL, 0.1, 0},       {"h", NULL, 1, 0},        {"i", NULL, 9007199254740993.0, 0},
        {"j", NULL, INFINITY, 0},  {"k", NULL, INFINITY, 0},
    };
    expect_forms(RF_ZSET, 0, 0, elements, sizeof elements / sizeof *elements);
}

Test(rdb_down, elements_that_expire)
{
    static const struct element elements[] = {
        {"b", "v", 0, 1700000000000}, {"a", "v", 0, 1700000000001}, {"c", "", 0, 1800000000000},
        {"d", "4", 0, NONE},          {"", "w", 0, NONE},
    };
    static const struct element extremes[] = {
        {"a", "v", 0, 1},
        {"b", "v", 0, (1LL << 48) - 1},
    };
    static const rf_type types[] = {RF_HASH, RF_SET};
    for (size_t i = 0; i < 2; i++) {
        expect_forms(types[i], 0, FORM_WITH_TTL, elements, 5);
        expect_forms(types[i], 0, FORM_WITH_TTL, elements, 1);
        expect_forms(types[i], 0, FORM_WITH_TTL, extremes, 2);
        expect_forms(types[i], 0, FORM_WITH_TTL, elements + 3, 2); /* none of them does */
    }
}

/* Counts and strings of more than one byte's length. */
Test(rdb_down, many_long_elements)
{
    enum { COUNT = 70, LASTING = 10 };
    static char names[COUNT][64], values[COUNT][64];
    static struct element elements[COUNT];
    for (int i = 0; i < COUNT; i++) {
        snprintf(names[i], sizeof names[i], "%05d%.*s", i, 10 + i % 40,
                 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz");
        snprintf(values[i], sizeof values[i], "v%d", i * i);
        elements[i] = (struct element){names[i], values[i], i / 3.0, NONE};
    }
    /* Fields of a template ascend by length, then by name. */
    for (rf_type type = RF_LIST; type <= RF_ZSET; type++)
        expect_forms(type, FORM_OF_NUMBERS, 0, elements, COUNT);
    for (int i = 0; i < COUNT; i++)
        snprintf(names[i], sizeof names[i], "%05dabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz", i);
    expect_forms(RF_HASH, 0, 0, elements, COUNT);
    for (int i = 0; i < COUNT; i++)
        elements[i].expire_ms = i < COUNT - LASTING ? 1700000000000 + i : NONE;
    expect_forms(RF_HASH, 0, FORM_WITH_TTL, elements, COUNT);
}

/* What stands before a key stays with it. */
Test(rdb_down, expiry_and_eviction_data)
{
    struct build b = {0};
    put_bytes(&b, SLICE("REDIS0012"));
    put_hex(&b, "fe03 fc 0500000000000000 f807 14 016b 0a 0a000000 0100 816102 ff");
    put_end(&b);
    for (size_t i = 0; i < made_target_count; i++) {
        struct rdb_made made = {.target = made_targets[i].server};
        cr_assert_eq(make_rdb(built(&b), &made), RF_OK, "%s", made.error.message);
        struct found_key key = find_key(made.file);
        cr_expect_eq(key.db, 3);
        cr_expect_eq(key.expire_ms, 5);
        cr_expect_eq(memmem(made.file.ptr, made.file.len, "\xf8\x07", 2) != NULL,
                     made_targets[i].version >= 9);
        rdb_made_free(&made);
    }
    build_free(&b);
}

/* --- what is empty ----------------------------------------------------------------------------------- */

/* A count of 0 would be written; servers skip such keys. */
Test(rdb_down, empty_collections_are_left_out)
{
    static const struct {
        const char *magic, *hex;
        rf_server target;
    } empty[] = {
        {"REDIS0010", "10 016b 07 07000000 0000 ff", {RF_REDIS, 6, 2}},
        {"REDIS0010", "12 016b 00", {RF_REDIS, 6, 2}},
        {"REDIS0010", "12 016b 01 02 07 07000000 0000 ff", {RF_REDIS, 6, 2}},
        {"REDIS0009", "05 016b 00", {RF_REDIS, 3, 2}},
        {"REDIS0011", "14 016b 07 07000000 0000 ff", {RF_REDIS, 7, 0}},
        {"REDIS0012", "18 016b 0000000000000000 00", {RF_REDIS, 7, 2}},
        {"REDIS0012", "18 016b 0000000000000000 00", {RF_VALKEY, 9, 0}},
        {"VALKEY080", "16 016b 00", {RF_REDIS, 8, 10}},
        {"VALKEY080", "16 016b 00", {RF_VALKEY, 8, 1}},
    };
    for (size_t i = 0; i < sizeof empty / sizeof *empty; i++) {
        struct build b = {0};
        struct rdb_made made = {.target = empty[i].target};
        put_bytes(&b, slice_of(empty[i].magic, strlen(empty[i].magic)));
        put_hex(&b, empty[i].hex);
        put_end(&b);
        cr_assert_eq(make_rdb(built(&b), &made), RF_OK, "%s: %s", empty[i].hex, made.error.message);
        cr_expect_eq(made.notices[RF_NOTICE_EMPTY_KEY], 1, "%s", empty[i].hex);
        cr_expect_eq(find_keys(made.file, NULL, 0), 0);
        rdb_made_free(&made);
        build_free(&b);
    }
}

/* --- other values ------------------------------------------------------------------------------------ */

static void put_hex_file(struct build *b, const char *magic, const char *hex)
{
    put_bytes(b, slice_of(magic, strlen(magic)));
    put_hex(b, hex);
    put_end(b);
}

Test(rdb_down, strings)
{
    static const char *const strings[] = {"00 016b 00", "00 016b c17fff", "00 016b c3 06 05 04 68656c6c6f"};
    for (size_t i = 0; i < made_target_count; i++)
        for (size_t j = 0; j < 3; j++) {
            struct build b = {0};
            rf_key_digest expected;
            struct rdb_made made = {.target = made_targets[i].server};
            put_hex_file(&b, "REDIS0015", strings[j]);
            cr_assert_eq(digest_first(built(&b), false, &expected, &made.error), RF_OK);
            cr_assert_eq(make_rdb(built(&b), &made), RF_OK, "%s", made.error.message);
            struct found_key key = find_key(made.file);
            cr_expect(wide_of(key.digest.key) == wide_of(expected.key));
            cr_expect(memmem(made.file.ptr, made.file.len, b.bytes.data + 9, b.bytes.len - 18), "copied");
            rdb_made_free(&made);
            build_free(&b);
        }
}

/* There is no other type for it, and only the newest Valkey has it. */
Test(rdb_down, path_hashes)
{
    for (size_t i = 0; i < made_target_count; i++) {
        struct build b = {0};
        struct rdb_made made = {.target = made_targets[i].server};
        put_hex_file(&b, "VALKEY081", "17 016b 01 0161 01 0166 0176");
        if (made_targets[i].version == 81) {
            cr_assert_eq(make_rdb(built(&b), &made), RF_OK, "%s", made.error.message);
            cr_expect_eq(find_key(made.file).encoding.type, RF_PATH_HASH);
            rdb_made_free(&made);
        } else {
            expect_unsupported(built(&b), &made_targets[i], "a path hash");
        }
        build_free(&b);
    }
}

/* There is no other type for them. */
Test(rdb_down, modules_values_and_arrays)
{
    static const struct {
        const char *hex, *what;
        int since;
        bool by_redis_only;
    } values[] = {
        {"07 016b 81 0000000000000403 02 05 03 00000000 04 0000000000000000 05 0161 01 05 00", "module", 8,
         false},
        {"1c 016b 01 00 05 00 0161", "an array", 14, true},
    };
    for (size_t i = 0; i < made_target_count; i++)
        for (size_t j = 0; j < 2; j++) {
            struct build b = {0};
            struct rdb_made made = {.target = made_targets[i].server};
            const struct made_target *target = &made_targets[i];
            put_hex_file(&b, "REDIS0015", values[j].hex);
            if (target->version < values[j].since ||
                (values[j].by_redis_only && target->server.dialect == RF_VALKEY)) {
                expect_unsupported(built(&b), target, values[j].what);
            } else {
                cr_assert_eq(make_rdb(built(&b), &made), RF_OK, "%s", made.error.message);
                find_key(made.file);
                rdb_made_free(&made);
            }
            build_free(&b);
        }
}

/* Valkey takes any time, Redis 48 bits of it. */
Test(rdb_down, an_expiry_out_of_range)
{
    static const struct made_target redis = {{RF_REDIS, 8, 10}, 15};
    struct build b = {0};
    struct rdb_made made = {.target = {RF_VALKEY, 9, 0}};
    put_hex_file(&b, "VALKEY080", "16 016b 01 0166 0176 0000000000000100");
    expect_unsupported(built(&b), &redis, "out of range");
    cr_expect_eq(make_rdb(built(&b), &made), RF_OK);
    rdb_made_free(&made);
    build_free(&b);
}

/* --- what occurs twice, what no server takes ----------------------------------------------------------- */

/* A target for which the value is copied, one for which it is written anew, and what is said. */
static void expect_refused(const char *magic, const char *hex, rf_server target, bool check, rf_code code,
                           const char *message)
{
    struct build b = {0};
    struct rdb_made made = {.target = target, .check = check};
    put_hex_file(&b, magic, hex);
    cr_expect_eq(make_rdb(built(&b), &made), code, "%s: %d", hex, made.error.code);
    cr_expect_str_eq(made.error.key, "k");
    cr_expect(strstr(made.error.message, message), "%s: %s", hex, made.error.message);
    build_free(&b);
}

Test(rdb_down, what_occurs_twice_is_found)
{
    static const struct {
        const char *magic, *hex, *message;
    } rows[] = {
        {"REDIS0012", "02 016b 02 0161 0161", "duplicate member 'a'"},
        {"REDIS0012", "03 016b 02 0161 0131 0161 0132", "duplicate member 'a'"},
        {"REDIS0012", "05 016b 02 0161 0000000000000000 0161 000000000000f03f", "duplicate member 'a'"},
        {"REDIS0012", "04 016b 02 0161 00 0161 00", "duplicate field 'a'"},
        {"REDIS0012", "09 016b 0b 02 0161 01 00 62 0161 01 00 63 ff", "duplicate field 'a'"},
        {"REDIS0012", "14 016b 0d 0d000000 0200 816102 816102 ff", "duplicate member 'a'"},
        {"REDIS0012", "10 016b 13 13000000 0400 816102 817602 816102 817702 ff", "duplicate field 'a'"},
        {"REDIS0012", "11 016b 11 11000000 0400 816102 0101 816102 0201 ff", "duplicate member 'a'"},
        {"REDIS0012", "18 016b 0000000000000000 02 00 0161 00 00 0161 00", "duplicate field 'a'"},
        {"VALKEY080", "16 016b 02 0161 00 ffffffffffffffff 0161 00 0500000000000000", "duplicate field 'a'"},
        {"REDIS0012", "0f 016b 00 00 05 01 02 0167 05 01 00 00 0167 05 01 00 00", "duplicate group 'g'"},
        {"REDIS0012",
         "0f 016b 00 00 05 01 01 0167 05 01 00 02 0163 0000000000000000 00 0163 0000000000000000 00",
         "duplicate consumer 'c'"},
        {"REDIS0014", "1a 016b 00 00 05 01 00 00 00 00 05 00 4064 4064 02 0170 00 0170 00 00 00",
         "duplicate producer 'p'"},
        {"REDIS0014",
         "1a 016b 00 00 05 01 00 00 00 00 05 00 4064 4064 01 0170 02 0169 05 01 0169 05 01 00 00",
         "duplicate iid 'i'"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        bool is_valkey = *rows[i].magic == 'V';
        rf_server own = is_valkey ? (rf_server){RF_VALKEY, 9, 0} : (rf_server){RF_REDIS, 8, 8};
        expect_refused(rows[i].magic, rows[i].hex, own, true, RF_E_DUPLICATE, rows[i].message);
    }
}

/* Of types that are rare, also without a check. */
Test(rdb_down, what_no_server_takes_is_found_in_any_copy)
{
    static const rf_server redis = {RF_REDIS, 8, 8}, valkey = {RF_VALKEY, 9, 0};
    static const struct {
        const char *magic, *hex, *message;
    } rows[] = {
        {"REDIS0009", "09 016b 02 00 ff", "empty zipmap"},
        {"REDIS0009", "09 016b 0b 01 fe0100000061 01 00 62 ff", "non-canonical length"},
        {"REDIS0009", "09 016b 07 ff 0161 01 00 62 ff", "pair count mismatch"},
        {"REDIS0012", "18 016b 0000000000000000 01 01 0166 0176", "expiry of field 'f'"},
        {"REDIS0012", "19 016b 0400000000000000 17 17000000 0300 816602 817602 f4000000000000040009 ff",
         "expiry of field 'f'"},
        {"VALKEY080", "16 016b 01 0166 0176 0000000000000000", "expiry of field 'f'"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        expect_refused(rows[i].magic, rows[i].hex, *rows[i].magic == 'V' ? valkey : redis, false,
                       RF_E_CORRUPT, rows[i].message);
}

/* --- damage ------------------------------------------------------------------------------------------ */

Test(rdb_down, damage_is_found)
{
    static const struct {
        const char *magic, *hex;
        rf_server target;
    } damaged[] = {
        {"REDIS0010", "10 016b 0d 0d000000 0300 816602 817602 ff", {RF_REDIS, 6, 2}},
        {"REDIS0010", "12 016b 01 02 0a 0a000000 0100 81ff02 ff 00 0178 0179", {RF_REDIS, 3, 2}},
        {"REDIS0009", "05 016b 01 0161 000000000000f87f", {RF_REDIS, 3, 2}},
        {"REDIS0015", "20 016b 07 0178", {RF_REDIS, 3, 2}},
        {"REDIS0010", "10 016b 0d 0d000000 0200 8166", {RF_REDIS, 6, 2}},
    };
    for (size_t i = 0; i < sizeof damaged / sizeof *damaged; i++) {
        struct build b = {0};
        struct rdb_made made = {.target = damaged[i].target, .drop_unsupported = true};
        put_hex_file(&b, damaged[i].magic, damaged[i].hex);
        rf_code code = make_rdb(built(&b), &made);
        if (i != 1)
            cr_expect(code == RF_E_CORRUPT || code == RF_E_TRUNCATED, "%s", damaged[i].hex);
        if (code != RF_OK)
            cr_expect_str_eq(made.error.key, "k");
        rdb_made_free(&made);
        build_free(&b);
    }
}

/* --- forms that came later within old types ----------------------------------------------------------- */

/* Lengths of 64 bits, also where fewer would do, came with RDB 8. */
Test(rdb_down, long_lengths)
{
    static const struct {
        const char *hex;
        uint8_t type;
    } values[] = {
        {"00 016b 81 0000000000000001 61", 0},
        {"00 016b c3 81 0000000000000006 05 04 68656c6c6f", 0},
        {"00 016b c3 06 81 0000000000000005 04 68656c6c6f", 0},
        {"01 016b 81 0000000000000001 0161", 1},
        {"01 016b 02 0161 81 0000000000000001 62", 1},
        {"02 016b 01 81 0000000000000001 61", 2},
        {"03 016b 01 81 0000000000000001 61 03312e35", 3},
        {"04 016b 01 0161 81 0000000000000001 62", 4},
        {"0b 016b 81 000000000000000e 02000000 03000000 fbff 0100 2c01", 11},
    };
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        for (size_t j = 0; j < 3; j++) {
            struct build b = {0};
            rf_key_digest expected;
            struct rdb_made made = {.target = made_targets[j].server};
            put_hex_file(&b, "REDIS0009", values[i].hex);
            cr_assert_eq(digest_first(built(&b), false, &expected, &made.error), RF_OK, "%s",
                         made.error.message);
            cr_assert_eq(make_rdb(built(&b), &made), RF_OK, "%s", made.error.message);
            struct found_key key = find_key(made.file);
            cr_expect(wide_of(key.digest.key) == wide_of(expected.key), "%s", values[i].hex);
            bool is_old = made_targets[j].version < 8;
            cr_expect_eq(key.encoding.number, is_old && values[i].type == 11 ? 2 : values[i].type);
            cr_expect_eq(memmem(made.file.ptr, made.file.len - 8, "\x81\0\0\0\0\0\0\0", 8) == NULL, is_old,
                         "%s", values[i].hex);
            rdb_made_free(&made);
            build_free(&b);
        }
}

/* A key that nobody has: the name of one is put in the place of another. */
Test(rdb_down, a_key_of_4_gib)
{
    static const uint8_t beginning[4096];
    struct build b = {0};
    struct scratch scratch;
    rf_source *source;
    rf_reader *reader;
    rf_sink *sink;
    rf_entry entry;
    rf_error error;
    rf_sink_options options = {.target = {RF_REDIS, 3, 2}, .saved_at = -1};
    scratch_make(&scratch);
    put_hex_file(&b, "REDIS0009", "00 016b 0176");
    cr_assert_eq(rf_source_open_memory(b.bytes.data, b.bytes.len, "input", &source, &error), RF_OK);
    cr_assert_eq(rf_reader_open(source, &(rf_reader_options){0}, &reader, &error), RF_OK);
    cr_assert_eq(rf_sink_open_rdb(scratch_path(&scratch, "out"), false, &options, &sink, &error), RF_OK);
    cr_assert_eq(rf_reader_next(reader, &entry, &error), RF_OK);
    entry.key = (rf_slice){beginning, (size_t)UINT32_MAX + 1};
    cr_expect_eq(rf_sink_put(sink, &entry, &error), RF_E_INCOMPATIBLE);
    cr_expect(strstr(error.message, "a key of 4 GiB or more"), "%s", error.message);
    rf_sink_close(sink);
    rf_reader_close(reader);
    scratch_remove(&scratch);
    build_free(&b);
}

/* Integers of other widths than 16, 32 and 64 bits came to ziplists with RDB 6. */
Test(rdb_down, ziplists_for_the_oldest)
{
    static const struct {
        const char *hex;
        uint8_t plain;
    } values[] = {
        {"0a 016b 0f 0f000000 0c000000 0200 00f3 02f6 ff", 1},
        {"0c 016b 0f 0f000000 0c000000 0200 00f3 02f6 ff", 3},
        {"0d 016b 0f 0f000000 0c000000 0200 00f3 02f6 ff", 4},
    };
    for (size_t i = 0; i < 3; i++) {
        struct build b = {0};
        rf_key_digest expected;
        struct rdb_made made = {.target = {RF_REDIS, 2, 4}};
        put_hex_file(&b, "REDIS0006", values[i].hex);
        cr_assert_eq(digest_first(built(&b), false, &expected, &made.error), RF_OK);
        cr_assert_eq(make_rdb(built(&b), &made), RF_OK, "%s", made.error.message);
        struct found_key key = find_key(made.file);
        cr_expect_eq(key.encoding.number, values[i].plain);
        cr_expect(wide_of(key.digest.key) == wide_of(expected.key));
        rdb_made_free(&made);
        build_free(&b);
    }
}
