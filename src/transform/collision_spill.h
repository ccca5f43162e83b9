/* SPDX-License-Identifier: MIT */
/* Hashes spilled to disk, in partitions by their top bits. A partition is an unnamed file of hashes in native
 * byte order, 16 bytes each: first those of ambiguous keys, then the others. */
#ifndef TRANSFORM_COLLISION_SPILL_H
#define TRANSFORM_COLLISION_SPILL_H

#include <rdbferry/error.h>
#include <stdbool.h>
#include <stdint.h>
#include <xxhash.h>

struct collision_spill;

enum { COLLISION_PARTITIONS = 64 };

/* An eighth of `memory` is used for buffers, at least 32 KiB and at most 4 MiB. Returns NULL if out of
 * memory. */
struct collision_spill *collision_spill_new(uint64_t memory);

/* All hashes of ambiguous keys must come before the others. RF_E_WRITE. */
rf_code collision_spill_put(struct collision_spill *spill, XXH128_hash_t hash, bool ambiguous,
                            rf_error *error);

/* Ends the hashes: writes the rest. */
rf_code collision_spill_end(struct collision_spill *spill, rf_error *error);

/* The number of a partition's hashes that are of ambiguous keys. */
uint64_t collision_spill_ambiguous(const struct collision_spill *spill, unsigned partition);

/* Which of `parts` equal parts of its partition a hash is in. */
static inline uint64_t collision_spill_part(XXH128_hash_t hash, uint64_t parts)
{
    return (hash.high64 >> 26 & UINT32_MAX) * parts >> 32;
}

/* Passes a partition's hashes to the function in the order in which they were put; may be called
 * repeatedly. */
typedef rf_code collision_fn(void *ctx, XXH128_hash_t hash, bool ambiguous, rf_error *error);
rf_code collision_spill_read(struct collision_spill *spill, unsigned partition, collision_fn *fn, void *ctx,
                             rf_error *error);

/* Removes its file. */
void collision_spill_drop(struct collision_spill *spill, unsigned partition);

/* `spill` may be NULL. */
void collision_spill_free(struct collision_spill *spill);

#endif
