/* SPDX-License-Identifier: MIT */
/* Collisions: keys that end up with the same database and name, and function libraries with the same name and
 * different code. Detection uses 128-bit hashes (two names sharing one is less likely than a hardware fault),
 * and needs no table of all keys if a rewrite leaves most of them unambiguous:
 *
 *   1. every key is noted; ambiguous ones are kept
 *   2. if rf_collisions_is_open(): in a second pass, every key is compared with those
 *   3. rf_collisions_resolve(): determines which names collide
 *   4. while the inputs are read again: rf_collisions_lookup()
 *
 * Hashes are kept in memory, 16 bytes each in a table that is at most three quarters full; beyond the limit,
 * in 64 unnamed files in $TMPDIR, which are processed in parts that fit. In addition, buffers take an eighth
 * of the limit, at most 4 MiB, and collisions take 40 bytes for each name. */
#ifndef RDBFERRY_COLLISION_H
#define RDBFERRY_COLLISION_H

#include <rdbferry/entry.h>
#include <rdbferry/error.h>
#include <stdbool.h>

typedef struct rf_collisions rf_collisions;

/* `memory`: bytes; 0: as for rf_compare_options; at least 48 KiB are used. Returns NULL if out of memory. */
RF_API rf_collisions *rf_collisions_new(uint64_t memory);

/* `collisions` may be NULL. */
RF_API void rf_collisions_free(rf_collisions *collisions);

typedef enum rf_known {
    RF_KNOWN_NOT,   /* not seen before, as far as is known at this point */
    RF_KNOWN_SAME,  /* a function library that has been seen with the same code */
    RF_KNOWN_OTHER, /* another key has this name, or a library with different code */
} rf_known;

/* Notes a key under its new name, or a function library, which always counts as ambiguous; other entries are
 * ignored. *known receives what is known at this point: RF_KNOWN_OTHER is no longer reported for keys once
 * hashes have been spilled to disk (rf_collisions_is_spilled()), nor for unambiguous keys. RF_E_MEMORY;
 * RF_E_WRITE if a temporary file cannot be written. */
RF_API rf_code rf_collisions_note(rf_collisions *collisions, const rf_entry *entry, bool ambiguous,
                                  rf_known *known, rf_error *error);

/* The same in two steps for a key, of which the first may be taken on another thread: hashing an ambiguous
 * key, and noting it. A key that is RF_KNOWN_OTHER is not counted: it has to be noted by
 * rf_collisions_note(). */
typedef struct rf_name_hash {
    uint64_t low, high;
} rf_name_hash;

RF_API rf_name_hash rf_collisions_hash(const rf_collisions *collisions, const rf_entry *key);
RF_API rf_code rf_collisions_note_hash(rf_collisions *collisions, rf_name_hash hash, rf_known *known,
                                       rf_error *error);

/* Some keys were not ambiguous. */
RF_API void rf_collisions_note_others(rf_collisions *collisions);

RF_API bool rf_collisions_is_spilled(const rf_collisions *collisions);

/* Whether step 2 is needed: some keys were ambiguous and some were not. */
RF_API bool rf_collisions_is_open(const rf_collisions *collisions);

/* Step 2, for the same entries in the same order with the same `ambiguous`. */
RF_API rf_code rf_collisions_compare(rf_collisions *collisions, const rf_entry *entry, bool ambiguous,
                                     rf_error *error);

/* *count receives the number of names that collide. Only their hashes are kept afterwards. */
RF_API rf_code rf_collisions_resolve(rf_collisions *collisions, uint64_t *count, rf_error *error);

/* The position of an entry among those of the same name. */
typedef struct rf_collision {
    uint64_t name;   /* number of the colliding name, from 0 on in the order of reporting; only for count >
                        1 */
    uint64_t number; /* position among them, from 1 on */
    uint64_t count;  /* how many there are; 1: it does not collide. Libraries with the same code count as
                        one */
    bool duplicate;  /* a function library that was already reported with the same code: skip it */
} rf_collision;

/* Step 4, for the same entries in the same order as before. */
RF_API void rf_collisions_lookup(rf_collisions *collisions, const rf_entry *entry, rf_collision *out);

/* Starts step 4 again. */
RF_API void rf_collisions_rewind(rf_collisions *collisions);

#endif
