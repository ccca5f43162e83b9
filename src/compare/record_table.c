/* SPDX-License-Identifier: MIT */
/* A position in the table holds the top 24 bits of the hash above the record's position in units of 8 bytes,
 * counted from 1. A record's position is based on whole segments: a larger segment has a single record, at
 * its beginning. */
#include "compare/record_table.h"
#include "base/bytes.h"
#include "base/random.h"
#include <stdlib.h>
#include <xxhash.h>

enum {
    SMALLEST_SEGMENT = 256,
    LARGEST_SEGMENT = 1024 * 1024,
    SEGMENTS_AT_LEAST = 16, /* of the limit, so that little of it is wasted */
    FIRST_CAP = 64,
    POSITION_BITS = 40,
};

#define POSITION_MASK ((UINT64_C(1) << POSITION_BITS) - 1)

static void reset(struct record_table *table, uint64_t limit, uint64_t seed)
{
    size_t size = LARGEST_SEGMENT;
    while (size > SMALLEST_SEGMENT && size > limit / SEGMENTS_AT_LEAST)
        size /= 2;
    *table = (struct record_table){.limit = limit, .seed = seed, .segment_size = size};
}

void record_table_init(struct record_table *table, uint64_t limit)
{
    reset(table, limit, random_u64());
}

uint64_t record_table_hash(const struct record_table *table, int64_t db, rf_slice key)
{
    static const uint64_t odd = UINT64_C(0x9e3779b97f4a7c15);
    return XXH3_64bits_withSeed(key.ptr, key.len, (table->seed ^ (uint64_t)db) * odd);
}

/* --- the table -------------------------------------------------------------------------------------- */

static struct record *record_at(const struct record_table *table, uint64_t bucket)
{
    uint64_t position = ((bucket & POSITION_MASK) - 1) * 8;
    const struct record_segment *segment = &table->segments[position / table->segment_size];
    return (struct record *)(void *)(segment->data + position % table->segment_size);
}

static uint64_t *free_bucket(const struct record_table *table, uint64_t hash)
{
    size_t i = hash & (table->cap - 1);
    while (table->buckets[i])
        i = (i + 1) & (table->cap - 1);
    return &table->buckets[i];
}

struct record *record_table_find(const struct record_table *table, const struct record *record, rf_slice key,
                                 uint64_t hash)
{
    for (size_t i = hash; table->cap > 0; i++) {
        uint64_t bucket = table->buckets[i & (table->cap - 1)];
        if (!bucket)
            break;
        if (bucket >> POSITION_BITS != hash >> POSITION_BITS)
            continue;
        struct record *found = record_at(table, bucket);
        if (found->db == record->db && slice_equal(record_key(found), key))
            return found;
    }
    return NULL;
}

static void enter(struct record_table *table, uint64_t position, uint64_t hash)
{
    *free_bucket(table, hash) = (hash & ~POSITION_MASK) | (position / 8 + 1);
}

static void enter_all(struct record_table *table)
{
    for (size_t i = 0; i < table->segment_count; i++) {
        const struct record_segment *segment = &table->segments[i];
        for (size_t at = 0; at < segment->used;) {
            const struct record *record = (const struct record *)(const void *)(segment->data + at);
            enter(table, i * table->segment_size + at,
                  record_table_hash(table, record->db, record_key(record)));
            at += record_size(record);
        }
    }
}

static uint64_t bytes_with(const struct record_table *table, size_t cap)
{
    return table->bytes + cap * sizeof *table->buckets;
}

static bool has_capacity_for(const struct record_table *table, uint64_t bytes)
{
    return table->count == 0 || bytes <= table->limit;
}

COLD static bool grow(struct record_table *table)
{
    size_t cap = table->cap ? 2 * table->cap : FIRST_CAP;
    if (!has_capacity_for(table, bytes_with(table, cap)))
        return false;
    record_table_free_buckets(table);
    table->buckets = calloc(cap, sizeof *table->buckets);
    if (!table->buckets)
        return false;
    table->cap = cap;
    enter_all(table);
    return true;
}

/* --- the log ---------------------------------------------------------------------------------------- */

COLD static bool add_segment(struct record_table *table, size_t size)
{
    if (size < table->segment_size)
        size = table->segment_size;
    if (!has_capacity_for(table, bytes_with(table, table->cap) + size) ||
        table->segment_count > POSITION_MASK * 8 / table->segment_size - 1)
        return false;
    struct record_segment *segments = realloc(table->segments,
                                              (table->segment_count + 1) * sizeof *table->segments);
    if (!segments)
        return false;
    table->segments = segments;
    uint8_t *data = malloc(size);
    if (!data)
        return false;
    segments[table->segment_count++] = (struct record_segment){.data = data, .size = size};
    table->bytes += size;
    return true;
}

static bool last_has_capacity(const struct record_table *table, size_t size)
{
    if (table->segment_count == 0)
        return false;
    const struct record_segment *last = &table->segments[table->segment_count - 1];
    return last->size - last->used >= size;
}

bool record_table_add(struct record_table *table, const struct record *record, rf_slice key, uint64_t hash)
{
    if (UNLIKELY(4 * (table->count + 1) > 3 * table->cap) && !grow(table))
        return false;
    size_t size = record_size(record);
    if (!last_has_capacity(table, size) && !add_segment(table, size))
        return false;
    struct record_segment *segment = &table->segments[table->segment_count - 1];
    uint8_t *at = segment->data + segment->used;
    memcpy(at, record, sizeof *record);
    if (key.len > 0)
        memcpy(at + sizeof *record, key.ptr, key.len);
    memset(at + sizeof *record + key.len, 0, size - sizeof *record - key.len);
    enter(table, (table->segment_count - 1) * table->segment_size + segment->used, hash);
    segment->used += size;
    table->count++;
    return true;
}

const struct record *record_table_next(const struct record_table *table, struct record_iter *iter)
{
    while (iter->segment < table->segment_count) {
        const struct record_segment *segment = &table->segments[iter->segment];
        if (iter->offset < segment->used) {
            const void *found = segment->data + iter->offset;
            iter->offset += record_size(found);
            return found;
        }
        *iter = (struct record_iter){.segment = iter->segment + 1};
    }
    return NULL;
}

void record_table_free_buckets(struct record_table *table)
{
    free(table->buckets);
    table->buckets = NULL;
    table->cap = 0;
}

void record_table_free(struct record_table *table)
{
    for (size_t i = 0; i < table->segment_count; i++)
        free(table->segments[i].data);
    free(table->segments);
    record_table_free_buckets(table);
    reset(table, table->limit, table->seed);
}
