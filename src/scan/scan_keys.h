/* SPDX-License-Identifier: MIT */
/* The keys of a copy: a table from names to fixed-size records, which are numbered in the order in which they
 * were added. Names are represented by keyed digests; they are stored with the values. */
#ifndef SCAN_SCAN_KEYS_H
#define SCAN_SCAN_KEYS_H

#include "base/hash_table.h"
#include "io/segments.h"
#include <rdbferry/digest.h>
#include <stdbool.h>

/* 64 bytes: the size must divide that of a segment. */
struct scan_key {
    rf_digest name, value;
    uint64_t offset; /* of its record in the store */
    uint64_t length : 47,
        pass : 16, /* bytes of the record; the last pass that found the key, 0: it is gone */
        no_evict : 1;
    int64_t expire_ms;
    uint32_t name_at; /* offset in the record of the name, an RDB string */
    int32_t db;
};

struct scan_keys {
    struct hash_table table;
    struct segments records;
    uint64_t count;
};

void scan_keys_init(struct scan_keys *keys);

/* NULL: it was never added. */
struct scan_key *scan_keys_find(const struct scan_keys *keys, int64_t db, rf_digest name);

/* Adds a key that is missing. All but name and db is zeroed. */
rf_code scan_keys_add(struct scan_keys *keys, int64_t db, rf_digest name, struct scan_key **out,
                      rf_error *error);

/* By number, less than `count`. */
struct scan_key *scan_keys_at(const struct scan_keys *keys, uint64_t number);

void scan_keys_free(struct scan_keys *keys);

#endif
