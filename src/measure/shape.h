/* SPDX-License-Identifier: MIT */
/* The properties of a value that determine its memory in a server: collected element by element (measure.c,
 * measure_nodes.c), and converted to bytes at the end (memory_model.c). */
#ifndef MEASURE_SHAPE_H
#define MEASURE_SHAPE_H

#include "rdb/value.h"

/* A radix tree of stream IDs that are added in ascending order. */
struct id_tree {
    uint64_t ids, nodes;
    rf_stream_id last;
    uint32_t branches; /* bit n: the node at depth n on the path to `last` has several children */
};

/* The listpacks of a list or a stream. */
struct nodes {
    bool known_bounds;       /* node boundaries are given by the window's position */
    uint64_t at;             /* the window's position after the current node */
    uint64_t stored;         /* its size in the dump, possibly compressed */
    uint64_t bytes, entries; /* of its elements */
    uint64_t memory;         /* of the previous ones */
};

struct shape {
    const struct rf_value *value;
    uint64_t elements, longest, bytes;
    uint64_t packed;          /* size as entries of a listpack; incomplete if there are too many for one */
    uint64_t blob;            /* size of a zset's listpack in the dump; 0: none, or unknown */
    uint64_t apart;           /* size as separate allocations */
    uint64_t expiring;        /* fields or members that have an expiry */
    uint64_t packed_expiries; /* of members, as entries of a listpack; incomplete like `packed` */
    uint64_t not_numbers;     /* members that are not integers */
    uint64_t widest;          /* size of the widest integer */
    struct nodes nodes;
    /* of a stream */
    struct id_tree tree;                 /* of the nodes */
    struct id_tree pending;              /* of the consumer reported last */
    rf_stream_id master_id;              /* ID of the first entry of the current node */
    uint64_t master_pairs, master_names; /* number of its fields, and the total length of their names */
    uint64_t group_memory;
};

#endif
