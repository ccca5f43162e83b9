/* SPDX-License-Identifier: MIT */
/* A topology in the making: shards and their slots go in, in any order, and at the end everybody must have
 * their own. */
#ifndef CLUSTER_TOPOLOGY_BUILDER_H
#define CLUSTER_TOPOLOGY_BUILDER_H

#include "base/arena.h"
#include <rdbferry/topology.h>
#include <stdbool.h>

enum {
    TOPOLOGY_ID = 40,        /* hexadecimal digits of a node's id */
    TOPOLOGY_HOST_MAX = 255, /* bytes of a host */
    TOPOLOGY_PORT_MAX = 65535,
};

struct rf_topology {
    rf_shard *shards;
    size_t shard_count;
    rf_slot_range *ranges; /* of all shards, one behind the other */
    uint16_t of_slot[RF_SLOTS];
    struct arena strings;
};

/* A primary; what has no bytes is not known, and a port without a host does not count. */
struct topology_node {
    rf_slice host, id;
    int port;
};

enum topology_order { TOPOLOGY_AS_ADDED, TOPOLOGY_BY_SLOT };

struct topology_builder {
    const char *source; /* what the topology is made from, for errors; NULL: the caller's own list */
    rf_topology *topology;
    size_t room;    /* for shards */
    bool clashes;   /* somebody got a slot that somebody had */
    unsigned clash; /* the first one, and who */
    size_t clash_had, clash_got;
};

rf_code topology_builder_open(struct topology_builder *builder, const char *source, rf_error *error);

/* A new shard, which has to be given slots. It is called by its number as long as it has no node. */
rf_code topology_builder_add(struct topology_builder *builder, size_t *shard, rf_error *error);

/* Copies what is known of the shard's node. */
rf_code topology_builder_describe(struct topology_builder *builder, size_t shard,
                                  const struct topology_node *node, rf_error *error);

/* The shard of a node: the one that there is, or a new one. A node is told by its id. */
rf_code topology_builder_shard_of(struct topology_builder *builder, const struct topology_node *node,
                                  size_t *shard, rf_error *error);

/* first <= last < RF_SLOTS. A slot that somebody has stays theirs, and is an error at the end. */
void topology_builder_give(struct topology_builder *builder, size_t shard, unsigned first, unsigned last);

/* RF_E_ARGUMENT for slots that two shards have, or none. */
rf_code topology_builder_finish(struct topology_builder *builder, enum topology_order order,
                                rf_topology **out, rf_error *error);

/* Frees what was not handed out. */
void topology_builder_close(struct topology_builder *builder);

#endif
