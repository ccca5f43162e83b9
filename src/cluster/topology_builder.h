/* SPDX-License-Identifier: MIT */
/* A topology under construction: shards and slots are added in any order; at the end every slot must belong
 * to exactly one shard. */
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
    rf_slot_range *ranges; /* of all shards, consecutively */
    uint16_t of_slot[RF_SLOTS];
    struct arena strings;
};

/* A primary; empty members are unknown, and a port without a host is ignored. */
struct topology_node {
    rf_slice host, id;
    int port;
};

enum topology_order { TOPOLOGY_AS_ADDED, TOPOLOGY_BY_SLOT };

struct topology_builder {
    const char *source; /* the origin of the topology, for errors; NULL: the caller's own list */
    rf_topology *topology;
    size_t capacity; /* for shards */
    bool clashes;    /* a slot was assigned twice */
    unsigned clash;  /* the first such slot, and its two shards */
    size_t clash_had, clash_got;
};

rf_code topology_builder_open(struct topology_builder *builder, const char *source, rf_error *error);

/* Adds a shard, which must be assigned slots. It is named by its number as long as it has no node. */
rf_code topology_builder_add(struct topology_builder *builder, size_t *shard, rf_error *error);

/* Copies the known properties of the shard's node. */
rf_code topology_builder_describe(struct topology_builder *builder, size_t shard,
                                  const struct topology_node *node, rf_error *error);

/* The shard of a node: an existing or a new one. A node is identified by its ID. */
rf_code topology_builder_shard_of(struct topology_builder *builder, const struct topology_node *node,
                                  size_t *shard, rf_error *error);

/* first <= last < RF_SLOTS. A slot assigned twice keeps its first shard, and causes an error at the end. */
void topology_builder_give(struct topology_builder *builder, size_t shard, unsigned first, unsigned last);

/* RF_E_ARGUMENT for slots that are assigned twice, or not at all. */
rf_code topology_builder_finish(struct topology_builder *builder, enum topology_order order,
                                rf_topology **out, rf_error *error);

/* Gives a shard of a finished topology another name, which must be unique. */
rf_code topology_name_shard(rf_topology *topology, size_t index, const char *name, rf_error *error);

/* Sets the address of its primary. */
rf_code topology_place_shard(rf_topology *topology, size_t index, const char *host, int port,
                             rf_error *error);

/* Frees what was not passed on. */
void topology_builder_close(struct topology_builder *builder);

#endif
