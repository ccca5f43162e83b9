/* SPDX-License-Identifier: MIT */
/* The two ways on from a node that has said what it is, and what they share. Private to finding
 * primaries. */
#ifndef NET_DISCOVER_H
#define NET_DISCOVER_H

#include "net/client.h"
#include "net/primaries.h"

/* Of a Sentinel: the primary that the target names, or the only one it watches. */
rf_code discover_primary(struct client *sentinel, const rf_target *target, struct primaries *primaries,
                         rf_error *error);

/* Of a node of a cluster: who has which slots. `asked`: where the node was reached. */
rf_code discover_cluster(struct client *node, const rf_address *asked, struct primaries *primaries,
                         rf_error *error);

/* Fills in kind, server and clock of whoever answers at this address, and what it does not answer. *client is
 * connected to it, and may be replaced by another one, where questions cost the connection. */
rf_code identify(const rf_target *target, const rf_address *address, struct client **client,
                 struct primaries *primaries, rf_error *error);

/* AUTH, to Sentinels with what is theirs: a user and a password of their own, if there is one. */
rf_code primaries_authenticate(struct client *client, const rf_target *target, rf_error *error);

/* Puts in front of an error which of them it is about: "Sentinel", "primary". */
rf_code primaries_blame(const char *who, rf_code code, rf_error *error);

/* Adds a node, unless it is there, and says which one it is. The id may be empty; two of them at one address
 * are RF_E_TARGET. */
rf_code primaries_add(struct primaries *primaries, rf_slice host, int64_t port, rf_slice id, size_t *index,
                      rf_error *error);

#endif
