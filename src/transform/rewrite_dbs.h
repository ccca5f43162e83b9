/* SPDX-License-Identifier: MIT */
/* The databases in which the map-db rules of a rewrite put keys. */
#ifndef TRANSFORM_REWRITE_DBS_H
#define TRANSFORM_REWRITE_DBS_H

#include "transform/rule.h"

/* Determines which map-db rules are shared, unless that is known. */
void rewrite_find_shared(rf_rewrite *rewrite);

/* Whether keys may be in this database after the map-db rules. */
bool rewrite_leads_to(const rf_rewrite *rewrite, int64_t db);

/* The database in which keys of this one are after the rewrite. */
int64_t rewrite_new_db(const rf_rewrite *rewrite, int64_t db);

/* Whether keys of more than one database may be in this one after the map-db rules. */
bool rewrite_merges(const rf_rewrite *rewrite, int64_t db);

static inline bool rewrite_has_rules(const rf_rewrite *rewrite, enum rule_kind kind)
{
    return rewrite->first[kind] < rewrite->first[kind + 1];
}

#endif
