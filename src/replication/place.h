/* SPDX-License-Identifier: MIT */
/* Where the server is that is read, or whose stream is followed: Sentinels name the primary anew each time,
 * and the nodes of a cluster tell which one has its slots now. */
#ifndef REPLICATION_PLACE_H
#define REPLICATION_PLACE_H

#include "net/primaries.h"

struct place {
    const rf_target *source;
    const struct primaries *cluster; /* as it was in the beginning: borrowed; NULL: not a cluster */
    size_t node;                     /* of these */
    bool followed;                   /* it is by its stream; else only snapshots are read */
};

struct located {
    const rf_address *addresses; /* to be tried in turn; borrowed from the source, or from `found` */
    size_t count;
    const char *id; /* of the node of a cluster; "": unknown */
    struct primaries found;
    size_t node; /* of these, if any were asked for */
    bool moved;  /* the error is that slots have moved */
};

/* RF_E_TARGET: slots have moved from one node of the cluster to another one: their keys may be in both
 * snapshots or in none, and the order of what is written to them is not known. The caller frees the result.
 */
rf_code place_locate(const struct place *place, struct located *out, rf_error *error);

void located_free(struct located *located);

/* RF_E_TARGET: a slot of the node is being moved. */
rf_code place_check_migration(const struct place *place, rf_error *error);

#endif
