/* SPDX-License-Identifier: MIT */
/* Records of keys in bounded memory: a log of them, in the order of their arrival, and an open-addressing
 * table over it.
 *
 *     log     64 bytes and the name, rounded up to 8, consecutively in segments
 *     table   8 bytes per position, at most three quarters used: position in the log, 24 bits of the hash
 *
 * Names are compared, so different keys are never confused. The hash is not kept: when the table grows, the
 * old one is freed first, and the log is read again. base/hash_table.h does keep it, which would take twice
 * the memory. */
#ifndef COMPARE_RECORD_TABLE_H
#define COMPARE_RECORD_TABLE_H

#include <rdbferry/compare.h>
#include <rdbferry/slice.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum record_mark {
    RECORD_AFTER = 1,    /* it belongs to the second set */
    RECORD_REPORTED = 2, /* its relation to the first set has been reported */
    RECORD_NO_EVICT = 4, /* the key has that attribute */
};

/* Followed by its name, in a log as in a file. */
struct record {
    rf_digest value, published;
    int64_t expire_ms;
    uint64_t offset;
    uint32_t input;
    int32_t db;
    uint64_t key_len : 48, type : 8, marks : 8;
};

static inline rf_slice record_key(const struct record *record)
{
    return (rf_slice){(const uint8_t *)(record + 1), record->key_len};
}

/* Including its name, and rounded up so that the next one is aligned. */
static inline size_t record_size(const struct record *record)
{
    return (sizeof *record + record->key_len + 7) & ~(size_t)7;
}

struct record_segment {
    uint8_t *data;
    size_t used, size;
};

struct record_table {
    uint64_t limit; /* bytes, for everything */
    uint64_t seed;  /* of the hash: names are untrusted */
    uint64_t bytes; /* of the log */
    size_t segment_size;
    struct record_segment *segments;
    size_t segment_count;
    uint64_t *buckets; /* 0: free */
    size_t count, cap;
};

/* Each table hashes with a random seed of its own, which it keeps when it is freed. */
void record_table_init(struct record_table *table, uint64_t limit);

uint64_t record_table_hash(const struct record_table *table, int64_t db, rf_slice key);

/* Returns NULL if there is none. */
struct record *record_table_find(const struct record_table *table, const struct record *record, rf_slice key,
                                 uint64_t hash);

/* Adds a new record. False: it does not fit, or out of memory; the table can then only be walked and freed.
 * An empty table accepts any single record. */
bool record_table_add(struct record_table *table, const struct record *record, rf_slice key, uint64_t hash);

/* The position of a walk over the log; a zeroed one is at its beginning. */
struct record_iter {
    size_t segment, offset;
};

/* The next record; NULL at the end. */
const struct record *record_table_next(const struct record_table *table, struct record_iter *iter);

/* Frees only the table: the records can still be walked. */
void record_table_free_buckets(struct record_table *table);

void record_table_free(struct record_table *table);

#endif
