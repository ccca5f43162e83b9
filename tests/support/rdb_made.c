/* SPDX-License-Identifier: MIT */
#include "support/rdb_made.h"
#include "support/digests.h"
#include "support/exact.h"
#include "support/run.h"
#include "support/scratch.h"
#include <criterion/criterion.h>

const struct made_target made_targets[] = {
    {{RF_REDIS, 2, 8}, 6},   {{RF_REDIS, 3, 2}, 7},   {{RF_REDIS, 4, 0}, 8},   {{RF_REDIS, 5, 0}, 9},
    {{RF_REDIS, 6, 2}, 9},   {{RF_REDIS, 7, 0}, 10},  {{RF_REDIS, 7, 2}, 11},  {{RF_REDIS, 7, 4}, 12},
    {{RF_REDIS, 8, 6}, 13},  {{RF_REDIS, 8, 8}, 14},  {{RF_REDIS, 8, 10}, 15}, {{RF_REDIS, 8, 12}, 17},
    {{RF_VALKEY, 8, 0}, 11}, {{RF_VALKEY, 9, 0}, 80}, {{RF_VALKEY, 9, 2}, 81},
};
const size_t made_target_count = sizeof made_targets / sizeof *made_targets;

const char *target_name(const struct made_target *target)
{
    static char name[32];
    rf_server_format(target->server, name, sizeof name);
    return name;
}

/* --- writing ----------------------------------------------------------------------------------------- */

static rf_code put_all(rf_sink *sink, rf_reader *reader, struct rdb_made *made)
{
    rf_entry entry;
    rf_code code;
    while ((code = rf_reader_next(reader, &entry, &made->error)) == RF_OK) {
        if (entry.kind == RF_ENTRY_KEY && made->shift_ms)
            rf_value_shift_expiry(entry.value, made->shift_ms);
        if ((code = rf_sink_put(sink, &entry, &made->error)) != RF_OK)
            return code;
    }
    return code == RF_END ? rf_sink_finish(sink, &made->error) : code;
}

static rf_code write_to(const char *path, rf_slice input, struct rdb_made *made)
{
    rf_source *source;
    rf_reader *reader;
    rf_sink *sink;
    rf_sink_options options = {.target = made->target,
                               .saved_at = -1,
                               .compress = made->compress,
                               .check = made->check,
                               .drop_unsupported = made->drop_unsupported,
                               .notify = {count_notice, made->notices}};
    rf_reader_options reading = {.notify = options.notify};
    cr_assert_eq(rf_source_open_memory(input.ptr, input.len, "input", &source, &made->error), RF_OK);
    cr_assert_eq(rf_reader_open(source, &reading, &reader, &made->error), RF_OK, "%s", made->error.message);
    cr_assert_eq(rf_sink_open_rdb(path, false, &options, &sink, &made->error), RF_OK);
    rf_code code = put_all(sink, reader, made);
    rf_sink_close(sink);
    rf_reader_close(reader);
    return code;
}

rf_code make_rdb(rf_slice input, struct rdb_made *made)
{
    struct scratch scratch;
    rf_slice exact = exact_copy(input.ptr, input.len);
    scratch_make(&scratch);
    memset(made->notices, 0, sizeof made->notices);
    made->file = (rf_slice){0};
    rf_code code = write_to(scratch_path(&scratch, "out"), exact, made);
    if (code == RF_OK)
        made->file = scratch_read(&scratch, "out");
    cr_expect_eq(scratch_count(&scratch), code == RF_OK, "a file is there if all went well");
    scratch_remove(&scratch);
    exact_free(exact);
    return code;
}

void rdb_made_free(struct rdb_made *made)
{
    if (made->file.ptr)
        exact_free(made->file);
    made->file = (rf_slice){0};
}

/* --- reading ----------------------------------------------------------------------------------------- */

static void take_key(rf_digester *digester, const rf_entry *entry, struct found_key *key)
{
    rf_error error;
    cr_assert(entry->key.len < sizeof key->name);
    *key = (struct found_key){.db = entry->db, .expire_ms = entry->expire_ms, .encoding = *entry->encoding};
    memcpy(key->name, entry->key.ptr, entry->key.len);
    cr_assert_eq(rf_digest_key(digester, entry, &key->digest, &error), RF_OK, "%s: %s", key->name,
                 error.message);
}

/* Of one byte; of a large file so that there are some hundred. */
static size_t block_size(rf_slice file)
{
    enum { BLOCKS = 500 };
    return 1 + file.len / BLOCKS;
}

size_t find_keys(rf_slice file, struct found_key *keys, size_t most)
{
    rf_source *source;
    rf_reader *reader;
    rf_entry entry;
    rf_error error;
    rf_code code;
    size_t count = 0;
    rf_digester *digester = rf_digester_new(RF_DIGEST_PUBLISHED, true);
    cr_assert_eq(rf_source_open_memory(file.ptr, file.len, "made", &source, &error), RF_OK);
    cr_assert_eq(
        rf_reader_open(source, &(rf_reader_options){.block_size = block_size(file)}, &reader, &error), RF_OK,
        "%s", error.message);
    while ((code = rf_reader_next(reader, &entry, &error)) == RF_OK)
        if (entry.kind == RF_ENTRY_KEY && count++ < most)
            take_key(digester, &entry, &keys[count - 1]);
    cr_assert_eq(code, RF_END, "%s", error.message);
    rf_reader_close(reader);
    rf_digester_free(digester);
    return count;
}

int version_of(rf_slice file, rf_dialect *dialect)
{
    char digits[5] = {0};
    *dialect = *file.ptr == 'V' ? RF_VALKEY : RF_REDIS;
    memcpy(digits, file.ptr + 5, 4);
    return atoi(*dialect == RF_VALKEY ? digits + 1 : digits);
}

struct found_key find_key(rf_slice file)
{
    enum { LAST_COMMON = 11 };
    struct found_key key;
    rf_dialect dialect;
    int version = version_of(file, &dialect);
    cr_assert_eq(find_keys(file, &key, 1), 1);
    cr_expect_leq(key.encoding.since, version, "type %u in version %d", key.encoding.number, version);
    cr_expect(key.encoding.since <= LAST_COMMON || key.encoding.dialect == dialect,
              "type %u of the other dialect", key.encoding.number);
    return key;
}
