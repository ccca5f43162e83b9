/* SPDX-License-Identifier: MIT */
/* The two ways on from a node that has said what it is, and what they share. Private to finding a topology.
 */
#ifndef NET_DISCOVER_H
#define NET_DISCOVER_H

#include "net/client.h"
#include "net/topology.h"

/* Of a Sentinel: the primary that the target names, or the only one it watches. */
rf_code discover_primary(struct client *sentinel, const rf_target *target, struct topology *topology,
                         rf_error *error);

/* Of a node of a cluster: who has which slots. `asked`: where the node was reached. */
rf_code discover_cluster(struct client *node, const rf_address *asked, struct topology *topology,
                         rf_error *error);

/* Fills in kind, server and clock of whoever answers. */
rf_code topology_ask_info(struct client *client, struct topology *topology, rf_error *error);

/* Adds a node, unless it is there, and says which one it is. */
rf_code topology_add_node(struct topology *topology, rf_slice host, int64_t port, size_t *index,
                          rf_error *error);

#endif
