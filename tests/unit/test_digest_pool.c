/* SPDX-License-Identifier: MIT */
/* What comes out of a pool is what a digester says of each key, in the order in which they were put in. */
#include "support/exact.h"
#include "support/rdb_build.h"
#include <criterion/criterion.h>
#include <rdbferry/digest.h>
#include <rdbferry/reader.h>

enum { LIST = 1, SET = 2, ZSET = 5, HASH_LISTPACK = 16 };

/* --- an input with some of everything ---------------------------------------------------------------- */

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

/* One in turn; now and then one that is damaged, and one too large to be copied. */
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
    for (int i = 0; i < 3000; i++)
        put_some_key(b, i);
    put_end(b);
    return built(b);
}

/* --- both ways --------------------------------------------------------------------------------------- */

struct outcome {
    uint64_t offset;
    size_t key_len;
    rf_key_digest digest;
    rf_code fault;
    int64_t fault_offset;
    char message[80];
};

struct outcomes {
    struct outcome all[4096];
    size_t count;
};

static rf_code take(void *ctx, const rf_entry *key, const rf_key_digest *digest, const rf_error *fault,
                    rf_error *error)
{
    struct outcomes *outcomes = ctx;
    struct outcome *o = &outcomes->all[outcomes->count++];
    (void)error;
    cr_assert_eq((digest == NULL), (fault != NULL));
    memset(o, 0, sizeof *o);
    o->offset = key->offset;
    o->key_len = key->key.len;
    if (digest) {
        o->digest = *digest;
    } else {
        o->fault = fault->code;
        o->fault_offset = fault->offset;
        snprintf(o->message, sizeof o->message, "%.40s '%.30s'", fault->message, fault->key);
    }
    return RF_OK;
}

static rf_reader *open_input(rf_slice input, size_t block_size)
{
    rf_error error;
    rf_source *source;
    rf_reader *reader;
    const rf_reader_options options = {.block_size = block_size, .resume = true};
    cr_assert_eq(rf_source_open_memory(input.ptr, input.len, "input", &source, &error), RF_OK);
    cr_assert_eq(rf_reader_open(source, &options, &reader, &error), RF_OK);
    return reader;
}

static void digest_one_by_one(rf_slice input, struct outcomes *out)
{
    rf_reader *reader = open_input(input, 0);
    rf_digester *digester = rf_digester_new(RF_DIGEST_PUBLISHED, true);
    rf_entry entry;
    rf_error error, unused;
    rf_key_digest digest;
    rf_code code;
    out->count = 0;
    while ((code = rf_reader_next(reader, &entry, &error)) == RF_OK) {
        bool good = rf_digest_key(digester, &entry, &digest, &error) == RF_OK;
        take(out, &entry, good ? &digest : NULL, good ? NULL : &error, &unused);
    }
    cr_assert_eq(code, RF_END, "%s", error.message);
    rf_digester_free(digester);
    rf_reader_close(reader);
}

static void digest_pooled(rf_slice input, size_t block_size, size_t threads, struct outcomes *out)
{
    rf_reader *reader = open_input(input, block_size);
    rf_digest_pool *pool;
    rf_entry entry;
    rf_error error;
    rf_code code;
    out->count = 0;
    cr_assert_eq(rf_digest_pool_open(RF_DIGEST_PUBLISHED, true, threads, take, out, &pool, &error), RF_OK);
    while ((code = rf_reader_next(reader, &entry, &error)) == RF_OK)
        cr_assert_eq(rf_digest_pool_put(pool, &entry, &error), RF_OK);
    cr_assert_eq(code, RF_END, "%s", error.message);
    rf_reader_close(reader); /* what is on its way needs it no more */
    cr_assert_eq(rf_digest_pool_drain(pool, &error), RF_OK);
    rf_digest_pool_close(pool);
}

static void expect_same(const struct outcomes *found, const struct outcomes *expected, size_t block_size,
                        size_t threads)
{
    cr_assert_eq(found->count, expected->count);
    for (size_t i = 0; i < found->count; i++)
        cr_assert_eq(memcmp(&found->all[i], &expected->all[i], sizeof *found->all), 0,
                     "blocks of %zu, %zu threads: key %zu: %s, not %s", block_size, threads, i,
                     found->all[i].message, expected->all[i].message);
}

Test(digest_pool, says_what_a_digester_says_in_order, .timeout = 120)
{
    static struct outcomes expected, found;
    static const size_t block_sizes[] = {0, 100, 4096, 100 * 1000};
    struct build b = {0};
    rf_slice input = mixed_input(&b);
    size_t faults = 0;
    digest_one_by_one(input, &expected);
    cr_assert_eq(expected.count, 3000);
    for (size_t i = 0; i < expected.count; i++)
        faults += expected.all[i].fault != RF_OK;
    cr_expect_gt(faults, 600);
    for (size_t size = 0; size < sizeof block_sizes / sizeof *block_sizes; size++) {
        for (size_t threads = 1; threads <= 7; threads += 3) {
            digest_pooled(input, block_sizes[size], threads, &found);
            expect_same(&found, &expected, block_sizes[size], threads);
        }
    }
    build_free(&b);
}

/* --- its ends ---------------------------------------------------------------------------------------- */

static rf_code refuse(void *ctx, const rf_entry *key, const rf_key_digest *digest, const rf_error *fault,
                      rf_error *error)
{
    (void)key, (void)digest, (void)fault;
    ++*(int *)ctx;
    error->code = RF_E_WRITE;
    return RF_E_WRITE;
}

Test(digest_pool, what_its_caller_returns_ends_it)
{
    int calls = 0;
    struct build b = {0};
    rf_reader *reader = open_input(mixed_input(&b), 0);
    rf_digest_pool *pool;
    rf_entry entry;
    rf_error error;
    rf_code code = RF_OK;
    cr_assert_eq(rf_digest_pool_open(RF_DIGEST_PUBLISHED, false, 3, refuse, &calls, &pool, &error), RF_OK);
    while (code == RF_OK && rf_reader_next(reader, &entry, &error) == RF_OK)
        code = rf_digest_pool_put(pool, &entry, &error);
    cr_expect_eq(code, RF_E_WRITE);
    cr_expect_eq(calls, 1);
    rf_digest_pool_close(pool);
    rf_reader_close(reader);
    build_free(&b);
}

Test(digest_pool, may_be_closed_with_keys_in_it)
{
    static struct outcomes found;
    struct build b = {0};
    rf_reader *reader = open_input(mixed_input(&b), 0);
    rf_digest_pool *pool;
    rf_entry entry;
    rf_error error;
    cr_assert_eq(rf_digest_pool_open(RF_DIGEST_PUBLISHED, false, 3, take, &found, &pool, &error), RF_OK);
    for (int i = 0; i < 2000; i++) {
        cr_assert_eq(rf_reader_next(reader, &entry, &error), RF_OK);
        cr_assert_eq(rf_digest_pool_put(pool, &entry, &error), RF_OK);
    }
    rf_digest_pool_close(pool);
    rf_reader_close(reader);
    build_free(&b);
}

static void count_notices(void *ctx, const rf_notice *notice)
{
    int *counts = ctx;
    counts[notice->code]++;
    cr_expect_eq(notice->key.len, 1);
}

/* What is told of a copied value is told after its reader has gone. */
Test(digest_pool, passes_notices_on)
{
    static struct outcomes found;
    int counts[RF_NOTICE_COUNT] = {0};
    struct build b = {0};
    rf_error error;
    rf_source *source;
    rf_reader *reader;
    rf_digest_pool *pool;
    rf_entry entry;
    const rf_reader_options options = {.resume = true, .notify = {count_notices, counts}};
    put_bytes(&b, SLICE("REDIS0009"));
    put_key(&b, 15, "s"); /* one node of one entry; it says it has seven */
    put_hex(
        &b,
        "01 10 00000000000003e80000000000000001 1d 1d000000 0a00 0101 0001 0101 816602 0001 0201 0001 0001"
        "817602 0401 ff 07 43e8 01 00");
    put_end(&b);
    cr_assert_eq(rf_source_open_memory(built(&b).ptr, built(&b).len, "input", &source, &error), RF_OK);
    cr_assert_eq(rf_reader_open(source, &options, &reader, &error), RF_OK);
    cr_assert_eq(rf_digest_pool_open(RF_DIGEST_PUBLISHED, false, 3, take, &found, &pool, &error), RF_OK);
    cr_assert_eq(rf_reader_next(reader, &entry, &error), RF_OK);
    cr_assert_eq(rf_digest_pool_put(pool, &entry, &error), RF_OK);
    cr_assert_eq(rf_reader_next(reader, &entry, &error), RF_END);
    rf_reader_close(reader);
    cr_assert_eq(rf_digest_pool_drain(pool, &error), RF_OK);
    cr_expect_eq(found.count, 1);
    cr_expect_eq(found.all[0].fault, RF_OK, "%s", found.all[0].message);
    cr_expect_eq(counts[RF_NOTICE_STREAM_LENGTH], 1);
    rf_digest_pool_close(pool);
    build_free(&b);
}

Test(digest_pool, a_lost_end_of_a_value_comes_out_in_its_place)
{
    static struct outcomes found;
    struct build b = {0};
    put_bytes(&b, SLICE("REDIS0012"));
    put_key(&b, HASH_LISTPACK, "a");
    put_damaged_listpack(&b);
    put_key(&b, LIST, "b");
    put_len(&b, 1);
    put_hex(&b, "c4"); /* no string begins like this */
    rf_reader *reader = open_input(built(&b), 0);
    rf_digest_pool *pool;
    rf_entry entry;
    rf_error error;
    cr_assert_eq(rf_digest_pool_open(RF_DIGEST_PUBLISHED, false, 3, take, &found, &pool, &error), RF_OK);
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(rf_reader_next(reader, &entry, &error), RF_OK);
        cr_assert_eq(rf_digest_pool_put(pool, &entry, &error), RF_OK);
    }
    cr_expect_eq(rf_reader_next(reader, &entry, &error), RF_E_CORRUPT);
    cr_assert_eq(rf_digest_pool_drain(pool, &error), RF_OK);
    cr_assert_eq(found.count, 2);
    cr_expect_eq(found.all[0].fault, RF_E_CORRUPT);
    cr_expect_eq(found.all[1].fault, RF_E_CORRUPT);
    cr_expect_lt(found.all[0].offset, found.all[1].offset);
    rf_digest_pool_close(pool);
    rf_reader_close(reader);
    build_free(&b);
}
