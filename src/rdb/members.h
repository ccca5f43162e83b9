/* SPDX-License-Identifier: MIT */
/* The members of one value, to find duplicates: a set of 112-bit hashes. The hashes have a random seed of
 * their own, so that collisions cannot be constructed: equal hashes count as the same member.
 *
 * The first ones are kept in an open-addressing table. The remaining bits of a position identify the value it
 * was filled for, so that nothing has to be cleared between values. Sets larger than the CPU cache are
 * distributed to buckets by hash, and compared bucket by bucket at the end. The first 32 MiB of these are in
 * memory, others in a temporary file. */
#ifndef RDB_MEMBERS_H
#define RDB_MEMBERS_H

#include "io/segments.h"
#include <rdbferry/error.h>
#include <rdbferry/slice.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MEMBERS_USUAL = 256,   /* positions */
    MEMBERS_LARGE = 65536, /* positions: three quarters of them are checked at once */
    MEMBERS_BUCKETS = 256,
    MEMBERS_CHUNK = 255, /* positions: with the header, 4 KiB */
};

struct member_place {
    uint64_t low, high_and_turn; /* the generation in the low 16 bits */
};

/* A part of a bucket. */
struct member_chunk {
    struct member_chunk *before; /* NULL: the first one of the bucket */
    uint64_t count;
    struct member_place places[MEMBERS_CHUNK];
};

struct members {
    uint64_t seed;
    rf_error *error;
    struct member_place *large;  /* MEMBERS_LARGE positions; NULL: not needed yet */
    struct member_place *places; /* usual or large: the one in use */
    size_t count, cap;           /* cap: a power of two */
    uint16_t turn;               /* identifies the value; never 0 */
    bool seeks;                  /* searching only for this one, which members_end() has found: */
    struct member_place sought;
    bool in_buckets; /* the table was full */
    struct {
        struct member_chunk *last;
        uint64_t count; /* of positions */
    } buckets[MEMBERS_BUCKETS];
    struct segments chunks;
    struct member_place usual[MEMBERS_USUAL];
};

enum members_answer { MEMBERS_NEW, MEMBERS_TWICE, MEMBERS_FAILED };

/* Returns NULL if out of memory. */
struct members *members_new(void);

/* `members` may be NULL. */
void members_free(struct members *members);

/* Begins a value. `error` is filled if the result is MEMBERS_FAILED. */
void members_begin(struct members *members, rf_error *error);

/* Names in different spaces are distinct. */
enum members_answer members_add(struct members *members, uint64_t space, rf_slice name);

/* Ends the value: whether there is a duplicate that members_add() has not reported. */
enum members_answer members_end(struct members *members);

/* Begins the same value again, after such a result: MEMBERS_TWICE is now returned for that member only. */
void members_seek(struct members *members);

#endif
