/* SPDX-License-Identifier: MIT */
/* What a target turns out to be: one server, the primary that Sentinels watch, or a Cluster with all its
 * primaries.
 *
 * Whoever answers first is asked what it is (INFO). A Sentinel is asked for the primary, which has to say
 * itself that it is one (ROLE); a node of a cluster is asked who has which slots (CLUSTER SLOTS), and
 * somebody has to have each. */
#ifndef NET_TOPOLOGY_H
#define NET_TOPOLOGY_H

#include "net/address.h"
#include <rdbferry/slot.h>
#include <rdbferry/version.h>

struct topology {
    rf_target_kind kind; /* RF_TARGET_ANY: a server that stands alone */
    rf_server server;    /* of whoever has the data; 0.0: cannot be told */
    int64_t ahead_us;    /* of the server's clock, compared with ours; 0 where it does not say */
    rf_address *nodes;   /* primaries, each once */
    size_t node_count;
    uint16_t *node_of; /* RF_SLOTS places in `nodes`; NULL but for a cluster */
};

/* Asks the addresses in turn until one of them knows; `addresses` of the target are asked only if they are
 * among these. The error is that of the last one. */
rf_code topology_find(const rf_target *target, const rf_address *addresses, size_t count,
                      struct topology *out, rf_error *error);

void topology_free(struct topology *topology);

#endif
