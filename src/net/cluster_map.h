/* SPDX-License-Identifier: MIT */
/* The nodes of a target and the slots that they serve, as they change.
 *
 *   cluster_map_find()      the first topology, from the addresses of the target
 *   cluster_map_refresh()   the next ones, from the nodes of the last one, those that are lost at the end, or
 *   cluster_map_continue()  else from those addresses: waiting, or without
 *
 * Nodes are never removed, so that pointers to them remain valid: one that is not in the topology any more is
 * no primary. The owner of the map makes them, and has in them what it needs for each. It connects to nodes
 * by itself; only addresses from a topology or from admitted redirections are in the map. */
#ifndef NET_CLUSTER_MAP_H
#define NET_CLUSTER_MAP_H

#include "net/primaries_query.h"
#include "net/reply.h"

/* The first member of the owner's nodes. */
struct cluster_node {
    rf_address address;
    char name[ADDRESS_TEXT]; /* the address, for messages */
    bool primary;            /* as far as known, */
    bool was_primary;        /* and in the topology before */
    bool lost;               /* set by the owner: it may not answer, so it is asked last */
};

struct cluster_map_owner {
    /* Makes a node, whose first member is set by the map. NULL: out of memory. */
    struct cluster_node *(*make)(void *ctx);
    /* Called with each topology for the nodes that are no primaries in it. */
    rf_code (*demote)(void *ctx, struct cluster_node *node, rf_error *error);
    void (*free)(struct cluster_node *node);
    void *ctx;
};

/* Zeroed, but for target and owner: nothing is known yet. */
struct cluster_map {
    const rf_target *target;
    struct cluster_map_owner owner;
    struct primaries primaries;    /* the topology */
    struct cluster_node **primary; /* primaries.node_count elements, in the same order */
    struct cluster_node **nodes;   /* all that were ever added */
    size_t node_count;
    struct address_index index;      /* of `nodes` */
    struct cluster_node *unassigned; /* not one of `nodes`: serves the slots that are not assigned */
    struct cluster_node **node_of;   /* RF_SLOTS elements; only the first one is used except for a cluster */
    uint64_t moves;                  /* number of times that slots were seen to have moved, */
    uint64_t reshards;               /* and not only by a failover */
    bool stale;                      /* the topology may have changed: to be refreshed */
    struct primaries_query *query;   /* the refresh in progress; NULL: none, */
    rf_address *asked;               /* and whom it asks, which are nodes of the topology */
    bool suspect;                    /* a primary may have been replaced: to be refreshed when it is due */
    int64_t checked_ms;              /* time of the last refresh of a suspect topology */
};

/* RF_E_UNAVAILABLE if no server can be reached now. */
rf_code cluster_map_find(struct cluster_map *map, rf_error *error);

/* The same; RF_E_TARGET, too, if the kind of the target has changed. These errors leave the map as it is.
 * After one of the owner the topology is the new one; after RF_E_MEMORY the map may only be freed. */
rf_code cluster_map_refresh(struct cluster_map *map, rf_error *error);

/* The same without waiting: begins a refresh, or continues the one in progress. RF_END: not over yet. What
 * makes the map stale meanwhile needs another refresh. */
rf_code cluster_map_continue(struct cluster_map *map, rf_error *error);

/* Cancels the refresh in progress, if any; the map is stale then. */
void cluster_map_cancel(struct cluster_map *map);

/* Whether the topology is the newest that is known of: not stale, and not being refreshed. */
static inline bool cluster_map_is_current(const struct cluster_map *map)
{
    return !map->stale && !map->query;
}

/* Whether a refresh is waited for. */
static inline bool cluster_map_is_waiting(const struct cluster_map *map)
{
    return map->query && !primaries_query_is_over(map->query);
}

/* Whether the topology is suspect, and was not refreshed for that within the last second. It is stale then,
 * and not suspect any more. */
bool cluster_map_is_due(struct cluster_map *map);

/* The node at an address that is in the map; NULL: none. */
struct cluster_node *cluster_map_known(const struct cluster_map *map, const rf_address *address);

/* Adds the node at an address that `asked` has redirected to, if it is in the reply of `asked` to CLUSTER
 * NODES: a node that receives its first slot is in no topology yet. RF_E_TARGET if it is not listed. */
rf_code cluster_map_admit(struct cluster_map *map, const struct cluster_node *asked,
                          const rf_address *address, struct reply nodes, struct cluster_node **out,
                          rf_error *error);

/* The key's slot; 0 except for a cluster. */
static inline unsigned cluster_map_slot(const struct cluster_map *map, rf_slice key)
{
    return map->primaries.node_of ? rf_slot_of(key) : 0;
}

/* The node that serves a slot, or a key's; `unassigned` if there is none. */
static inline struct cluster_node *cluster_map_of_slot(const struct cluster_map *map, unsigned slot)
{
    return map->node_of[slot];
}
static inline struct cluster_node *cluster_map_of_key(const struct cluster_map *map, rf_slice key)
{
    return map->node_of[cluster_map_slot(map, key)];
}

/* The first slot that the node serves; RF_SLOTS: none. */
unsigned cluster_map_first_slot(const struct cluster_map *map, const struct cluster_node *node);

/* "standalone", "sentinel" or "cluster". */
const char *cluster_map_kind(const struct cluster_map *map);

void cluster_map_free(struct cluster_map *map);

#endif
