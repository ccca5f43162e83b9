/* SPDX-License-Identifier: MIT */
/* Databases: mappings, and the set that may occur. */
#ifndef TRANSFORM_DB_MAP_H
#define TRANSFORM_DB_MAP_H

#include <rdbferry/filter.h>
#include <rdbferry/slice.h>
#include <stdbool.h>
#include <stdint.h>

struct db_mapping {
    int64_t from, to;
};

/* Reads "5=0"; databases are 0 to INT32_MAX. False for anything else. */
bool db_mapping_read(rf_slice text, struct db_mapping *out);

/* Which databases may occur. Those from DB_SET_SIZE on are always assumed to. */
enum { DB_SET_SIZE = 4096 };

struct db_set {
    uint64_t refused[DB_SET_SIZE / 64]; /* one bit each; a zeroed set contains all databases */
};

void db_set_of_filter(struct db_set *set, const rf_filter *filter);

static inline bool db_set_has(const struct db_set *set, int64_t db)
{
    return db < 0 || db >= DB_SET_SIZE || !(set->refused[db / 64] >> db % 64 & 1);
}

#endif
