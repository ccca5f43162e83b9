/* SPDX-License-Identifier: MIT */
/* Batches have the keys that their reader would have returned, each once, wherever blocks end, and from the
 * mark on as often as wanted. */
#include "support/exact.h"
#include "support/rdb_build.h"
#include <criterion/criterion.h>
#include <rdbferry/batch.h>
#include <rdbferry/digest.h>
#include <rdbferry/reader.h>

enum { KEYS = 4000, MIXED = 3000, SET = 2, ZSET = 5, HASH_LISTPACK = 16 };

static rf_slice some_keys(struct build *b)
{
    char name[32];
    put_bytes(b, SLICE("REDIS0011"));
    for (int i = 0; i < KEYS; i++) {
        snprintf(name, sizeof name, "key %d", i);
        if (i % 1000 == 0)
            put_bytes(b, (rf_slice){(const uint8_t[]){0xfe, (uint8_t)(i / 1000)}, 2});
        put_key(b, 0, name);
        put_str(b, i % 700 == 0 ? "another value" : "value");
    }
    put_end(b);
    return built(b);
}

/* --- keys of all kinds, and damaged ones -------------------------------------------------------------- */

static void put_damaged_listpack(struct build *b)
{
    put_hex(b, "0d 0d000000 0300 816602 817602 ff"); /* says three elements, has two */
}

static void put_listpack_hash(struct build *b, int i)
{
    char field[32], value[32];
    snprintf(field, sizeof field, "field %d", i);
    snprintf(value, sizeof value, "%d", i * 7);
    put_listpack(b, (const char *const[]){field, value, "f", "v", NULL});
}

static void put_set(struct build *b, int members, bool repeats)
{
    char member[32];
    put_len(b, (uint64_t)members);
    for (int i = 0; i < members; i++) {
        snprintf(member, sizeof member, "member %d", repeats && i == members - 1 ? 0 : i);
        put_str(b, member);
    }
}

static void put_nan(struct build *b)
{
    put_len(b, 2);
    put_str(b, "a");
    put_hex(b, "000000000000f87f");
    put_str(b, "b");
    put_double(b, 1);
}

/* One in turn; now and then one that is damaged, and one too large for a batch. */
static void put_some_key(struct build *b, int i)
{
    enum { LARGE_SET = 150 * 1000 };
    char name[32];
    snprintf(name, sizeof name, "key %d", i);
    if (i % 500 == 250) {
        put_key(b, SET, name);
        put_set(b, LARGE_SET, i > 500);
    } else if (i % 97 == 3) {
        put_key(b, HASH_LISTPACK, name);
        put_damaged_listpack(b);
    } else if (i % 5 == 0) {
        put_key(b, 0, name);
        put_str(b, "value");
    } else if (i % 5 == 1) {
        put_key(b, SET, name);
        put_set(b, 3 + i % 40, i % 61 == 0);
    } else if (i % 5 == 2) {
        put_key(b, ZSET, name);
        put_nan(b);
    } else {
        put_key(b, HASH_LISTPACK, name);
        put_listpack_hash(b, i);
    }
}

static rf_slice mixed_input(struct build *b)
{
    put_bytes(b, SLICE("REDIS0012"));
    for (int i = 0; i < MIXED; i++)
        put_some_key(b, i);
    put_end(b);
    return built(b);
}

/* --- both ways ---------------------------------------------------------------------------------------- */

struct seen {
    size_t count, in_batches, faults;
    rf_digest sum; /* of names and values, or of what is wrong with them, each with its turn */
};

static rf_digest digest_of(const rf_error *fault)
{
    rf_digest digest = rf_digest_library(slice_of(fault->message, strlen(fault->message)));
    rf_digest_add(&digest, rf_digest_library(slice_of(fault->key, strlen(fault->key))));
    digest.low += (uint64_t)fault->offset + (uint64_t)fault->code;
    return digest;
}

static void see(struct seen *seen, rf_digester *digester, const rf_entry *key)
{
    rf_key_digest digest;
    rf_error error;
    if (rf_digest_key(digester, key, &digest, &error) != RF_OK) {
        digest.key = digest_of(&error);
        seen->faults++;
    }
    seen->count++;
    seen->sum.low = seen->sum.low * 31 + digest.key.low;
    seen->sum.high = seen->sum.high * 31 + digest.key.high;
}

/* Some keys, which come again; fewer, and the mark; the rest. */
static void read_batch(rf_batch *batch, struct seen *seen, rf_digester *digester)
{
    struct seen again = *seen;
    rf_entry entry;
    rf_error error;
    rf_code code = RF_OK;
    size_t before = seen->count;
    for (int i = 0; i < 5 && (code = rf_batch_next(batch, &entry, &error)) == RF_OK; i++)
        see(&again, digester, &entry);
    cr_assert(code == RF_OK || code == RF_END);
    rf_batch_restart(batch);
    for (int i = 0; i < 3 && (code = rf_batch_next(batch, &entry, &error)) == RF_OK; i++)
        see(seen, digester, &entry);
    rf_batch_mark(batch);
    cr_assert_eq(rf_batch_next(batch, &entry, &error) == RF_END, rf_batch_is_done(batch));
    rf_batch_restart(batch);
    while ((code = rf_batch_next(batch, &entry, &error)) == RF_OK)
        see(seen, digester, &entry);
    cr_assert_eq(code, RF_END);
    rf_batch_mark(batch);
    cr_assert(rf_batch_is_done(batch));
    seen->in_batches += seen->count - before;
}

static void read_all(rf_slice input, bool resume, size_t block_size, size_t batches, struct seen *seen)
{
    rf_digester *digester = rf_digester_new(RF_DIGEST_PUBLISHED, true);
    rf_reader *reader;
    rf_source *source;
    rf_batch *batch = rf_batch_new();
    rf_entry entry;
    rf_error error;
    rf_code code = RF_OK;
    *seen = (struct seen){0};
    cr_assert_eq(rf_source_open_memory(input.ptr, input.len, "input", &source, &error), RF_OK);
    const rf_reader_options options = {.block_size = block_size, .batches = batches, .resume = resume};
    cr_assert_eq(rf_reader_open(source, &options, &reader, &error), RF_OK);
    while (code == RF_OK) {
        bool taken = false;
        if (batches > 0)
            cr_assert_eq(rf_reader_take(reader, batch, &taken, &error), RF_OK, "%s", error.message);
        if (taken) {
            read_batch(batch, seen, digester);
            rf_batch_end(batch);
        } else if ((code = rf_reader_next(reader, &entry, &error)) == RF_OK && entry.kind == RF_ENTRY_KEY) {
            see(seen, digester, &entry);
        }
    }
    cr_assert_eq(code, RF_END, "%s", error.message);
    rf_batch_free(batch);
    rf_reader_close(reader);
    rf_digester_free(digester);
}

static const size_t block_sizes[] = {0, 1, 100, 4096, 100 * 1000};

/* At least a half of the keys is in batches, if there is a batch at all. */
static void expect_same(rf_slice input, bool resume, size_t block_size, const struct seen *expected)
{
    struct seen found;
    read_all(input, resume, block_size, 1, &found);
    cr_expect_eq(found.count, expected->count);
    cr_expect_eq(found.faults, expected->faults);
    cr_expect_eq(found.sum.low, expected->sum.low, "blocks of %zu", block_size);
    cr_expect_eq(found.sum.high, expected->sum.high);
    cr_expect(block_size == 1 || found.in_batches > found.count / 2, "blocks of %zu: only %zu in batches",
              block_size, found.in_batches);
}

Test(batch, has_the_keys_of_its_reader)
{
    struct build b = {0};
    struct seen expected;
    rf_slice input = some_keys(&b);
    read_all(input, false, 0, 0, &expected);
    cr_assert_eq(expected.count, KEYS);
    cr_assert_eq(expected.faults, 0);
    for (size_t i = 0; i < sizeof block_sizes / sizeof *block_sizes; i++)
        expect_same(input, false, block_sizes[i], &expected);
    build_free(&b);
}

Test(batch, goes_on_after_damaged_values, .timeout = 120)
{
    struct build b = {0};
    struct seen expected;
    rf_slice input = mixed_input(&b);
    read_all(input, true, 0, 0, &expected);
    cr_assert_eq(expected.count, MIXED);
    cr_assert_gt(expected.faults, MIXED / 5);
    for (size_t i = 0; i < sizeof block_sizes / sizeof *block_sizes; i++)
        if (block_sizes[i] != 1)
            expect_same(input, true, block_sizes[i], &expected);
    build_free(&b);
}
