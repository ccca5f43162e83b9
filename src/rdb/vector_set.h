/* SPDX-License-Identifier: MIT */
/* The value of the module "vectorset", which is built into Redis 8: whether a server that loads it finds a
 * graph that it can use. The value itself remains one of a module: items, passed on as they are. */
#ifndef RDB_VECTOR_SET_H
#define RDB_VECTOR_SET_H

#include "rdb/walk.h"

/* The items so far. Zeroed: none. */
struct vector_set {
    unsigned step; /* of the value: which item is next */
    uint64_t dimension, nodes, quantization;
    bool has_matrix, has_attributes;
    uint64_t input_dimension;
    bool knows_graphs; /* false: some node is in a version of the format that is not known */
    uint64_t seed, balance[2];

    /* Of the node that is being read. */
    unsigned graph_step;
    uint64_t numbers, id; /* numbers: left of its graph */
    uint64_t level, layer, links, link;
};

/* The next item. Fails if no server has such a value. */
rf_code vector_set_item(struct vector_set *s, struct walk *k, const rf_module_part *item);

/* After the last item. */
rf_code vector_set_end(const struct vector_set *s, struct walk *k);

#endif
