/* SPDX-License-Identifier: MIT */
/* Texts with a number each, to find used names in a topology of many shards. */
#ifndef CLUSTER_TOPOLOGY_NAMES_H
#define CLUSTER_TOPOLOGY_NAMES_H

#include "base/hash_table.h"
#include <rdbferry/slice.h>

struct topology_name {
    uint64_t hash;
    rf_slice text; /* borrowed */
    size_t number; /* 0: a new one */
};

struct topology_names {
    struct hash_table table; /* of struct topology_name */
};

/* A table for at most this many texts. False if out of memory. */
bool topology_names_open(struct topology_names *names, size_t most);

/* The entry of the text, whose address is stable: added with the number 0 if it is new. Its bytes must
 * outlive the table. */
struct topology_name *topology_names_put(struct topology_names *names, rf_slice text);

void topology_names_close(struct topology_names *names);

#endif
