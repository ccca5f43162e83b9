/* SPDX-License-Identifier: MIT */
/* Texts, each with a number of its own: whether one occurred before, in a topology of many nodes. */
#ifndef CLUSTER_TOPOLOGY_NAMES_H
#define CLUSTER_TOPOLOGY_NAMES_H

#include <rdbferry/slice.h>

struct topology_name {
    rf_slice text; /* borrowed */
    size_t number; /* 0: a new one */
};

/* A zeroed table is empty and ready; it takes two texts for each slot. */
struct topology_names {
    struct topology_name *places;
};

/* The text's place, which stays where it is: put in, with the number 0, unless it is there. Its bytes have to
 * outlive the table. NULL: memory is out. */
struct topology_name *topology_names_put(struct topology_names *names, rf_slice text);

void topology_names_free(struct topology_names *names);

#endif
