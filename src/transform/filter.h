/* SPDX-License-Identifier: MIT */
/* What a filter consists of, for those who fill it (transform/filter_text.c) and who judges by it. */
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
    int64_t judged_db; /* the database that was asked about last, and the answer */
    bool judged_db_taken;
    bool dbs_include, names_include; /* some of the ranges, some of the patterns do */
    bool minds_slots;                /* not all of them are taken */
    uint32_t types_refused;          /* bits by rf_type; from the two below */
    rf_expired expired;
    int64_t now_ms;

    struct db_range *dbs;
    size_t db_count;
    struct pattern *patterns;
    size_t pattern_count;
    uint32_t types[2];             /* named, by side */
    uint64_t slots[RF_SLOTS / 64]; /* bits; none is set where slots do not matter */
};

/* rf_filter_judge() without the database. */
rf_code filter_judge_in_db(const rf_filter *filter, const rf_entry *entry, rf_drop *drop, rf_error *error);

#endif
