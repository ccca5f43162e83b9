/* SPDX-License-Identifier: MIT */
/* Measuring a key: how many elements it has, how long they are, what it takes in the dump and, about, in a
 * server.
 *
 * The memory is an estimate of what MEMORY USAGE says, with SAMPLES 0, in a Redis 7.0 with default settings
 * that has loaded the key: within a few percent for each type, where there are enough keys that what is
 * random in a server evens out. Later servers take less, and say still less of streams. Arrays, fields that
 * expire and modules' values, which a 7.0 does not have or cannot tell of, are rough. */
#ifndef RDBFERRY_MEASURE_H
#define RDBFERRY_MEASURE_H

#include <rdbferry/entry.h>
#include <rdbferry/error.h>

typedef struct rf_measure {
    uint64_t elements; /* as the type counts them: entries of a stream; 1 for a string, 0 for a module */
    uint64_t longest;  /* bytes of the longest element; a hash's fields and values count each */
    uint64_t bytes;    /* of all elements, as bytes */
    uint64_t stored;   /* bytes of the key's record in the dump, uncompressed by what the source stacks */
    uint64_t memory;   /* an estimate */
} rf_measure;

/* Walks the value of an entry that is a key; uses it up. */
RF_API rf_code rf_measure_key(const rf_entry *key, rf_measure *out, rf_error *error);

/* What the tables of one database take that belongs to no single key: places for so many keys, and for those
 * that expire. An estimate for the same server. */
RF_API uint64_t rf_measure_tables(uint64_t keys, uint64_t expiring);

#endif
