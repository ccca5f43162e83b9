/* SPDX-License-Identifier: MIT */
/* Re-encodes a value in another type: the plainest one that a target reads.
 *
 *   string 0   list 1   set 2   zset 5, before RDB 8: 3   hash 4
 *   hash with fields that expire: Redis 24, Valkey 22, Dragonfly 31
 *   set with members that expire: Redis 35, Dragonfly 32
 *   stream: the newest of 27, 26, 21, 19, 15, its nodes unchanged
 *
 * Counts precede elements, so a value is held and walked twice: once to survey it, once to write. Strings are
 * written uncompressed. A stream loses what the older type cannot represent and a server derives or does not
 * need: its counters and those of its groups, and the active times of consumers. Any value loses the details
 * listed in a plan: expiries of elements, producers, unowned pending entries. */
#ifndef RDB_RDB_REENCODE_H
#define RDB_RDB_REENCODE_H

#include "rdb/value.h"

/* The types written, if used in more than one place. */
enum rdb_expiring_type {
    RDB_VALKEY_EXPIRING_HASH = 22,
    RDB_REDIS_EXPIRING_HASH = 24,
    RDB_DRAGONFLY_EXPIRING_HASH = 31,
    RDB_REDIS_EXPIRING_SET = 35,
    RDB_DRAGONFLY_EXPIRING_SET = 32,
};

/* The types for hashes or sets, with elements that expire (0: the server has none), and without. */
uint8_t rdb_expiring_type(rf_type logical, rf_dialect dialect);
uint8_t rdb_plain_type(rf_type logical);

/* The contents of a value that affect the choice of the type. */
struct rdb_survey {
    uint64_t elements;    /* entries of a stream; 1 for a string */
    uint64_t longest;     /* length of the longest string in it, except in streams */
    int64_t first_expiry; /* of elements, within the range of Redis; RF_NO_EXPIRY if none expires */
    bool odd_expiry;      /* some element expires outside of that range */
    bool odd_second; /* some element expires in the middle of a second, or outside of Dragonfly's range */
    rf_stream stream;
    bool producers, unowned; /* whether it has idempotent producers, unowned pending entries */
};

/* Holds the value and checks all of it. */
rf_code rdb_survey(rf_value *value, struct rdb_survey *survey, rf_error *error);

struct rdb_plan {
    uint8_t type;
    const char *beyond; /* what the target has no type for, or NULL */
    unsigned details;   /* details that the type cannot represent (details.def) */
    struct rdb_survey survey;
};

/* Determines how the value is written for readers of an RDB version. If plan->beyond is set, rdb_reencode()
 * must not be called, and the value may not have been consumed. */
rf_code rdb_plan(rf_value *value, rf_dialect dialect, int version, struct rdb_plan *plan, rf_error *error);

/* Passes the bytes after type byte and key to `fn`. The value must have been surveyed. */
rf_code rdb_reencode(rf_value *value, uint8_t type, const struct rdb_survey *survey, rf_bytes_fn fn,
                     void *ctx, rf_error *error);

#endif
