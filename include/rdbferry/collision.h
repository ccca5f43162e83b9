/* SPDX-License-Identifier: MIT */
/* Collisions: keys that come out with one database and name, and function libraries with one name and
 * different code. Found over hashes of 128 bits (that two names share one is less likely than a fault of the
 * machine), and without a table of all keys where a rewrite leaves most of them unambiguous:
 *
 *   1. every key is noted; ambiguous ones are kept
 *   2. if rf_collisions_is_open(): once more, every key is held against those
 *   3. rf_collisions_settle(): now it is known which names collide
 *   4. while the inputs are read once more: rf_collisions_tell()
 *
 * Hashes are kept in memory, 16 bytes each in a table at most three quarters full; where they outgrow the
 * limit, in unnamed files in $TMPDIR, 64 of them, which are gone through in parts that fit. Buffers take an
 * eighth of the limit, at most 4 MiB, on top, and so does what collides: 40 bytes for each name. */
#ifndef RDBFERRY_COLLISION_H
#define RDBFERRY_COLLISION_H

#include <rdbferry/entry.h>
#include <rdbferry/error.h>
#include <stdbool.h>

typedef struct rf_collisions rf_collisions;

/* `memory`: bytes; 0: 512 MiB. However few, 48 KiB are taken. NULL when memory is out. */
RF_API rf_collisions *rf_collisions_new(uint64_t memory);

/* NULL is let through. */
RF_API void rf_collisions_free(rf_collisions *collisions);

typedef enum rf_known {
    RF_KNOWN_NOT,   /* not seen before, as far as can be told at once */
    RF_KNOWN_SAME,  /* a function library that has been seen with the same code */
    RF_KNOWN_OTHER, /* another key has this name, or a library with other code has it */
} rf_known;

/* Notes a key under its new name, or a function library, which always counts as ambiguous; other entries are
 * let through. *known tells what is known at once: for keys RF_KNOWN_OTHER is not told any more when hashes
 * have been put aside on disk (rf_collisions_is_spilled()), nor of keys that are not ambiguous. RF_E_MEMORY;
 * RF_E_WRITE where a temporary file cannot be written. */
RF_API rf_code rf_collisions_note(rf_collisions *collisions, const rf_entry *entry, bool ambiguous,
                                  rf_known *known, rf_error *error);

RF_API bool rf_collisions_is_spilled(const rf_collisions *collisions);

/* Whether step 2 is needed: some keys were ambiguous, and some were not. */
RF_API bool rf_collisions_is_open(const rf_collisions *collisions);

/* Step 2, for the same entries in the same order with the same `ambiguous`. */
RF_API rf_code rf_collisions_compare(rf_collisions *collisions, const rf_entry *entry, bool ambiguous,
                                     rf_error *error);

/* *count: names that collide. Their hashes alone are kept from here on. */
RF_API rf_code rf_collisions_settle(rf_collisions *collisions, uint64_t *count, rf_error *error);

/* What an entry is among those of the same name. */
typedef struct rf_collision {
    uint64_t name;   /* which of the colliding names, from 0 on as they are told; only for count > 1 */
    uint64_t number; /* the how manieth it is, from 1 on */
    uint64_t count;  /* how many there are; 1: it does not collide. Libraries with the same code are one */
    bool again;      /* a function library that has been told with the same code: leave it out */
} rf_collision;

/* Step 4, for the same entries in the same order as the ones before: */
RF_API void rf_collisions_tell(rf_collisions *collisions, const rf_entry *entry, rf_collision *out);

/* Step 4 begins anew. */
RF_API void rf_collisions_rewind(rf_collisions *collisions);

#endif
