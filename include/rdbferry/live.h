/* SPDX-License-Identifier: MIT */
/* Comparing the keys of a live target with records of expected keys.
 *
 * For each record DUMP and the expiry (PEXPIRETIME, or PTTL before 7.0) are requested, pipelined, from the
 * node that serves the key's slot. The payload is decoded like any value, and its digest is compared. Nothing
 * is written to the target. The user needs DUMP, PEXPIRETIME (before 7.0 PTTL and TIME), SELECT for databases
 * other than 0, INFO for the version and the number of keys, FUNCTION LIST for libraries, ROLE with
 * Sentinels, and CLUSTER SLOTS and ASKING in a cluster; for rf_live_scan() SCAN, and TYPE or FUNCTION LIST if
 * these are requested; with names_only EXISTS in place of DUMP and the expiry. If EXISTS is not allowed, no
 * key is found.
 *
 * Transient errors are retried until the target's wait.retry_for_ms, or else its timeout, or else 30 s have
 * passed since the first of them: slot migrations, failovers, loading servers, lost connections. It is an
 * error if the connection is lost four times while waiting for the same key. The replies pending from one
 * node are limited to 8 MiB, or one payload if that is larger; the size of a payload is estimated from the
 * offset of the next record in the input. */
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

/* Called for each checked key that exists. Any return value but RF_OK ends the check with that code. */
typedef rf_code (*rf_live_found_fn)(void *ctx, const rf_key_record *record, rf_error *error);

typedef struct rf_live_options {
    int64_t expiry_tolerance_ms; /* largest difference of equal expiries; before 7.0, where servers only
                                    report the time left, at least 100 ms */
    bool names_only;    /* look keys up with EXISTS: an existing key is equal; type, value and expiry of the
                           records are ignored and returned unchanged */
    bool import_source; /* of a server in import mode, see rf_replay_use_import_mode(), expired keys are seen,
                           too */
    bool published;     /* records of live keys get a published digest, too */
    rf_difference_fn fn; /* may be NULL; `before` is the record checked, `after` the live key, whose `input`
                            is UINT32_MAX */
    rf_live_found_fn found; /* may be NULL */
    void *ctx;
} rf_live_options;

typedef struct rf_live_info {
    const char *kind; /* "standalone", "sentinel" or "cluster" */
    rf_server server; /* reported by INFO or HELLO; 0.0: unknown */
    size_t nodes;     /* number of nodes queried */
    char name[256];   /* address, without user and password */
} rf_live_info;

/* Keys; function libraries are not counted. */
typedef struct rf_live_counts {
    uint64_t checked;
    uint64_t found;   /* of those, existing keys */
    uint64_t equal;   /* of those, keys without a difference */
    uint64_t expired; /* missing, but their expiry has passed: no difference */
    uint64_t live; /* keys on the target, in all its databases (INFO keyspace); without INFO, in database 0 */
} rf_live_counts;

/* Connects, authenticates, and detects the kind of target, which must outlive `*out`. Each key is looked up
 * in its own database: returns RF_E_ARGUMENT if the target names one other than 0. */
RF_API rf_code rf_live_open(const rf_target *target, const rf_live_options *options, rf_live **out,
                            rf_error *error);

RF_API const rf_live_info *rf_live_info_get(const rf_live *live);

/* Queries one key or function library; its result may come in a later call. The record is copied. Errors are
 * sticky: after an error, every call returns it. The message of RF_E_TARGET contains the server's name and
 * error. */
RF_API rf_code rf_live_check(rf_live *live, const rf_key_record *record, rf_error *error);

/* Waits for all replies, and counts the keys on the target. */
RF_API rf_code rf_live_finish(rf_live *live, rf_live_counts *counts, rf_error *error);

enum { RF_SCAN_TYPES = 1, RF_SCAN_LIBRARIES = 2 };

/* Calls `fn` for the name of every key on the target, in each of its databases; after rf_live_finish(). A key
 * may be reported twice. `what`: RF_SCAN_TYPES also reports the types, which are RF_TYPE_COUNT otherwise;
 * RF_SCAN_LIBRARIES reports the function libraries first. The other members of the records are undefined. */
typedef rf_code (*rf_live_key_fn)(void *ctx, const rf_key_record *record, rf_error *error);
RF_API rf_code rf_live_scan(rf_live *live, unsigned what, rf_live_key_fn fn, void *ctx, rf_error *error);

/* Whether a scan may have missed keys: slots have moved to other nodes since the call before, which has set
 * *mark (for the first one: 0), or are being moved now. Uses CLUSTER SLOTS and CLUSTER NODES in a cluster. */
RF_API rf_code rf_live_find_moves(rf_live *live, uint64_t *mark, bool *moved, rf_error *error);

/* Whether the target has this database, determined with SELECT unless it is database 0. */
RF_API rf_code rf_live_has_db(rf_live *live, int64_t db, bool *has, rf_error *error);

enum { RF_UNKNOWN = -1 }; /* a number that a node does not report */

/* Whether the target has a command of this name: 0, 1 or RF_UNKNOWN. Uses COMMAND INFO. */
RF_API rf_code rf_live_has_command(rf_live *live, rf_slice name, int *has, rf_error *error);

/* What a node reports in INFO, CONFIG GET, MODULE LIST, CLUSTER INFO and CLUSTER NODES. What is not reported
 * is RF_UNKNOWN, an empty text, or NULL. */
typedef struct rf_live_node_info {
    char name[288];                        /* "10.0.0.5:6379" */
    rf_server server;                      /* 0.0: unknown */
    char role[16];                         /* "master", "slave" */
    unsigned slots;                        /* served by it, in a cluster */
    int64_t replicas;                      /* connected */
    int64_t good_replicas;                 /* without lag; only reported if writes need replicas */
    int64_t min_replicas;                  /* required for a write */
    int64_t used_memory, uncounted_memory; /* in bytes; the latter is part of the former, and not used for
                                              keys */
    int64_t max_memory;                    /* 0: no limit */
    char policy[32];                       /* eviction policy */
    int64_t databases;
    int64_t longest_argument; /* maximum length of a command argument in bytes */
    int64_t save_failed; /* 1: the last BGSAVE failed; writes are rejected if the next member is 1, too */
    int64_t stops_on_failed_save;
    int64_t aof_failed;     /* 1: the last write to the AOF failed; writes are rejected */
    char cluster_state[16]; /* "ok", "fail" */
    int64_t moving_slots;   /* being migrated from or to this node */
    rf_abilities abilities; /* available commands */
    const char *modules;    /* their names, each terminated by a NUL, and an empty name at the end */
} rf_live_node_info;

/* Queries each node. Invalidates the results of the previous call. */
RF_API rf_code rf_live_query_nodes(rf_live *live, rf_error *error);

/* Called after rf_live_query_nodes(); returns false after the last node. The texts are valid until the next
 * rf_live_query_nodes(). */
RF_API bool rf_live_node_info_get(const rf_live *live, size_t index, rf_live_node_info *out);

typedef enum rf_module_presence { RF_MODULE_THERE, RF_MODULE_LACKING, RF_MODULE_UNSURE } rf_module_presence;

/* Whether a server with these modules (as a node reports them; NULL: not known) has the module that owns
 * values of this type name, such as "ReJSON-RL": loaded, or built in (rf_server_has_module()). The answer is
 * uncertain for types that are not widely used, unless the server has no modules at all. */
RF_API rf_module_presence rf_module_presence_of(rf_server server, const char *type, const char *modules);

#define RF_NO_NODE SIZE_MAX

/* The index of the node that serves the key; RF_NO_NODE: no node of the cluster serves its slot. */
RF_API size_t rf_live_node_of(const rf_live *live, rf_slice key);

/* `live` may be NULL. */
RF_API void rf_live_close(rf_live *live);

#endif
