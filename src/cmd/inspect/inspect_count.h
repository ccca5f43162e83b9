/* SPDX-License-Identifier: MIT */
/* Counting keys: counters that may be added up in any order, and facts for those that depend on the order. */
#ifndef CMD_INSPECT_INSPECT_COUNT_H
#define CMD_INSPECT_INSPECT_COUNT_H

#include "cmd/inspect/inspect_expiry.h"
#include "cmd/inspect/inspect_tables.h"
#include "cmd/inspect/inspect_top.h"
#include "cmd/run/estimate.h"

struct key_counts {
    struct tables tables;
    struct workload work;
    struct expiries times_left;
    struct histogram expiries, memories, elements, longest;
    struct top by_memory, by_elements;
};

/* What is counted in the order of the keys: prefixes, slots, modules. */
struct key_facts {
    uint64_t memory, stored;
    uint64_t left; /* in seconds, as in expiry_ranges */
    uint16_t slot;
    bool tagged;
    char module[10]; /* "": the value is no module's */
};

/* Measures and counts a key, also in the totals of its input, and consumes its value. `now`: in Unix
 * milliseconds. */
rf_code key_counts_add(struct key_counts *counts, struct key_totals *of_input, rf_entry *key, int64_t now,
                       struct key_facts *facts, rf_error *error);

/* Adds the counters of later keys. False: out of memory. */
bool key_counts_merge(struct key_counts *counts, struct key_counts *later);

/* Sets all counters to 0. */
void key_counts_clear(struct key_counts *counts);
void key_counts_free(struct key_counts *counts);

#endif
