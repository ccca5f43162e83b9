/* SPDX-License-Identifier: MIT */
/* Warnings about nodes, what to do with their directories, and their part of a report. */
#include "cmd/split/split_nodes.h"
#include "cmd/term/message.h"
#include <string.h>

enum { MAJORITY_OF = 3 /* primaries: those that are left after a failure have to be a majority */ };

static bool same_host(const rf_node *a, const rf_node *b)
{
    return strcmp(a->host, b->host) == 0;
}

static bool has_one_host(const rf_nodes *nodes)
{
    for (size_t i = 1; i < rf_nodes_count(nodes); i++)
        if (!same_host(rf_nodes_at(nodes, 0), rf_nodes_at(nodes, i)))
            return false;
    return true;
}

void split_nodes_warn(const rf_nodes *nodes)
{
    size_t primaries = rf_nodes_primaries(nodes);
    if (primaries < MAJORITY_OF)
        message_warning("%zu primar%s: a cluster needs %d for automatic failover", primaries,
                        primaries == 1 ? "y" : "ies", MAJORITY_OF);
    for (size_t i = primaries; i < rf_nodes_count(nodes) && !has_one_host(nodes); i++) {
        const rf_node *replica = rf_nodes_at(nodes, i), *primary = rf_nodes_at(nodes, replica->primary);
        if (same_host(replica, primary))
            message_warning("%s:%d is on the host of its primary, %s:%d: list the nodes in another order",
                            replica->host, replica->port, primary->host, primary->port);
    }
}

void split_nodes_print(const struct split_options *options)
{
    message_summary("to start the cluster: each directory is the working directory of its server, with "
                    "cluster-enabled yes and appendonly %s",
                    options->written.to == TO_RDB ? "no" : "yes");
}

void split_nodes_report(struct json *json, const rf_nodes *nodes)
{
    json_array(json, "nodes");
    for (size_t i = 0; i < rf_nodes_count(nodes); i++) {
        const rf_node *node = rf_nodes_at(nodes, i);
        json_object(json, NULL);
        json_string(json, "name", node->name);
        json_string(json, "host", node->host);
        json_number(json, "port", (uint64_t)node->port);
        json_number(json, "bus_port", (uint64_t)node->bus_port);
        json_string(json, "primary", node->primary == i ? NULL : rf_nodes_at(nodes, node->primary)->name);
        json_end_object(json);
    }
    json_end_array(json);
}
