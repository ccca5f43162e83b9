/* SPDX-License-Identifier: MIT */
/* The nodes of a cluster that is to be created, and the nodes.conf of each: servers that are started with it,
 * and with the data of their shards, are the cluster. */
#ifndef RDBFERRY_NODES_H
#define RDBFERRY_NODES_H

#include <rdbferry/error.h>
#include <rdbferry/slice.h>
#include <rdbferry/topology.h>
#include <rdbferry/version.h>
#include <stddef.h>
#include <stdint.h>

enum {
    RF_NODES_MAX = 1000,   /* the number up to which servers are said to scale */
    RF_NODE_HOST_MAX = 45, /* bytes of a host: servers have no room for more in an address */
};

typedef struct rf_node {
    const char *name; /* of its directory: letters, digits, "-", "." and "_"; unique */
    const char *host; /* an IP address, without brackets, or a host name */
    int port, bus_port;
    size_t primary; /* the index of its primary; its own if it is one */
} rf_node;

typedef struct rf_nodes rf_nodes;

/* "10.0.0.1:6379,[fe80::2]:6379@7379,node-3": the port is 6379 if it is omitted, and that of the cluster bus
 * 10000 more. As with `redis-cli --cluster create`, the first are primaries; with `replicas`, each has as
 * many, which follow: with three primaries and one replica the fourth node replicates the first. They are
 * named by address, and their ids are random, so that two clusters never have nodes in common. RF_E_ARGUMENT
 * for anything that is no such list, and for nodes that share a port or a name. */
RF_API rf_code rf_nodes_parse(const char *list, uint64_t replicas, rf_nodes **out, rf_error *error);

/* Names them by a pattern, as rf_topology_set_names() does. */
RF_API rf_code rf_nodes_set_names(rf_nodes *nodes, const char *pattern, rf_error *error);

/* Primaries come first. */
RF_API size_t rf_nodes_count(const rf_nodes *nodes);
RF_API size_t rf_nodes_primaries(const rf_nodes *nodes);
RF_API const rf_node *rf_nodes_at(const rf_nodes *nodes, size_t index);

/* A shard for each primary, with its name and address. `slots`: as for rf_topology_of_ranges(), or NULL:
 * equal ranges. */
RF_API rf_code rf_nodes_topology(const rf_nodes *nodes, const char *slots, rf_topology **out,
                                 rf_error *error);

/* The nodes.conf of a node, in the format of a server; `topology` is one that rf_nodes_topology() made. The
 * text is borrowed until the next call. */
RF_API rf_code rf_nodes_conf(rf_nodes *nodes, const rf_topology *topology, size_t index, rf_server server,
                             rf_slice *text, rf_error *error);

/* `nodes` may be NULL. */
RF_API void rf_nodes_free(rf_nodes *nodes);

#endif
