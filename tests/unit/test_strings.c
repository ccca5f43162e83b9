/* SPDX-License-Identifier: MIT */
/* Keys with plain strings that are read and written together: the output is that of one entry after the
 * other, wherever blocks end and whatever is between them. */
#include "support/exact.h"
#include "support/rdb_build.h"
#include "support/run.h"
#include "support/scratch.h"
#include <criterion/criterion.h>
#include <rdbferry/strings.h>

enum { KEYS = 2500, STRINGS_MOST = 100 };

static struct scratch scratch;
static rf_error error;
static uint64_t seed;

static void setup(void)
{
    scratch_make(&scratch);
    seed = 20261202;
}

static void teardown(void)
{
    scratch_remove(&scratch);
}

TestSuite(strings, .init = setup, .fini = teardown, .timeout = 120);

static unsigned any(unsigned below)
{
    return (unsigned)(next_random(&seed) % below);
}

/* --- inputs ------------------------------------------------------------------------------------------- */

static void put_text(struct build *b, size_t len)
{
    put_len(b, len);
    for (size_t i = 0; i < len; i++)
        put_u8(b, (uint8_t)any(256));
}

/* Lengths and integers at their limits, LZF, and lengths in longer forms than are needed. */
static void put_some_string(struct build *b)
{
    static const size_t lengths[] = {0, 1, 9, 10, 63, 64, 99, 100, 16383, 16384};
    static const char *const others[] = {"c0 80",
                                         "c0 7f",
                                         "c1 0080",
                                         "c1 ff7f",
                                         "c2 00000080",
                                         "c2 ffffff7f",
                                         "c3 05 0a 00 61 e0 00 00",
                                         "4003 616263",
                                         "80 00000003 616263",
                                         "81 0000000000000002 6162"};
    const unsigned choice = any(30);
    if (choice < 10)
        put_hex(b, others[choice]);
    else if (choice < 11)
        put_text(b, lengths[any(10)]);
    else
        put_text(b, any(90));
}

static void put_some_prefix(struct build *b)
{
    static const char *const prefixes[] = {"fc ffffffffffffffff",
                                           "fc 0000000000000080",
                                           "fd 15cd5b07",
                                           "f8 05",
                                           "f9 07",
                                           "f8 05 fc 0102030405060000",
                                           "fc 0102030405060000 f9 07",
                                           "fc 01 02030405060000 fc 0903030405060000"};
    const unsigned choice = any(40);
    if (choice < 8)
        put_hex(b, prefixes[choice]);
    else if (choice < 20)
        put_hex(b, "fc 0102030405060000");
}

static void put_some_name(struct build *b, int i)
{
    char name[100];
    static const int widths[] = {0, 10, 59, 60, 61, 80};
    snprintf(name, sizeof name, "%s%0*d", i % 3 ? "key" : "{a}", widths[any(6)], i);
    if (i == 7)
        put_len(b, 0);
    else
        put_str(b, name);
}

static void put_some_key(struct build *b, int i)
{
    enum { SET = 2 };
    if (i % 800 == 400) /* a database of its own: 1, 2 */
        put_bytes(b, (rf_slice){(const uint8_t[]){0xfe, (uint8_t)(1 + i / 800)}, 2});
    put_some_prefix(b);
    const bool is_set = any(12) == 0;
    put_u8(b, is_set ? SET : 0);
    put_some_name(b, i);
    if (is_set)
        put_len(b, 1);
    put_some_string(b);
}

static rf_slice some_keys(struct build *b)
{
    put_bytes(b, SLICE("REDIS0011"));
    for (int i = 0; i < KEYS; i++)
        put_some_key(b, i);
    put_end(b);
    return built(b);
}

/* --- both ways ---------------------------------------------------------------------------------------- */

static rf_sink *open_sink(bool rdb, rf_server target)
{
    const rf_sink_options options = {.target = target, .saved_at = 1700000000, .force = true};
    const char *path = scratch_path(&scratch, "out");
    rf_sink *sink = NULL;
    rf_code code = rdb ? rf_sink_open_rdb(path, false, &options, &sink, &error)
                       : rf_sink_open_aof(path, &options, &sink, &error);
    cr_assert_eq(code, RF_OK, "%s", error.message);
    return sink;
}

/* Returns how many were read together. */
static size_t read_together(rf_reader *reader, rf_sink *sink)
{
    rf_string keys[STRINGS_MOST];
    rf_strings strings;
    rf_entry entry;
    rf_code code = RF_OK;
    size_t together = 0;
    while (code == RF_OK) {
        rf_reader_next_strings(reader, keys, 1 + any(STRINGS_MOST), &strings);
        together += strings.count;
        if (strings.count > 0)
            code = rf_sink_put_strings(sink, &strings, &error);
        else if ((code = rf_reader_next(reader, &entry, &error)) == RF_OK)
            code = rf_sink_put(sink, &entry, &error);
    }
    cr_assert_eq(code, RF_END, "%s", error.message);
    return together;
}

static size_t convert_together(rf_slice input, size_t block_size, rf_sink *sink)
{
    rf_source *source;
    rf_reader *reader;
    const rf_reader_options options = {.block_size = block_size};
    cr_assert_eq(rf_source_open_memory(input.ptr, input.len, "input", &source, &error), RF_OK);
    cr_assert_eq(rf_reader_open(source, &options, &reader, &error), RF_OK);
    size_t together = read_together(reader, sink);
    cr_assert_eq(rf_sink_finish(sink, &error), RF_OK, "%s", error.message);
    rf_reader_close(reader);
    rf_sink_close(sink);
    return together;
}

static void expect_same(bool rdb, rf_server target, rf_slice input, size_t block_size, rf_slice expected)
{
    rf_sink *sink = open_sink(rdb, target);
    cr_assert(rf_sink_takes_strings(sink));
    size_t together = convert_together(input, block_size, sink);
    rf_slice found = scratch_read(&scratch, "out");
    cr_expect(slice_equal(found, expected), "blocks of %zu", block_size);
    cr_expect(block_size > 0 || together > KEYS / 3, "only %zu were read together", together);
    exact_free(found);
}

static void expect_same_output(bool rdb, rf_server target)
{
    static const size_t block_sizes[] = {0, 7, 100, 4096, 70 * 1000};
    struct build b = {0};
    rf_slice input = some_keys(&b);
    cr_assert_eq(run_sink(input, 0, open_sink(rdb, target), &error), RF_OK, "%s", error.message);
    rf_slice expected = scratch_read(&scratch, "out");
    for (size_t i = 0; i < sizeof block_sizes / sizeof *block_sizes; i++)
        expect_same(rdb, target, input, block_sizes[i], expected);
    exact_free(expected);
    build_free(&b);
}

Test(strings, are_the_same_commands)
{
    expect_same_output(false, (rf_server){RF_REDIS, 7, 2});
}

Test(strings, are_the_same_records)
{
    expect_same_output(true, (rf_server){RF_REDIS, 7, 2});
    expect_same_output(true, (rf_server){RF_VALKEY, 9, 0});
    expect_same_output(true, (rf_server){RF_REDIS, 5, 0});
}

Test(strings, are_not_taken_by_old_formats)
{
    rf_sink *sink = open_sink(true, (rf_server){RF_REDIS, 4, 0});
    cr_expect_not(rf_sink_takes_strings(sink));
    rf_sink_close(sink);
}

/* --- changed keys ------------------------------------------------------------------------------------- */

/* Every other key is renamed, or gets another expiry. */
static void change(rf_strings *strings)
{
    for (size_t i = 0; i < strings->count; i += 2) {
        rf_string *key = &strings->keys[i];
        key->record = NULL;
        if (i % 4 == 0)
            key->key = SLICE("a longer name than any other, so that its length takes two bytes: 64 and more");
        else
            key->expire_ms = key->expire_ms == RF_NO_EXPIRY ? 1893456000000 : RF_NO_EXPIRY;
    }
}

static rf_code put_one_by_one(rf_sink *sink, const rf_strings *strings)
{
    rf_code code = RF_OK;
    for (size_t i = 0; i < strings->count && code == RF_OK; i++) {
        rf_strings one = *strings;
        one.keys = &strings->keys[i];
        one.count = 1;
        code = rf_sink_put_strings(sink, &one, &error);
    }
    return code;
}

/* "name expiry" of each key, as an entry. */
static void expect_names(rf_slice input, const rf_strings *strings)
{
    rf_source *source;
    rf_reader *reader;
    rf_entry entry;
    size_t i = 0;
    cr_assert_eq(rf_source_open_memory(input.ptr, input.len, "output", &source, &error), RF_OK);
    cr_assert_eq(rf_reader_open(source, &(rf_reader_options){0}, &reader, &error), RF_OK);
    while (rf_reader_next(reader, &entry, &error) == RF_OK)
        if (entry.kind == RF_ENTRY_KEY && i < strings->count) {
            cr_expect(slice_equal(entry.key, strings->keys[i].key));
            cr_expect_eq(entry.expire_ms, strings->keys[i].expire_ms);
            i++;
        }
    cr_expect_eq(i, strings->count);
    rf_reader_close(reader);
}

Test(strings, may_be_renamed_and_get_another_expiry)
{
    struct build b = {0};
    rf_source *source;
    rf_reader *reader;
    rf_string keys[STRINGS_MOST];
    rf_strings strings = {0};
    put_bytes(&b, SLICE("REDIS0011"));
    for (int i = 0; i < 20; i++) {
        put_hex(&b, i % 3 ? "" : "fc 0102030405060000");
        put_key(&b, 0, i % 2 ? "one" : "another");
        put_text(&b, any(90));
    }
    put_end(&b);
    cr_assert_eq(rf_source_open_memory(built(&b).ptr, built(&b).len, "input", &source, &error), RF_OK);
    cr_assert_eq(rf_reader_open(source, &(rf_reader_options){0}, &reader, &error), RF_OK);
    rf_reader_next_strings(reader, keys, STRINGS_MOST, &strings);
    cr_assert_gt(strings.count, 10);
    change(&strings);
    rf_sink *sink = open_sink(true, (rf_server){RF_REDIS, 7, 2});
    cr_assert_eq(rf_sink_put_strings(sink, &strings, &error), RF_OK);
    cr_assert_eq(rf_sink_finish(sink, &error), RF_OK);
    rf_sink_close(sink);
    rf_slice together = scratch_read(&scratch, "out");
    sink = open_sink(true, (rf_server){RF_REDIS, 7, 2});
    cr_assert_eq(put_one_by_one(sink, &strings), RF_OK);
    cr_assert_eq(rf_sink_finish(sink, &error), RF_OK);
    rf_sink_close(sink);
    rf_slice alone = scratch_read(&scratch, "out");
    cr_expect(slice_equal(together, alone));
    expect_names(together, &strings);
    exact_free(together);
    exact_free(alone);
    rf_reader_close(reader);
    build_free(&b);
}

static void put_long_names(rf_sink *sink, bool together, const uint8_t *name)
{
    static const uint8_t value[] = {5, 'v', 'a', 'l', 'u', 'e'};
    rf_string keys[3];
    for (size_t i = 0; i < 3; i++)
        keys[i] = (rf_string){.key = slice_of(name, 60000 + 30000 * i + 500000 * (i == 2)),
                              .stored = slice_of(value, sizeof value),
                              .expire_ms = i == 1 ? RF_NO_EXPIRY : 1893456000000,
                              .slot = -1};
    const rf_encoding encoding = {.name = "string", .type = RF_STRING};
    const rf_strings strings = {.encoding = &encoding, .keys = keys, .count = 3};
    cr_assert_eq(together ? rf_sink_put_strings(sink, &strings, &error) : put_one_by_one(sink, &strings),
                 RF_OK);
    cr_assert_eq(rf_sink_finish(sink, &error), RF_OK);
    rf_sink_close(sink);
}

/* "SET name value", "PEXPIREAT name ms" */
static size_t expected_size(void)
{
    const size_t sizes = 2 * 60000 + 90000 + 2 * 620000;
    const size_t set = sizeof "*3\r\n$3\r\nSET\r\n$\r\n\r\n$5\r\nvalue\r\n" - 1;
    const size_t expiry = sizeof "*3\r\n$9\r\nPEXPIREAT\r\n$\r\n\r\n$13\r\n1893456000000\r\n" - 1;
    return sizeof "*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n" - 1 + sizes + 3 * set + 2 * expiry + 5 * 5 + 2;
}

Test(strings, may_get_names_longer_than_a_block)
{
    uint8_t *name = malloc(620000);
    cr_assert(name);
    memset(name, 'n', 620000);
    put_long_names(open_sink(false, (rf_server){RF_REDIS, 7, 2}), true, name);
    rf_slice together = scratch_read(&scratch, "out");
    put_long_names(open_sink(false, (rf_server){RF_REDIS, 7, 2}), false, name);
    rf_slice alone = scratch_read(&scratch, "out");
    cr_expect_eq(together.len, expected_size(), "%zu", together.len);
    cr_expect(slice_equal(together, alone));
    exact_free(together);
    exact_free(alone);
    free(name);
}

/* --- digests ------------------------------------------------------------------------------------------ */

static rf_reader *open_input(rf_slice input, size_t block_size)
{
    rf_source *source;
    rf_reader *reader;
    cr_assert_eq(rf_source_open_memory(input.ptr, input.len, "input", &source, &error), RF_OK);
    cr_assert_eq(rf_reader_open(source, &(rf_reader_options){.block_size = block_size}, &reader, &error),
                 RF_OK);
    return reader;
}

static bool next_digest(rf_reader *reader, rf_digester *digester, rf_key_digest *digest)
{
    rf_entry entry;
    rf_code code;
    while ((code = rf_reader_next(reader, &entry, &error)) == RF_OK && entry.kind != RF_ENTRY_KEY)
        ;
    cr_assert(code == RF_OK || code == RF_END, "%s", error.message);
    if (code == RF_OK)
        cr_assert_eq(rf_digest_key(digester, &entry, digest, &error), RF_OK, "%s", error.message);
    return code == RF_OK;
}

/* The keys of a run, the first of which is `first`. */
static void expect_digest(const rf_strings *strings, const rf_key_digest *first)
{
    const rf_strings_digest found = rf_digest_strings(strings);
    rf_strings_digest expected = {.bytes = first->bytes};
    for (size_t i = 0; i < strings->count; i++) {
        rf_digest_add(&expected.sum, first[i].key);
        if (first[i].bytes > expected.bytes) {
            expected.longest = i;
            expected.bytes = first[i].bytes;
        }
    }
    cr_assert_eq(found.sum.low, expected.sum.low);
    cr_assert_eq(found.sum.high, expected.sum.high);
    cr_assert_eq(found.longest, expected.longest);
    cr_assert_eq(found.bytes, expected.bytes);
}

Test(strings, have_the_digests_of_entries)
{
    struct build b = {0};
    rf_key_digest digests[KEYS], digest;
    rf_string keys[STRINGS_MOST];
    rf_strings strings;
    size_t count = 0, together = 0;
    rf_digester *digester = rf_digester_new(RF_DIGEST_PUBLISHED, false);
    rf_slice input = some_keys(&b);
    rf_reader *one_by_one = open_input(input, 0), *reader = open_input(input, 4096);
    while (count < KEYS && next_digest(one_by_one, digester, &digests[count]))
        count++;
    for (size_t i = 0; i<count; i += strings.count> 0 ? strings.count : 1) {
        rf_reader_next_strings(reader, keys, 1 + any(STRINGS_MOST), &strings);
        together += strings.count;
        if (strings.count > 0)
            expect_digest(&strings, &digests[i]);
        else
            cr_assert(next_digest(reader, digester, &digest));
    }
    cr_expect_eq(count, KEYS);
    cr_expect_gt(together, KEYS / 3);
    rf_reader_close(one_by_one);
    rf_reader_close(reader);
    rf_digester_free(digester);
    build_free(&b);
}
