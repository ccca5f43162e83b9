/* SPDX-License-Identifier: MIT */
/* The members of one value, to find one that occurs twice: a set of hashes, 112 bits of each. The hashes have
 * a random seed of their own, so that data cannot be made to share one: two that are equal are taken for the
 * same member.
 *
 * The first ones are in an open-addressing table. The rest of a place says which value it was filled for, so
 * that nothing has to be cleared between values. What no cache would hold goes into buckets, by hash, and is
 * compared bucket by bucket in the end. Of these the first 32 MiB are in memory, others in a temporary file.
 */
#ifndef RDB_MEMBERS_H
#define RDB_MEMBERS_H

#include "io/segments.h"
#include <rdbferry/error.h>
#include <rdbferry/slice.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MEMBERS_USUAL = 256,   /* places */
    MEMBERS_LARGE = 65536, /* places: three quarters of them are told at once */
    MEMBERS_BUCKETS = 256,
    MEMBERS_CHUNK = 255, /* places: with what stands before them 4 KiB */
};

struct member_place {
    uint64_t low, high_and_turn; /* the turn in the low 16 bits */
};

/* Some of a bucket. */
struct member_chunk {
    struct member_chunk *before; /* NULL: it is the bucket's first one */
    uint64_t count;
    struct member_place places[MEMBERS_CHUNK];
};

struct members {
    uint64_t seed;
    rf_error *error;
    struct member_place *large;  /* MEMBERS_LARGE places; NULL: not needed yet */
    struct member_place *places; /* usual or large: those in use */
    size_t count, cap;           /* cap: a power of two */
    uint16_t turn;               /* which value it is; never 0 */
    bool seeks;                  /* only for this one, which members_end() has found: */
    struct member_place sought;
    bool in_buckets; /* the table has been full */
    struct {
        struct member_chunk *last;
        uint64_t count; /* of places */
    } buckets[MEMBERS_BUCKETS];
    struct segments chunks;
    struct member_place usual[MEMBERS_USUAL];
};

enum members_answer { MEMBERS_NEW, MEMBERS_TWICE, MEMBERS_FAILED };

/* NULL: out of memory. */
struct members *members_new(void);

/* NULL is let through. */
void members_free(struct members *members);

/* Begins a value. `error` is filled where the answer is MEMBERS_FAILED. */
void members_begin(struct members *members, rf_error *error);

/* Names of different spaces are never the same. */
enum members_answer members_add(struct members *members, uint64_t space, rf_slice name);

/* Ends the value: whether a member occurs twice that members_add() has not told of. */
enum members_answer members_end(struct members *members);

/* Begins the same value again, after such an answer: MEMBERS_TWICE is now the answer for that member alone.
 */
void members_seek(struct members *members);

#endif
