/* SPDX-License-Identifier: MIT */
/* Who serves a target: one server, the primary that Sentinels watch, or all primaries of a Cluster.
 *
 * Whoever answers first is asked what it is: by INFO, or where that is refused by HELLO, COMMAND INFO and
 * CLUSTER INFO, of which none is needed. A Sentinel is asked for the primary, which has to say
 * itself that it is one (ROLE); a node of a cluster is asked who has which slots (CLUSTER SLOTS), of which
 * there may be some that nobody has. */
#ifndef NET_PRIMARIES_H
#define NET_PRIMARIES_H

#include "net/address_index.h"
#include <rdbferry/slot.h>
#include <rdbferry/version.h>

enum {
    NODE_ID = 40,
    NO_NODE = UINT16_MAX, /* in node_of: nobody has the slot */
};

struct primaries {
    rf_target_kind kind;      /* RF_TARGET_ANY: a server that stands alone */
    rf_server server;         /* of whoever has the data, or as the target says it is */
    bool assumed;             /* nobody says so: it is the oldest that it can be */
    bool silent;              /* it does not answer INFO, */
    bool replica;             /* as HELLO says, where it was asked */
    bool curt;                /* and closes the connection over questions that it does not know */
    char why_silent[128];     /* what it says to INFO; "" where that has no version */
    int64_t ahead_us;         /* of the server's clock, compared with ours; 0 where it does not say */
    rf_address *nodes;        /* each once */
    char (*ids)[NODE_ID + 1]; /* of the nodes, where they say; else "" */
    size_t node_count;
    struct address_index index; /* of the nodes */
    uint16_t *node_of;          /* RF_SLOTS places in `nodes`, or NO_NODE; NULL but for a cluster */
};

/* Asks the addresses in turn until one of them knows; `addresses` of the target are asked only if they are
 * among these. The error is that of the last one. */
rf_code primaries_find(const rf_target *target, const rf_address *addresses, size_t count,
                       struct primaries *out, rf_error *error);

/* RF_E_TARGET where there are slots that nobody has. */
rf_code primaries_expect_all_slots(const struct primaries *primaries, rf_error *error);

void primaries_free(struct primaries *primaries);

#endif
