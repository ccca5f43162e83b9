/* SPDX-License-Identifier: MIT */
/* Topologies as text, and what has to be true of every one. */
#ifndef TESTS_SHARDS_H
#define TESTS_SHARDS_H

#include "base/buffer.h"
#include <rdbferry/topology.h>

/* A line for each shard: "name host port id 0-99 101-5460", with "-" for what is not known. */
void shards_print(const rf_topology *topology, struct buffer *out);

/* Every slot in one range of the shard that has it; ranges in order and apart; names that are fit for files,
 * and no two the same. NULL, or what is wrong. */
const char *shards_fault(const rf_topology *topology);

#endif
