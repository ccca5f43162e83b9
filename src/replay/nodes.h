/* SPDX-License-Identifier: MIT */
/* The nodes of the target, and the connections to them. */
#ifndef REPLAY_NODES_H
#define REPLAY_NODES_H

#include "base/buffer.h"
#include "net/client.h"
#include "net/cluster_map.h"
#include "replay/retry_queue.h"
#include <rdbferry/replay.h>

struct opening;
struct pipeline;

struct node {
    struct cluster_node base; /* must be first */
    rf_replay *replay;
    struct pipeline *pipelines; /* options.connections elements */
    unsigned current;           /* the pipeline that is being filled */
    bool fence;            /* a connection was lost, here or by an earlier run, and has to be killed first */
    bool no_client_names;  /* its connections could not be named, and so cannot be found */
    bool connected;        /* at least once since it became one */
    int64_t lost_ms;       /* since when it has to be connected again; 0: it does not */
    bool wait_replicas;    /* it has replicas: writes are not safe until these have acknowledged them */
    unsigned replicas;     /* their number. Any of them may be promoted */
    bool wait_unsupported; /* WAIT is not available */
    bool cleanup_failed;   /* it cannot be reached for the cleanup */
    bool evicts;           /* it may evict any key when its memory is full */
    bool evicts_expiring;  /* or those with an expiry */
    int64_t next_wait_ms;  /* the next WAIT is not sent before; 0: no limit */
    int64_t no_ack_since_ms; /* since when no replica has acknowledged writes; 0: they do */
    uint64_t keys, bytes;
    rf_server server;        /* reported by the node; 0.0: unknown */
    uint32_t run;            /* identifies its process; 0: unknown */
    uint32_t import_run;     /* the process that was in import mode; 0: not used */
    int64_t import_expired;  /* keys and fields that it had deleted when it was asked; -1: unknown */
    bool modules_asked;      /* for this process */
    bool modules_known;      /* the list of its modules is known: */
    struct buffer modules;   /* their names, each terminated by a NUL, and one more NUL */
    struct opening *opening; /* a connection that is being opened; NULL: none */
    rf_error failure;        /* of the last one that was; code RF_OK: none, or it has been returned */
    int64_t failing_ms;      /* since when groups cannot be sent to it; 0: they can */
    int64_t pause_ms;        /* duration of the last pause after such a failure, */
    int64_t held_until_ms;   /* and its end; 0: there was none */
    struct held {            /* requests that wait for a connection (held.c): */
        struct retry_queue retry, unconfirmed; /* to which of the replay's queues they belong */
    } held;
    struct client *control; /* control connection for queries; NULL: not open */
    unsigned control_serial;
    int64_t control_db; /* database selected on it */
};

/* --- nodes.c: the nodes of the map ---------------------------------------------------------------------- */

/* What the map calls. A node that is no primary any more loses its connections. */
struct cluster_map_owner nodes_owner(rf_replay *r);

/* How waiting is logged. */
rf_target_wait nodes_wait_options(const rf_replay *r);

/* Logs a message about a node. */
void node_log(const struct node *node, const char *what);

/* --- topology.c: changes of the target ------------------------------------------------------------------ */

/* Finds the primaries for the first time. */
rf_code nodes_find(rf_replay *r, rf_error *error);

/* Finds the primaries again, if they may have changed. RF_E_TARGET if they cannot be found now, or if a node
 * redirects to an address that its cluster does not list, which ends the run. */
rf_code nodes_refresh(rf_replay *r, rf_error *error);

/* The same without waiting: RF_END if it is in progress. It is to be called again. */
rf_code nodes_continue_refresh(rf_replay *r, rf_error *error);

/* Does the same if a change is suspected, at most once a second; no error if they cannot be found. */
rf_code nodes_check(rf_replay *r, rf_error *error);

/* --- connect.c ------------------------------------------------------------------------------------------ */

/* These begin to open what is not open, and return. RF_OK: it is open, and all lost connections of the node
 * are fenced, so that requests can be sent again. RF_END: it is being opened by the event loop. RF_E_TARGET:
 * that has failed; the next call begins anew. */
rf_code node_connect(struct node *node, struct pipeline *pipeline, rf_error *error);
rf_code node_connect_control(struct node *node, rf_error *error);

/* Continues whatever is being opened, without waiting. An error has ended the run. */
rf_code nodes_continue_opening(rf_replay *r, rf_error *error);

/* Closes what is being opened, and forgets an earlier failure. */
void node_cancel_opening(struct node *node);

/* The node's control connection, opened if necessary, while the event loop goes on. After an error it must be
 * closed with node_close_control(). */
rf_code node_open_control(struct node *node, struct client **out, rf_error *error);
void node_close_control(struct node *node);

/* Waits until lost connections cannot execute anything any more. */
rf_code node_fence(struct node *node, rf_error *error);

/* The number of keys that the node has evicted so far. */
rf_code node_count_evicted(struct node *node, int64_t *keys, rf_error *error);

#endif
