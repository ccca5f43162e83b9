/* SPDX-License-Identifier: MIT */
/* The primaries of a target: a single server, the primary monitored by Sentinels, or all primaries of a
 * cluster.
 *
 * The first server that answers is identified with INFO, or if that is not available with HELLO, COMMAND INFO
 * and CLUSTER INFO, all of which are optional. A Sentinel is asked for the primary, which must confirm its
 * role (ROLE); a cluster node is asked for all slots (CLUSTER SLOTS), some of which may not be assigned. */
#ifndef NET_PRIMARIES_H
#define NET_PRIMARIES_H

#include "net/address_index.h"
#include <rdbferry/slot.h>
#include <rdbferry/version.h>

enum {
    NODE_ID = 40,
    NO_NODE = UINT16_MAX, /* in node_of: the slot is not assigned */
};

struct primaries {
    rf_target_kind kind;      /* RF_TARGET_ANY: a standalone server */
    rf_server server;         /* of the data server, or as set in the target */
    bool assumed;             /* unknown: the oldest possible version */
    bool info_refused;        /* INFO is not available, */
    bool replica;             /* as reported by HELLO, if used */
    bool closes_on_unknown;   /* and the server closes the connection over unknown commands */
    bool restores_otherwise;  /* RESTORE is not that of Redis: Garnet */
    char info_error[128];     /* the reply to INFO; "" if it has no version */
    int64_t ahead_us;         /* the server's clock minus ours; 0 if unknown */
    rf_address *nodes;        /* without duplicates */
    char (*ids)[NODE_ID + 1]; /* of the nodes, if known; otherwise "" */
    size_t node_count;
    struct address_index index; /* of the nodes */
    uint16_t *node_of;          /* RF_SLOTS indices of `nodes`, or NO_NODE; NULL except for a cluster */
};

/* Tries the addresses in turn until one of them answers; those of the target are only tried if they are among
 * `addresses`. The error is the last one that a
 * retry does not change, or else that of the last address. */
rf_code primaries_find(const rf_target *target, const rf_address *addresses, size_t count,
                       struct primaries *out, rf_error *error);

/* Returns RF_E_TARGET if any slot is not assigned. */
rf_code primaries_expect_all_slots(const struct primaries *primaries, rf_error *error);

void primaries_free(struct primaries *primaries);

#endif
