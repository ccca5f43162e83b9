/* SPDX-License-Identifier: MIT */
/* Asking a live target for keys: is what is there what it should be?
 *
 * For each key that is checked, DUMP and its expiry (PEXPIRETIME, or PTTL before 7.0) are asked for,
 * pipelined, of the node that has its slot; the payload is decoded as any value is, and its digest compared.
 * Nothing is ever written to the target. It needs a user who may INFO, SELECT, DUMP, PEXPIRETIME (before 7.0
 * PTTL and TIME), for libraries FUNCTION LIST; behind Sentinels ROLE, in a cluster CLUSTER SLOTS and ASKING;
 * and for rf_live_scan() SCAN and FUNCTION LIST.
 *
 * What passes is waited for, as long as the target's timeout (30 s, where it says none) from when it is met
 * first: slots that move, a failover, a server that loads, a lost connection. A key over whose answer a
 * connection is lost four times is an error. Answers that are on their way from one node take no more than
 * 8 MiB, or one payload if that is larger; how long one will be is guessed from the distance to the next
 * record's offset in the input. */
#ifndef RDBFERRY_LIVE_H
#define RDBFERRY_LIVE_H

#include <rdbferry/compare.h>
#include <rdbferry/error.h>
#include <rdbferry/target.h>
#include <rdbferry/version.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct rf_live rf_live;

typedef struct rf_live_options {
    int64_t expiry_tolerance_ms; /* expiries no further apart than this are equal; before 7.0, when servers do
                                    not tell the time itself, it is at least 100 ms */
    rf_difference_fn fn; /* `before` is the record that was checked, `after` what is live: its `input` is
                            UINT32_MAX */
    void *ctx;
} rf_live_options;

typedef struct rf_live_info {
    const char *kind; /* "standalone", "sentinel" or "cluster" */
    rf_server server; /* as INFO says */
    size_t nodes;     /* that are asked */
    char name[256];   /* where it is, without user and password */
} rf_live_info;

/* Keys; function libraries are not counted. */
typedef struct rf_live_counts {
    uint64_t checked;
    uint64_t found;   /* of those, what is there */
    uint64_t equal;   /* of those, what does not differ */
    uint64_t expired; /* gone, and their expiry has passed: no difference */
    uint64_t live;    /* keys the target has, in all its databases (INFO keyspace) */
} rf_live_counts;

/* Connects, authenticates, and finds out what it is talking to. The target stays the caller's, and outlives
 * this. Each key is looked for in its own database: a target that names another one than 0 is RF_E_ARGUMENT.
 */
RF_API rf_code rf_live_open(const rf_target *target, const rf_live_options *options, rf_live **out,
                            rf_error *error);

RF_API const rf_live_info *rf_live_info_get(const rf_live *live);

/* Asks for one key or function library; its answer may come with a later call. The record is copied. Errors
 * are sticky: after one, every call returns it. RF_E_TARGET names the server and what it said. */
RF_API rf_code rf_live_check(rf_live *live, const rf_key_record *record, rf_error *error);

/* Waits for all answers, and counts what the target holds. */
RF_API rf_code rf_live_finish(rf_live *live, rf_live_counts *counts, rf_error *error);

/* Hands out the names of all keys that the target has, in each of its databases, and of its function
 * libraries, as of database RF_LIBRARY; after rf_live_finish(). The same key may come twice. */
typedef rf_code (*rf_live_key_fn)(void *ctx, int64_t db, rf_slice key, rf_error *error);
RF_API rf_code rf_live_scan(rf_live *live, rf_live_key_fn fn, void *ctx, rf_error *error);

/* NULL is let through. */
RF_API void rf_live_close(rf_live *live);

#endif
