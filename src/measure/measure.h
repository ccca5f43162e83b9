/* SPDX-License-Identifier: MIT */
/* The properties of a value that determine its memory in a server: collected element by element (measure.c,
 * measure_nodes.c), and converted to bytes at the end (measure_memory.c, which describes the model). */
#ifndef MEASURE_MEASURE_H
#define MEASURE_MEASURE_H

#include "rdb/value.h"
#include <rdbferry/measure.h>

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
    uint64_t packed;      /* size as entries of a listpack; incomplete if there are too many for one */
    uint64_t blob;        /* size of a zset's listpack in the dump; 0: none, or unknown */
    uint64_t apart;       /* size as separate allocations */
    uint64_t expiring;    /* fields that have an expiry */
    uint64_t not_numbers; /* members that are not integers */
    uint64_t widest;      /* size of the widest integer */
    struct nodes nodes;
    /* of a stream */
    struct id_tree tree;                 /* of the nodes */
    struct id_tree pending;              /* of the consumer reported last */
    rf_stream_id master_id;              /* ID of the first entry of the current node */
    uint64_t master_pairs, master_names; /* number of its fields, and the total length of their names */
    uint64_t group_memory;
};

/* Limits of packed encodings in a server. */
enum { LISTPACK_ENTRIES = 128, LISTPACK_VALUE = 64, INTSET_ENTRIES = 512 };

enum { LISTPACK_FRAME = 7 }; /* header and end */

enum { MEMORY_OBJECT = 16, MEMORY_TABLE_ENTRY = 24 };

/* --- costs ------------------------------------------------------------------------------------------- */

/* The size that jemalloc allocates for n bytes: 8, multiples of 16 up to 128, then four classes for each
 * doubling. */
static inline uint64_t memory_allocated(uint64_t n)
{
    if (n <= 8)
        return 8;
    unsigned log = 63 - (unsigned)__builtin_clzll(n - 1);
    uint64_t step = log > 6 ? UINT64_C(1) << (log - 2) : 16;
    return (n + step - 1) & ~(step - 1);
}

/* A string in an allocation of its own: a header by its length, the bytes, a NUL. */
static inline uint64_t memory_of_string(uint64_t len)
{
    uint64_t header = len - 1 < 31 ? 1 : len < 256 ? 3 : len < 65536 ? 5 : len >> 32 ? 17 : 9;
    return memory_allocated(header + len + 1);
}

/* An entry of a listpack, with its back length. */
uint64_t packed_string_size(rf_slice element);
uint64_t packed_integer_size(int64_t number);
uint64_t packed_score_size(double score);

/* --- nodes ------------------------------------------------------------------------------------------- */

void id_tree_add(struct id_tree *tree, rf_stream_id id);

void nodes_begin(struct shape *shape);
void nodes_add_item(struct shape *shape, rf_slice item);
void nodes_add_entry(struct shape *shape, rf_stream_id id, const rf_slice *fields_values, size_t pairs);
void nodes_end(struct shape *shape);

/* --- the sum ----------------------------------------------------------------------------------------- */

/* Of a radix tree, as MEMORY USAGE counts it. */
uint64_t memory_of_tree(const struct id_tree *tree);

/* Of a key's name and its entry in the table of keys. */
static inline uint64_t memory_of_key(rf_slice name)
{
    return MEMORY_TABLE_ENTRY + memory_of_string(name.len);
}

/* Of a string: an integer is kept in the object, a short text in one allocation with it. */
static inline uint64_t memory_of_number(void)
{
    return MEMORY_OBJECT;
}

static inline uint64_t memory_of_text(uint64_t len)
{
    enum { TOGETHER_MOST = 44, TOGETHER_FRAME = 3 + 1 };
    return len <= TOGETHER_MOST ? memory_allocated(MEMORY_OBJECT + TOGETHER_FRAME + len)
                                : MEMORY_OBJECT + memory_of_string(len);
}

/* Of another value. */
uint64_t memory_of_value(const rf_entry *key, const struct shape *shape);

#endif
