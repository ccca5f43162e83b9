/* SPDX-License-Identifier: MIT */
/* The members of one value, to find duplicates: a set of 128-bit hashes. The hashes have a random seed of
 * their own, so that collisions cannot be constructed: equal hashes count as the same member.
 *
 * The first ones are kept in a table, which is small at first, as most of millions of values are. Sets larger
 * than the CPU cache are distributed to buckets by hash, and compared bucket by bucket at the end. The first
 * 32 MiB of these are in memory, others in a temporary file. */
#ifndef RDB_DUP_SET_H
#define RDB_DUP_SET_H

#include "io/segments.h"
#include "rdb/dup_table.h"
#include <rdbferry/error.h>
#include <rdbferry/slice.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    DUP_SET_SMALL = 256,   /* positions */
    DUP_SET_LARGE = 65536, /* positions: three quarters of them are checked at once */
    DUP_SET_BUCKETS = 256,
    DUP_SET_CHUNK = 255, /* positions: with the header, 4 KiB */
};

/* A part of a bucket. */
struct dup_chunk {
    struct dup_chunk *before; /* NULL: the first one of the bucket */
    uint64_t count;
    struct dup_entry entries[DUP_SET_CHUNK];
};

/* Tables above the smallest size: the one of n positions begins at position n. */
struct dup_tables {
    struct dup_entry entries[2 * DUP_SET_LARGE];
    uint8_t tags[2 * DUP_SET_LARGE];
};

struct dup_set {
    uint64_t seed;
    rf_error *error;
    struct dup_table table;
    struct dup_tables *larger; /* NULL: not needed yet */
    bool in_buckets;           /* the table was full */
    bool seeks;                /* searching only for this one, which dup_set_end() has found: */
    struct dup_entry sought;
    struct {
        struct dup_chunk *last;
        uint64_t count; /* of positions */
    } buckets[DUP_SET_BUCKETS];
    struct segments chunks;
    uint8_t small_tags[DUP_SET_SMALL];
    struct dup_entry small_entries[DUP_SET_SMALL];
};

enum dup_set_result { DUP_SET_NEW, DUP_SET_DUPLICATE, DUP_SET_FAILED };

/* Returns NULL if out of memory. */
struct dup_set *dup_set_new(void);

/* `dup_set` may be NULL. */
void dup_set_free(struct dup_set *dup_set);

/* Begins a value. `error` is filled if the result is DUP_SET_FAILED. */
void dup_set_begin(struct dup_set *dup_set, rf_error *error);

/* After dup_set_begin(): about so many members are expected, a number that need not be true. */
void dup_set_reserve(struct dup_set *dup_set, uint64_t count);

/* Names in different spaces are distinct. */
enum dup_set_result dup_set_add(struct dup_set *dup_set, uint64_t space, rf_slice name);

/* Ends the value: whether there is a duplicate that dup_set_add() has not reported. */
enum dup_set_result dup_set_end(struct dup_set *dup_set);

/* Begins the same value again, after such a result: DUP_SET_DUPLICATE is now returned for that member only.
 */
void dup_set_seek(struct dup_set *dup_set);

#endif
