/* SPDX-License-Identifier: MIT */
/* Measuring a key: its number of elements, their length, its size in the dump and, approximately, in the
 * memory of a server.
 *
 * The memory is an estimate of MEMORY USAGE with SAMPLES 0 in a Redis 7.0 with default settings that has
 * loaded the key: within a few percent for each type, given enough keys to average out what is random in a
 * server. Later servers use less, and report even less for streams. Arrays, path hashes, expiring fields and
 * module values, which Redis 7.0 does not have or cannot report, are rough estimates. */
#ifndef RDBFERRY_MEASURE_H
#define RDBFERRY_MEASURE_H

#include <rdbferry/entry.h>
#include <rdbferry/error.h>

typedef struct rf_measure {
    uint64_t elements; /* as the type counts them: entries of a stream; 1 for a string, 0 for a module */
    uint64_t longest;  /* bytes of the longest element; a hash's fields and values count each */
    uint64_t bytes;    /* of all elements, as bytes */
    uint64_t stored;   /* size of the key's record in the dump, before any compression of the file */
    uint64_t memory;   /* an estimate */
} rf_measure;

/* Walks and consumes the value of an entry that is a key. */
RF_API rf_code rf_measure_key(const rf_entry *key, rf_measure *out, rf_error *error);

/* Memory of the hash tables of one database, which belongs to no single key: for this many keys, and those
 * that expire. An estimate for the same server. */
RF_API uint64_t rf_measure_tables(uint64_t keys, uint64_t expiring);

#endif
