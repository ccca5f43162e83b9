/* SPDX-License-Identifier: MIT */
/* Which names occur most often, and which weigh most, among more of them than there is memory for.
 *
 * A table of names, each with its count and its weight from when it came in. When it is full, those go that
 * are low in both; of them it is remembered how much the greatest had at most. A name that comes in later may
 * be one that went, and have missed as much. So a name whose `missed` is 0 has exact figures, and of any
 * other they are too low by at most what it has missed. What a name must have to be sure of a place is a
 * small part of the whole: 4/SKETCH_NAMES of it. (After the frequent-items sketches of Misra and Gries, and
 * of Anderson and others, 2017.) */
#ifndef CMD_SKETCH_H
#define CMD_SKETCH_H

#include <rdbferry/slice.h>
#include <stdbool.h>

enum { SKETCH_NAMES = 4096, SKETCH_NAME_KEPT = 80 };

struct sketch_sum {
    uint64_t count, weight;
};

struct sketch_name {
    uint64_t hash;
    struct sketch_sum sum, missed;
    uint32_t length; /* of all of it */
    uint8_t name[SKETCH_NAME_KEPT];
};

struct sketch {
    struct sketch_name *names; /* NULL: there was none */
    uint16_t *places;          /* by hash: index of a name + 1; 0: free */
    size_t count;
    uint64_t odd[2];         /* secret: names cannot be made that have one hash */
    struct sketch_sum floor; /* what a name that is not there may have had */
};

/* False: out of memory. */
bool sketch_add(struct sketch *sketch, rf_slice name, uint64_t weight);

static inline bool sketch_is_exact(const struct sketch_name *name)
{
    return name->missed.count == 0 && name->missed.weight == 0;
}

/* The name, or its first bytes. */
static inline rf_slice sketch_name_text(const struct sketch_name *name)
{
    return (rf_slice){name->name, name->length < SKETCH_NAME_KEPT ? name->length : SKETCH_NAME_KEPT};
}

/* Writes pointers to at most `most` names, the greatest first, by weight or by count; returns how many. */
size_t sketch_greatest(const struct sketch *sketch, bool by_weight, const struct sketch_name **out,
                       size_t most);

void sketch_free(struct sketch *sketch);

#endif
