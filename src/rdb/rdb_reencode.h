/* SPDX-License-Identifier: MIT */
/* A value in another type than its own: the plainest one that a target reads.
 *
 *   string 0   list 1   set 2   zset 5, before RDB 8: 3   hash 4
 *   hash with fields that expire: Redis 24, Valkey 22
 *   stream: the newest of 27, 26, 21, 19, 15, its nodes as they are
 *
 * Counts stand before elements, so a value is held and walked twice: once to see what there is, once to
 * write. Strings come out uncompressed. A stream loses what the older type has no place for and a server
 * works out anew or does without: its counters and those of its groups, and when a consumer was active. Any
 * value loses the details that a plan says: expiries of fields, producers, pending entries without owner. */
#ifndef RDB_RDB_REENCODE_H
#define RDB_RDB_REENCODE_H

#include "rdb/value.h"

/* The types written, where more than one place names them. */
enum rdb_plain_type {
    RDB_PLAIN_HASH = 4,
    RDB_VALKEY_EXPIRING_HASH = 22,
    RDB_REDIS_EXPIRING_HASH = 24,
};

/* What a value holds, as far as it matters to a type that is to hold it. */
struct rdb_survey {
    uint64_t elements;    /* entries of a stream; 1 for a string */
    uint64_t longest;     /* bytes of the longest string in it, but for streams */
    int64_t first_expiry; /* of fields, as far as Redis has a place for them; RF_NO_EXPIRY where none expires
                           */
    bool odd_expiry;      /* some expire at a time that Redis has no place for */
    rf_stream stream;
    bool producers, unowned; /* whether it has idempotent producers, pending entries without owner */
};

/* Holds the value and looks into all of it; what is damaged in it is found here. */
rf_code rdb_survey(rf_value *value, struct rdb_survey *survey, rf_error *error);

struct rdb_plan {
    uint8_t type;
    const char *beyond; /* what the target has no type for, or NULL */
    unsigned details;   /* what the type has no place for (details.def); the rest it has */
    struct rdb_survey survey;
};

/* How the value is written for readers of an RDB version. Where *plan says that something is beyond them,
 * rdb_reencode() must not be called, and the value may not have been used. */
rf_code rdb_plan(rf_value *value, rf_dialect dialect, int version, struct rdb_plan *plan, rf_error *error);

/* Hands out the bytes that stand behind type byte and key. The value has been surveyed. */
rf_code rdb_reencode(rf_value *value, uint8_t type, const struct rdb_survey *survey, rf_bytes_fn fn,
                     void *ctx, rf_error *error);

/* In rdb_reencode_stream.c: a stream as its own type or an older one. It need not have been surveyed; where
 * it has been, nodes without entries are left out. */
rf_code rdb_reencode_stream(rf_value *value, uint8_t type, rf_bytes_fn fn, void *ctx, rf_error *error);

#endif
