/* SPDX-License-Identifier: MIT */
/* The struct behind rf_nodes: what nodes.c reads and nodes_conf.c writes. */
#ifndef CLUSTER_NODE_LIST_H
#define CLUSTER_NODE_LIST_H

#include "base/arena.h"
#include "base/buffer.h"
#include "cluster/topology_builder.h"
#include <rdbferry/nodes.h>
#include <stdbool.h>

struct node {
    rf_node info;
    bool is_named; /* its host is a name, not an address */
    char id[TOPOLOGY_ID + 1];
    char shard_id[TOPOLOGY_ID + 1]; /* of primaries; replicas have that of theirs */
};

struct rf_nodes {
    struct node *all;
    size_t count, primaries;
    struct arena strings;
    struct buffer conf;
};

#endif
