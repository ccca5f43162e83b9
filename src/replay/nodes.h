/* SPDX-License-Identifier: MIT */
/* The nodes of the target, and the connections to them. */
#ifndef REPLAY_NODES_H
#define REPLAY_NODES_H

#include "base/buffer.h"
#include "net/client.h"
#include "net/cluster_map.h"
#include <rdbferry/replay.h>

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
    rf_server server;       /* reported by the node; 0.0: unknown */
    uint32_t run;           /* identifies its process; 0: unknown */
    uint32_t import_run;    /* the process that was in import mode; 0: not used */
    bool modules_asked;     /* for this process */
    bool modules_known;     /* the list of its modules is known: */
    struct buffer modules;  /* their names, each terminated by a NUL, and one more NUL */
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

/* Does the same if a change is suspected, at most once a second; no error if they cannot be found. */
rf_code nodes_check(rf_replay *r, rf_error *error);

/* --- connect.c ------------------------------------------------------------------------------------------ */

/* Connects a pipeline. RF_E_TARGET if that is not possible now. */
rf_code node_connect(struct node *node, struct pipeline *pipeline, rf_error *error);

/* The node's control connection, opened if necessary. After an error it must be closed with
 * node_close_control(). */
rf_code node_open_control(struct node *node, struct client **out, rf_error *error);
void node_close_control(struct node *node);

/* The number of keys that the node has evicted so far. */
rf_code node_count_evicted(struct node *node, int64_t *keys, rf_error *error);

/* --- fence.c: lost connections -------------------------------------------------------------------------- */

/* Ensures that lost connections cannot execute anything any more. Called before anything is sent again. */
rf_code node_fence(struct node *node, rf_error *error);

/* Names a new connection, so that it can be found when it is lost. *named: the server accepts that. */
rf_code fence_set_name(const rf_replay *r, struct client *client, unsigned serial, bool *named,
                       rf_error *error);

/* Kills lost connections over a new one, or waits until what they have sent is executed. */
rf_code fence_kill_lost(struct node *node, struct client *client, unsigned serial, rf_error *error);

#endif
