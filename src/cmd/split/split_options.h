/* SPDX-License-Identifier: MIT */
/* Options of `split`. */
#ifndef CMD_SPLIT_SPLIT_OPTIONS_H
#define CMD_SPLIT_SPLIT_OPTIONS_H

#include "cmd/options/common_options.h"
#include "cmd/options/output_options.h"
#include "cmd/options/target_options.h"
#include <rdbferry/nodes.h>
#include <rdbferry/topology.h>

struct split_options {
    struct common_options common;
    struct output_options written;
    const char *output; /* a directory; NULL if nothing is written */
    uint64_t shards;    /* one of these is given, or nodes, which may have slots */
    const char *slots, *topology_from;
    const char *nodes_list;
    uint64_t replicas;
    const char *name; /* a pattern for the names of outputs; NULL: named by shard and slots */
    int compress;     /* rf_compression */
    bool dry_run;
    struct target_options target_options;
    rf_topology *topology; /* made of one of those */
    rf_nodes *nodes;       /* NULL: none */
};

/* If false, the command exits with *status; the help or the error has been printed. In both cases it is freed
 * with split_options_free(). */
bool split_options_read(int argc, char **argv, struct split_options *options, int *status);
void split_options_free(struct split_options *options);

extern const struct option_table *const split_options_table;

#endif
