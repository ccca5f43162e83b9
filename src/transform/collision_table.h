/* SPDX-License-Identifier: MIT */
/* 128-bit hashes with associated data: an open-addressing table, at most three quarters full. A position is a
 * struct that begins with a hash; a hash of zeros marks a free position. */
#ifndef TRANSFORM_COLLISION_TABLE_H
#define TRANSFORM_COLLISION_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xxhash.h>

struct collision_table {
    uint8_t *buckets;
    size_t size;       /* of a position */
    size_t count, cap; /* cap: a power of two, or 0 */
    size_t most;       /* limit of cap */
};

enum { COLLISION_TABLE_FLOOR = 1024 }; /* positions that a table may always have, whatever its limit */

/* `size`: of a position; `memory`: limit for all positions, in bytes. */
void collision_table_init(struct collision_table *table, size_t size, uint64_t memory);

/* The number of hashes that fit. */
size_t collision_table_capacity(const struct collision_table *table);

/* Returns NULL if the hash is not in the table. */
void *collision_table_find(const struct collision_table *table, XXH128_hash_t hash);

/* The position of the hash; *was_there: it existed before; else its data is zeroed. Adding moves positions.
 * NULL: it does not fit, or out of memory; the table is unchanged. */
void *collision_table_add(struct collision_table *table, XXH128_hash_t hash, bool *was_there);

/* The first used position from *position on, which is advanced past it; NULL at the end. */
void *collision_table_next(const struct collision_table *table, size_t *position);

/* Empties the table for reuse. */
void collision_table_clear(struct collision_table *table);

/* Frees the memory; the table is then empty. */
void collision_table_free(struct collision_table *table);

#endif
