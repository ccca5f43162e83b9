/* SPDX-License-Identifier: MIT */
/* Discovery through a Sentinel or a cluster node. Private to primaries.c. */
#ifndef NET_DISCOVER_H
#define NET_DISCOVER_H

#include "net/client.h"
#include "net/primaries.h"

/* Asks a Sentinel for the primary that the target names, or the only one that it monitors. */
rf_code discover_primary(struct client *sentinel, const rf_target *target, struct primaries *primaries,
                         rf_error *error);

/* Asks a cluster node for the slots of each primary. `asked` is the node's address. */
rf_code discover_cluster(struct client *node, const rf_address *asked, struct primaries *primaries,
                         rf_error *error);

/* Sets kind, server and clock of the server at this address, and what it does not report. *client is
 * connected to it, and may be replaced if the server closes the connection over a query. */
rf_code identify(const rf_target *target, const rf_address *address, struct client **client,
                 struct primaries *primaries, rf_error *error);

/* Sends AUTH; to Sentinels with their own user and password, if any. */
rf_code primaries_authenticate(struct client *client, const rf_target *target, rf_error *error);

/* Prepends the role of the server to the error message: "Sentinel", "primary". */
rf_code primaries_blame(const char *who, rf_code code, rf_error *error);

/* Adds a node unless it exists, and gets its index. The id may be empty; two nodes at the same address are
 * RF_E_TARGET. */
rf_code primaries_add(struct primaries *primaries, rf_slice host, int64_t port, rf_slice id, size_t *index,
                      rf_error *error);

#endif
