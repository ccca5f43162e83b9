/* SPDX-License-Identifier: MIT */
/* Linear probing. A table is doubled in place, so that growing does not temporarily need more memory than the
 * result. */
#include "transform/collision_table.h"
#include "base/bytes.h"
#include <stdlib.h>

void collision_table_init(struct collision_table *table, size_t size, uint64_t memory)
{
    size_t most = COLLISION_TABLE_FLOOR;
    while (most <= SIZE_MAX / 4 / size && 2 * most * size <= memory)
        most *= 2;
    *table = (struct collision_table){.size = size, .most = most};
}

size_t collision_table_capacity(const struct collision_table *table)
{
    return table->most / 4 * 3;
}

static inline uint8_t *bucket_at(const struct collision_table *table, size_t i)
{
    return table->buckets + i * table->size;
}

static inline XXH128_hash_t hash_of(const uint8_t *bucket)
{
    XXH128_hash_t hash;
    memcpy(&hash, bucket, sizeof hash);
    return hash;
}

static inline bool is_free(XXH128_hash_t hash)
{
    return hash.low64 == 0 && hash.high64 == 0;
}

/* The position that has the hash, or the free one where it belongs. */
static inline uint8_t *find_bucket(const struct collision_table *table, XXH128_hash_t hash)
{
    for (size_t i = hash.low64;; i++) {
        uint8_t *bucket = bucket_at(table, i & (table->cap - 1));
        XXH128_hash_t there = hash_of(bucket);
        if (is_free(there) || XXH128_isEqual(there, hash))
            return bucket;
    }
}

void *collision_table_find(const struct collision_table *table, XXH128_hash_t hash)
{
    if (table->count == 0)
        return NULL;
    uint8_t *bucket = find_bucket(table, hash);
    return is_free(hash_of(bucket)) ? NULL : bucket;
}

/* Starts after a free position, so that the first position of a run is moved first. Its new position is then
 * always free: an entry that stays in the lower half lands no further than before, and so does one that moves
 * to the upper half, relative to its start. */
static void spread(struct collision_table *table, size_t old_cap, uint8_t *moving)
{
    size_t free_at = 0;
    while (!is_free(hash_of(bucket_at(table, free_at))))
        free_at++;
    for (size_t k = 1; k < old_cap; k++) {
        uint8_t *bucket = bucket_at(table, (free_at + k) & (old_cap - 1));
        XXH128_hash_t hash = hash_of(bucket);
        if (is_free(hash))
            continue;
        memcpy(moving, bucket, table->size);
        memset(bucket, 0, table->size);
        memcpy(find_bucket(table, hash), moving, table->size);
    }
}

COLD static bool grow(struct collision_table *table)
{
    enum { FIRST_CAP = COLLISION_TABLE_FLOOR / 4 };
    size_t old_cap = table->cap, cap = old_cap ? 2 * old_cap : FIRST_CAP;
    if (cap > table->most)
        return false;
    uint8_t *moving = malloc(table->size);
    uint8_t *buckets = moving ? realloc(table->buckets, cap * table->size) : NULL;
    if (buckets) {
        memset(buckets + old_cap * table->size, 0, (cap - old_cap) * table->size);
        table->buckets = buckets;
        table->cap = cap;
        spread(table, old_cap, moving);
    }
    free(moving);
    return buckets != NULL;
}

void *collision_table_add(struct collision_table *table, XXH128_hash_t hash, bool *was_there)
{
    uint8_t *bucket = table->cap > 0 ? find_bucket(table, hash) : NULL;
    *was_there = bucket && !is_free(hash_of(bucket));
    if (*was_there)
        return bucket;
    if (UNLIKELY(4 * (table->count + 1) > 3 * table->cap)) {
        if (!grow(table))
            return NULL;
        bucket = find_bucket(table, hash);
    }
    memcpy(bucket, &hash, sizeof hash);
    table->count++;
    return bucket;
}

void *collision_table_next(const struct collision_table *table, size_t *position)
{
    while (*position < table->cap) {
        uint8_t *bucket = bucket_at(table, (*position)++);
        if (!is_free(hash_of(bucket)))
            return bucket;
    }
    return NULL;
}

void collision_table_clear(struct collision_table *table)
{
    if (table->count > 0)
        memset(table->buckets, 0, table->cap * table->size);
    table->count = 0;
}

void collision_table_free(struct collision_table *table)
{
    free(table->buckets);
    table->buckets = NULL;
    table->count = table->cap = 0;
}
