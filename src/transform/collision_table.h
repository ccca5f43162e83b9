/* SPDX-License-Identifier: MIT */
/* Hashes of 128 bits, and what belongs to each: an open-addressing table, at most three quarters full. A
 * place is a hash and the rest of a struct that begins with one; a hash of zeros marks a free place. */
#ifndef TRANSFORM_COLLISION_TABLE_H
#define TRANSFORM_COLLISION_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xxhash.h>

struct collision_table {
    uint8_t *places;
    size_t size;       /* of a place */
    size_t count, cap; /* cap: a power of two, or 0 */
    size_t most;       /* that cap may become */
};

enum { COLLISION_TABLE_FLOOR = 1024 }; /* places that a table may have whatever its limit */

/* `size`: of a place; `memory`: bytes that all places may take. */
void collision_table_init(struct collision_table *table, size_t size, uint64_t memory);

/* Hashes that fit. */
size_t collision_table_room(const struct collision_table *table);

/* NULL: it is not there. */
void *collision_table_find(const struct collision_table *table, XXH128_hash_t hash);

/* The place that has the hash; *was_there: it had it before; else the rest of it is zeroed. Places move when
 * one is added. NULL: it does not fit, or memory is out; the table is as it was. */
void *collision_table_add(struct collision_table *table, XXH128_hash_t hash, bool *was_there);

/* The first place in use at or behind *position, which then stands behind it; NULL at the end. */
void *collision_table_next(const struct collision_table *table, size_t *position);

/* Empty, and ready for more. */
void collision_table_clear(struct collision_table *table);

/* Leaves it cleared. */
void collision_table_free(struct collision_table *table);

#endif
