/* SPDX-License-Identifier: MIT */
/* Hashes put aside on disk, in partitions by their top bits. A partition is an unnamed file of hashes in the
 * machine's own form, 16 bytes each: first those of ambiguous keys, then the others. */
#ifndef TRANSFORM_COLLISION_SPILL_H
#define TRANSFORM_COLLISION_SPILL_H

#include <rdbferry/error.h>
#include <stdbool.h>
#include <stdint.h>
#include <xxhash.h>

struct collision_spill;

enum { COLLISION_PARTITIONS = 64 };

/* An eighth of `memory` is for buffers, but at least 32 KiB and at most 4 MiB are. NULL when memory is out.
 */
struct collision_spill *collision_spill_new(uint64_t memory);

/* None of an ambiguous key after one of another. RF_E_WRITE. */
rf_code collision_spill_put(struct collision_spill *spill, XXH128_hash_t hash, bool ambiguous,
                            rf_error *error);

/* All is there: writes what is left. */
rf_code collision_spill_end(struct collision_spill *spill, rf_error *error);

/* How many of a partition's hashes are of ambiguous keys. */
uint64_t collision_spill_ambiguous(const struct collision_spill *spill, unsigned partition);

/* Which of `parts` equal parts of its partition a hash is in. */
static inline uint64_t collision_spill_part(XXH128_hash_t hash, uint64_t parts)
{
    return (hash.high64 >> 26 & UINT32_MAX) * parts >> 32;
}

/* Hands out a partition's hashes in the order in which they were put; as often as it is asked to. */
typedef rf_code collision_fn(void *ctx, XXH128_hash_t hash, bool ambiguous, rf_error *error);
rf_code collision_spill_read(struct collision_spill *spill, unsigned partition, collision_fn *fn, void *ctx,
                             rf_error *error);

/* Its file is gone afterwards. */
void collision_spill_drop(struct collision_spill *spill, unsigned partition);

/* NULL is let through. */
void collision_spill_free(struct collision_spill *spill);

#endif
