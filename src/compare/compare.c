/* SPDX-License-Identifier: MIT */
/* Compares two sets of records. A stage receives them in order, the first set's first:
 *
 *     if it fits     into a table; each of the second set is compared with its counterpart and replaces it
 *     if not         by hash into partitions on disk; first the table's contents, then all later records
 *
 * At the end each partition is read back into a stage of its own, which uses another hash seed, and may be
 * partitioned again. So only the order of the results depends on the amount of memory. */
#include "base/bytes.h"
#include "base/fail.h"
#include "base/memory_limit.h"
#include "compare/record_table.h"
#include "io/partitioned_file.h"
#include <rdbferry/compare.h>
#include <stdlib.h>

enum {
    MOST_PARTITIONS = 64, /* an open file each, for every active stage */
    LEAST_PARTITIONS = 2,
    DEEPEST = 6, /* this stage exceeds the memory limit if necessary */
};

struct stage {
    const struct rf_compare *compare;
    struct record_table table;
    struct partitioned_file *partitions; /* NULL: everything is in the table */
    unsigned depth;
};

struct rf_compare {
    rf_compare_options options;
    size_t partitions, buffer; /* number of partitions, and the buffer size of each */
    struct stage stage;
    bool after; /* the second set has begun */
};

/* --- records ---------------------------------------------------------------------------------------- */

void rf_key_record_of(const rf_entry *entry, rf_digest value, uint32_t input, rf_key_record *out)
{
    bool library = entry->kind == RF_ENTRY_FUNCTION;
    *out = (rf_key_record){
        .db = library ? RF_LIBRARY : entry->db,
        .key = library ? rf_function_name(entry->text) : entry->key,
        .type = library ? RF_STRING : entry->type,
        .value = value,
        .expire_ms = library ? RF_NO_EXPIRY : entry->expire_ms,
        .no_evict = !library && entry->no_evict,
        .input = input,
        .offset = entry->offset,
    };
}

void rf_key_record_of_left(const rf_entry *key, const rf_key_digest *digest, uint32_t input,
                           rf_key_record *out)
{
    rf_key_record_of(key, digest->left, input, out);
    out->fields_until = digest->expired_until;
    out->fields_expired = rf_digest_is_expired(digest);
}

static bool expiry_differs(int64_t a, int64_t b, int64_t tolerance)
{
    if (a == RF_NO_EXPIRY || b == RF_NO_EXPIRY)
        return a != b;
    return (a > b ? (uint64_t)a - (uint64_t)b : (uint64_t)b - (uint64_t)a) > (uint64_t)tolerance;
}

bool rf_key_record_differs(const rf_key_record *a, const rf_key_record *b, int64_t tolerance_ms)
{
    if (a->value.low != b->value.low || a->value.high != b->value.high)
        return true;
    if (a->db == RF_LIBRARY)
        return false;
    return a->type != b->type || a->no_evict != b->no_evict ||
           expiry_differs(a->expire_ms, b->expire_ms, tolerance_ms);
}

static struct record packed(const rf_key_record *record, uint8_t marks)
{
    return (struct record){
        .value = record->value,
        .published = record->published,
        .expire_ms = record->expire_ms,
        .offset = record->offset,
        .input = record->input,
        .db = (int32_t)record->db,
        .key_len = record->key.len,
        .type = record->type,
        .marks = marks | (record->no_evict ? RECORD_NO_EVICT : 0u),
    };
}

static rf_key_record unpacked(const struct record *record, rf_slice key)
{
    return (rf_key_record){
        .db = record->db,
        .key = key,
        .type = (rf_type)record->type,
        .value = record->value,
        .expire_ms = record->expire_ms,
        .no_evict = record->marks & RECORD_NO_EVICT,
        .input = record->input,
        .offset = record->offset,
        .published = record->published,
    };
}

/* --- reporting -------------------------------------------------------------------------------------- */

/* Both have the same key; one may be NULL. */
static rf_code report(const struct rf_compare *compare, rf_difference_kind kind, const struct record *before,
                      const struct record *after, rf_slice key, rf_error *error)
{
    rf_key_record sides[2];
    rf_difference difference = {.kind = kind};
    if (before) {
        sides[0] = unpacked(before, key);
        difference.before = &sides[0];
    }
    if (after) {
        sides[1] = unpacked(after, key);
        difference.after = &sides[1];
    }
    return compare->options.fn(compare->options.ctx, &difference, error);
}

static bool differs(const struct rf_compare *compare, const struct record *before, const struct record *after,
                    rf_slice key)
{
    rf_key_record a = unpacked(before, key), b = unpacked(after, key);
    return !compare->options.names_only &&
           rf_key_record_differs(&a, &b, compare->options.expiry_tolerance_ms);
}

/* A new record meets an existing one of the same name. */
static rf_code meet(const struct rf_compare *compare, struct record *there, const struct record *added,
                    rf_slice key, rf_error *error)
{
    if ((there->marks ^ added->marks) & RECORD_AFTER) {
        struct record before = *there;
        *there = *added;
        there->marks |= RECORD_REPORTED;
        return differs(compare, &before, added, key) ? report(compare, RF_CHANGED, &before, added, key, error)
                                                     : RF_OK;
    }
    return report(compare, RF_DUPLICATE, there, added, key, error);
}

/* --- a stage ---------------------------------------------------------------------------------------- */

static void stage_init(struct stage *stage, const struct rf_compare *compare, unsigned depth)
{
    uint64_t memory = compare->options.memory;
    uint64_t reserve = partitioned_file_memory(compare->partitions, compare->buffer);
    *stage = (struct stage){.compare = compare, .depth = depth};
    if (depth == DEEPEST)
        memory = UINT64_MAX;
    record_table_init(&stage->table, memory > reserve ? memory - reserve : 0);
}

static void stage_free(struct stage *stage)
{
    record_table_free(&stage->table);
    partitioned_file_free(stage->partitions);
}

static rf_code put_aside(struct stage *stage, const struct record *record, rf_slice key, rf_error *error)
{
    uint64_t hash = record_table_hash(&stage->table, record->db, key);
    return partitioned_file_put(stage->partitions, (hash >> 32) & (stage->compare->partitions - 1),
                                slice_of(record, sizeof *record), key, error);
}

/* Moves the whole table into partitions. */
COLD static rf_code spill(struct stage *stage, rf_error *error)
{
    struct record_iter iter = {0};
    record_table_free_buckets(&stage->table);
    if (stage->depth == DEEPEST)
        return fail(error, RF_E_MEMORY, "out of memory to compare %zu keys", stage->table.count);
    stage->partitions = partitioned_file_new(stage->compare->partitions, stage->compare->buffer, true);
    if (!stage->partitions)
        return fail(error, RF_E_MEMORY, "out of memory");
    for (const struct record *record; (record = record_table_next(&stage->table, &iter));)
        TRY(put_aside(stage, record, record_key(record), error));
    record_table_free(&stage->table);
    return RF_OK;
}

static rf_code stage_take(struct stage *stage, const struct record *record, rf_slice key, rf_error *error)
{
    if (stage->partitions)
        return put_aside(stage, record, key, error);
    uint64_t hash = record_table_hash(&stage->table, record->db, key);
    struct record *there = record_table_find(&stage->table, record, key, hash);
    if (there)
        return meet(stage->compare, there, record, key, error);
    struct record added = *record;
    if (added.marks & RECORD_AFTER)
        added.marks |= RECORD_REPORTED;
    if (!record_table_add(&stage->table, &added, key, hash)) {
        TRY(spill(stage, error));
        return put_aside(stage, record, key, error);
    }
    return added.marks != record->marks ? report(stage->compare, RF_ADDED, NULL, record, key, error) : RF_OK;
}

static rf_code report_removed(const struct stage *stage, rf_error *error)
{
    struct record_iter iter = {0};
    if (stage->compare->options.one_set)
        return RF_OK;
    for (const struct record *record; (record = record_table_next(&stage->table, &iter));)
        if (!(record->marks & RECORD_AFTER))
            TRY(report(stage->compare, RF_REMOVED, record, NULL, record_key(record), error));
    return RF_OK;
}

/* A records_fn; its ctx is a stage. */
static rf_code stage_take_all(void *ctx, rf_slice records, rf_error *error)
{
    while (records.len > 0) {
        const struct record *record = (const struct record *)(const void *)records.ptr;
        if (records.len < sizeof *record || records.len < record_size(record))
            return partitioned_file_fail_corrupted(error);
        size_t size = record_size(record);
        TRY(stage_take(ctx, record, record_key(record), error));
        records.ptr += size;
        records.len -= size;
    }
    return RF_OK;
}

static rf_code stage_finish(struct stage *stage, rf_error *error);

static rf_code finish_partition(struct stage *stage, size_t number, rf_error *error)
{
    struct stage part;
    stage_init(&part, stage->compare, stage->depth + 1);
    rf_code code = partitioned_file_read(stage->partitions, number, stage_take_all, &part, error);
    partitioned_file_drop(stage->partitions, number);
    if (code == RF_OK)
        code = stage_finish(&part, error);
    stage_free(&part);
    return code;
}

static rf_code stage_finish(struct stage *stage, rf_error *error)
{
    if (!stage->partitions)
        return report_removed(stage, error);
    TRY(partitioned_file_end(stage->partitions, error));
    for (size_t i = 0; i < stage->compare->partitions; i++)
        TRY(finish_partition(stage, i, error));
    return RF_OK;
}

/* --- the comparison --------------------------------------------------------------------------------- */

/* Buffers use an eighth of the memory; with little memory there are fewer. */
static void resolve_partitions(struct rf_compare *compare)
{
    uint64_t memory = compare->options.memory / 8;
    compare->partitions = MOST_PARTITIONS;
    while (compare->partitions > LEAST_PARTITIONS && memory / compare->partitions < PARTITION_MIN_BUFFER)
        compare->partitions /= 2;
    compare->buffer = partitioned_file_buffer(compare->partitions, memory);
}

rf_code rf_compare_open(const rf_compare_options *options, rf_compare **out, rf_error *error)
{
    struct rf_compare *compare = calloc(1, sizeof *compare);
    *out = compare;
    if (!compare)
        return fail(error, RF_E_MEMORY, "out of memory");
    compare->options = *options;
    if (compare->options.memory == 0)
        compare->options.memory = memory_default().memory;
    resolve_partitions(compare);
    stage_init(&compare->stage, compare, 0);
    return RF_OK;
}

static rf_code add(rf_compare *compare, const rf_key_record *record, uint8_t marks, rf_error *error)
{
    struct record fixed = packed(record, marks);
    if (fixed.db != record->db)
        return fail(error, RF_E_ARGUMENT, "no such database");
    return stage_take(&compare->stage, &fixed, record->key, error);
}

rf_code rf_compare_add_before(rf_compare *compare, const rf_key_record *record, rf_error *error)
{
    if (compare->after)
        return fail(error, RF_E_ARGUMENT, "the first set is complete");
    return add(compare, record, 0, error);
}

rf_code rf_compare_add_after(rf_compare *compare, const rf_key_record *record, rf_error *error)
{
    compare->after = true;
    return add(compare, record, RECORD_AFTER, error);
}

rf_code rf_compare_finish(rf_compare *compare, rf_error *error)
{
    return stage_finish(&compare->stage, error);
}

void rf_compare_close(rf_compare *compare)
{
    if (!compare)
        return;
    stage_free(&compare->stage);
    free(compare);
}
