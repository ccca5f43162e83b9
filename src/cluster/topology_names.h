/* SPDX-License-Identifier: MIT */
/* Texts, each with a number: whether a name is taken, in a topology of many shards. */
#ifndef CLUSTER_TOPOLOGY_NAMES_H
#define CLUSTER_TOPOLOGY_NAMES_H

#include <rdbferry/slice.h>
#include <stdbool.h>

struct topology_name {
    rf_slice text; /* borrowed */
    size_t number; /* 0: a new one */
};

struct topology_names {
    struct topology_name *places;
    size_t mask;
    uint64_t seed; /* of the hash: names come from outside */
};

/* A table for so many texts, no more. False when memory is out. */
bool topology_names_open(struct topology_names *names, size_t most);

/* The text's place, which stays where it is: put in, with the number 0, unless it is there. Its bytes have to
 * outlive the table. */
struct topology_name *topology_names_put(struct topology_names *names, rf_slice text);

void topology_names_close(struct topology_names *names);

#endif
