/* SPDX-License-Identifier: MIT */
/* The internals of a filter, for the code that fills it (transform/filter_text.c) and the code that applies
 * it. */
#ifndef TRANSFORM_FILTER_H
#define TRANSFORM_FILTER_H

#include "transform/glob.h"
#include "transform/regex.h"
#include <rdbferry/filter.h>
#include <rdbferry/slot.h>

struct db_range {
    int64_t first, last;
    rf_side side;
};

/* One of the two is NULL. */
struct pattern {
    struct glob *glob;
    struct regex *regex;
    rf_side side;
};

struct rf_filter {
    int64_t cached_db; /* the database that was checked last, and the result */
    bool cached_db_accepted;
    bool dbs_include, names_include; /* some of the ranges, some of the patterns are including */
    bool uses_slots;                 /* not all slots are accepted */
    bool shared;                     /* databases and globs belong to another one */
    uint32_t types_rejected;         /* bits by rf_type; from the two below */
    rf_expired expired;
    int64_t now_ms;

    struct db_range *dbs;
    size_t db_count;
    struct pattern *patterns;
    size_t pattern_count;
    uint32_t types[2];             /* as given, by side */
    uint64_t slots[RF_SLOTS / 64]; /* one bit each; none is set if slots do not matter */
};

/* rf_filter_match() without the database. */
rf_code filter_match_in_db(const rf_filter *filter, const rf_entry *entry, rf_drop_reason *drop,
                           rf_error *error);

#endif
