/* SPDX-License-Identifier: MIT */
/* Finds the names that occur most often, and those with the largest weight, among more names than fit in
 * memory.
 *
 * A table of names, each with its count and its weight since it was added. When the table is full, names that
 * are low in both are evicted, and an upper bound of their counts and weights is kept. A name that is added
 * later may have been evicted before, and may have missed as much. So the figures of a name whose `missed` is
 * 0 are exact, and those of any other are too low by at most what it missed. A name is certain to be kept if
 * it has a small part of the whole: 4/SKETCH_NAMES. (After the frequent-items sketches of Misra and Gries,
 * and of Anderson and others, 2017.) */
#ifndef CMD_INSPECT_SKETCH_H
#define CMD_INSPECT_SKETCH_H

#include "base/hash_table.h"

enum { SKETCH_NAMES = 4096, SKETCH_NAME_KEPT = 80 };

struct sketch_sum {
    uint64_t count, weight;
};

struct sketch_name {
    uint64_t hash;
    struct sketch_sum sum, missed;
    uint32_t length; /* of the whole name */
    uint8_t name[SKETCH_NAME_KEPT];
    void *figures; /* of the user; all 0 when the name is added */
};

struct sketch {
    struct sketch_name *names; /* NULL: nothing was added */
    struct hash_table buckets; /* by hash; its random seed: no names can be crafted that share one */
    size_t count;
    struct sketch_sum evicted_max; /* upper bound for a name that is not in the table */
    size_t figures_size;           /* bytes of each name's figures; set before the first name */
    uint8_t *figures;              /* of all names */
};

/* Returns the name, valid until the next one is added. NULL: out of memory. */
struct sketch_name *sketch_add(struct sketch *sketch, rf_slice name, uint64_t weight);

/* From now on a name that is added may have missed this much more. */
void sketch_miss(struct sketch *sketch, struct sketch_sum missed);

static inline bool sketch_is_exact(const struct sketch_name *name)
{
    return name->missed.count == 0 && name->missed.weight == 0;
}

/* The name, or its first bytes. */
static inline rf_slice sketch_name_text(const struct sketch_name *name)
{
    return (rf_slice){name->name, name->length < SKETCH_NAME_KEPT ? name->length : SKETCH_NAME_KEPT};
}

/* Writes pointers to at most `most` names in descending order of weight or count; returns their number. */
size_t sketch_top(const struct sketch *sketch, bool by_weight, const struct sketch_name **out, size_t most);

/* The names that are among the first `most` by weight or by count, at most 2 * `most`. NULL: out of memory.
 * The caller frees them. */
const struct sketch_name **sketch_largest(const struct sketch *sketch, size_t most, size_t *count);

void sketch_free(struct sketch *sketch);

#endif
