/* SPDX-License-Identifier: MIT */
/* The expiries of a group of keys: how many have none, how many have passed, and the median of the rest. */
#ifndef CMD_INSPECT_INSPECT_EXPIRY_H
#define CMD_INSPECT_INSPECT_EXPIRY_H

#include "cmd/inspect/inspect_prefix.h"

enum { EXPIRY_CLASSES = 512 };

struct expiries {
    uint64_t persistent;         /* keys without an expiry */
    uint64_t expired;            /* that are still in the data */
    uint64_t least, most;        /* seconds that one of the others has left; 0: there are none */
    uint32_t of[EXPIRY_CLASSES]; /* the others, by the time they have left, in classes */
};

/* The time left of a key in seconds; 0: it has expired; UINT64_MAX: it has no expiry. */
void expiries_add(struct expiries *expiries, uint64_t seconds_left);

/* Adds those of other keys. */
void expiries_merge(struct expiries *expiries, const struct expiries *from);

/* In seconds, within 4 %, and exact if all are the same; UINT64_MAX: no key is going to expire. */
uint64_t expiries_median(const struct expiries *expiries);

/* For prefixes: their figures are a struct expiries, a key is its time left. */
extern const struct prefix_figures expiries_of_prefix;

#endif
