/* SPDX-License-Identifier: MIT */
/* Asking a live target for keys: is what is there what it should be?
 *
 * For each key that is checked, DUMP and its expiry (PEXPIRETIME, or PTTL before 7.0) are asked for,
 * pipelined, of the node that has its slot; the payload is decoded as any value is, and its digest compared.
 * Nothing is ever written to the target. It needs a user who may DUMP, SELECT where keys are in other
 * databases than 0, INFO if the version and the number of keys are to be known, PEXPIRETIME (before 7.0 PTTL
 * and TIME), for libraries FUNCTION LIST; behind Sentinels ROLE, in a cluster CLUSTER SLOTS and ASKING; for
 * rf_live_scan() SCAN, and TYPE or FUNCTION LIST if it is to tell these; with names_only EXISTS in place of
 * DUMP and what tells expiries; where EXISTS is refused, no key is found.
 *
 * What passes is waited for, as long as the target's timeout (30 s, where it says none) from when it is met
 * first: slots that move, a failover, a server that loads, a lost connection. A key over whose answer a
 * connection is lost four times is an error. Answers that are on their way from one node take no more than
 * 8 MiB, or one payload if that is larger; how long one will be is guessed from the distance to the next
 * record's offset in the input. */
#ifndef RDBFERRY_LIVE_H
#define RDBFERRY_LIVE_H

#include <rdbferry/abilities.h>
#include <rdbferry/compare.h>
#include <rdbferry/error.h>
#include <rdbferry/target.h>
#include <rdbferry/version.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct rf_live rf_live;

/* A key that has been checked and is there. Anything but RF_OK ends it with that code. */
typedef rf_code (*rf_live_found_fn)(void *ctx, const rf_key_record *record, rf_error *error);

typedef struct rf_live_options {
    int64_t expiry_tolerance_ms; /* expiries no further apart than this are equal; before 7.0, when servers do
                                    not tell the time itself, it is at least 100 ms */
    bool names_only; /* keys are looked for with EXISTS: one that is there is equal; type, value and expiry
                        of a record mean nothing, and are given back */
    bool published;  /* records of what is live have a published digest too */
    rf_difference_fn fn;    /* `before` is the record that was checked, `after` what is live: its `input` is
                               UINT32_MAX */
    rf_live_found_fn found; /* NULL: nobody cares */
    void *ctx;
} rf_live_options;

typedef struct rf_live_info {
    const char *kind; /* "standalone", "sentinel" or "cluster" */
    rf_server server; /* as INFO or HELLO says; 0.0: untold */
    size_t nodes;     /* that are asked */
    char name[256];   /* where it is, without user and password */
} rf_live_info;

/* Keys; function libraries are not counted. */
typedef struct rf_live_counts {
    uint64_t checked;
    uint64_t found;   /* of those, what is there */
    uint64_t equal;   /* of those, what does not differ */
    uint64_t expired; /* gone, and their expiry has passed: no difference */
    uint64_t
        live; /* keys the target has, in all its databases (INFO keyspace); without INFO, in database 0 */
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

enum { RF_SCAN_TYPES = 1, RF_SCAN_LIBRARIES = 2 };

/* Hands out the names of all keys that the target has, in each of its databases; after rf_live_finish(). The
 * same key may come twice. `what`: with RF_SCAN_TYPES their types, which are RF_TYPE_COUNT otherwise; with
 * RF_SCAN_LIBRARIES first its function libraries. What else a record has means nothing. */
typedef rf_code (*rf_live_key_fn)(void *ctx, const rf_key_record *record, rf_error *error);
RF_API rf_code rf_live_scan(rf_live *live, unsigned what, rf_live_key_fn fn, void *ctx, rf_error *error);

/* Whether keys can be in this database: SELECT is asked, but for database 0. */
RF_API rf_code rf_live_has_db(rf_live *live, int64_t db, bool *has, rf_error *error);

enum { RF_UNTOLD = -1 }; /* a number that a node does not know of, or that we may not ask for */

/* Whether the target has a command of this name, 0 or 1, or RF_UNTOLD: COMMAND INFO is asked. */
RF_API rf_code rf_live_has_command(rf_live *live, rf_slice name, int *has, rf_error *error);

/* What a node says of itself, in INFO, CONFIG GET, MODULE LIST, CLUSTER INFO and CLUSTER NODES. What is not
 * told is RF_UNTOLD, an empty text, or NULL. */
typedef struct rf_live_node {
    char name[288];                        /* "10.0.0.5:6379" */
    rf_server server;                      /* 0.0: untold */
    char role[16];                         /* "master", "slave" */
    unsigned slots;                        /* of a cluster, that it has */
    int64_t replicas;                      /* that are connected */
    int64_t good_replicas;                 /* that do not lag; untold where writes need none */
    int64_t min_replicas;                  /* that there have to be for a write */
    int64_t used_memory, uncounted_memory; /* bytes; the latter are of the former, and no key's */
    int64_t max_memory;                    /* 0: no limit */
    char policy[32];                       /* of eviction */
    int64_t databases;
    int64_t longest_argument; /* bytes that an argument of a command may have */
    int64_t save_failed;      /* 1: the last BGSAVE; then nothing can be written where the next is 1 */
    int64_t stops_on_failed_save;
    int64_t aof_failed;     /* 1: the last write to the AOF; then nothing can be written */
    char cluster_state[16]; /* "ok", "fail" */
    int64_t moving_slots;   /* out of this node or into it */
    rf_abilities abilities; /* which commands it accepts */
    const char *modules;    /* their names, each with a NUL behind it, and an empty one at the end */
} rf_live_node;

/* Asks each node. What was told before is gone. */
RF_API rf_code rf_live_ask_nodes(rf_live *live, rf_error *error);

/* After that; false past the last one. Its texts live as long as what was told. */
RF_API bool rf_live_node_get(const rf_live *live, size_t index, rf_live_node *out);

typedef enum rf_module_presence { RF_MODULE_THERE, RF_MODULE_LACKING, RF_MODULE_UNSURE } rf_module_presence;

/* Whether a server with these modules (as a node tells them; NULL: not known) has the one that values of this
 * type name, such as "ReJSON-RL", belong to. Unsure of types that are not widely used, unless there is no
 * module at all. */
RF_API rf_module_presence rf_module_presence_of(const char *type, const char *modules);

#define RF_NO_NODE SIZE_MAX

/* Which of the nodes a key is on; RF_NO_NODE: its slot is served by no node of the cluster. */
RF_API size_t rf_live_node_of(const rf_live *live, rf_slice key);

/* NULL is let through. */
RF_API void rf_live_close(rf_live *live);

#endif
