/* SPDX-License-Identifier: MIT */
/* Batches have the keys that their reader would have returned, each once, wherever blocks end, and from the
 * mark on as often as wanted. */
#include "support/exact.h"
#include "support/rdb_build.h"
#include <criterion/criterion.h>
#include <rdbferry/batch.h>
#include <rdbferry/digest.h>
#include <rdbferry/reader.h>

enum { KEYS = 4000 };

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

struct seen {
    size_t count, in_batches;
    rf_digest sum; /* of names and values, each with its turn */
};

static void see(struct seen *seen, rf_digester *digester, const rf_entry *key)
{
    rf_key_digest digest;
    rf_error error;
    cr_assert_eq(rf_digest_key(digester, key, &digest, &error), RF_OK, "%s", error.message);
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

static void read_all(rf_slice input, size_t block_size, size_t batches, struct seen *seen)
{
    rf_digester *digester = rf_digester_new(RF_DIGEST_PUBLISHED, false);
    rf_reader *reader;
    rf_source *source;
    rf_batch *batch = rf_batch_new();
    rf_entry entry;
    rf_error error;
    rf_code code = RF_OK;
    *seen = (struct seen){0};
    cr_assert_eq(rf_source_open_memory(input.ptr, input.len, "input", &source, &error), RF_OK);
    const rf_reader_options options = {.block_size = block_size, .batches = batches};
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

Test(batch, has_the_keys_of_its_reader)
{
    static const size_t block_sizes[] = {0, 1, 100, 4096};
    struct build b = {0};
    struct seen expected, found;
    rf_slice input = some_keys(&b);
    read_all(input, 0, 0, &expected);
    cr_assert_eq(expected.count, KEYS);
    for (size_t i = 0; i < sizeof block_sizes / sizeof *block_sizes; i++) {
        read_all(input, block_sizes[i], 1, &found);
        cr_expect_eq(found.count, KEYS);
        cr_expect_eq(found.sum.low, expected.sum.low, "blocks of %zu", block_sizes[i]);
        cr_expect_eq(found.sum.high, expected.sum.high);
        cr_expect(block_sizes[i] == 1 || found.in_batches > KEYS / 2, "only %zu in batches",
                  found.in_batches);
    }
    build_free(&b);
}
