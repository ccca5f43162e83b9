/* SPDX-License-Identifier: MIT */
/* The nodes of --nodes: what is said of them. */
#ifndef CMD_SPLIT_SPLIT_NODES_H
#define CMD_SPLIT_SPLIT_NODES_H

#include "base/json.h"
#include "cmd/split/split_options.h"
#include <rdbferry/nodes.h>

/* Warns of a cluster that survives no failure, or less than it could. */
void split_nodes_warn(const rf_nodes *nodes);

/* Prints what is left to do with the directories. */
void split_nodes_print(const struct split_options *options);

/* Adds the array "nodes" to a report. */
void split_nodes_report(struct json *json, const rf_nodes *nodes);

#endif
