/* SPDX-License-Identifier: MIT */
/* The databases in which the map-db rules of a rewrite put keys. */
#ifndef TRANSFORM_REWRITE_DBS_H
#define TRANSFORM_REWRITE_DBS_H

#include "base/bytes.h"
#include "transform/rule.h"

/* Sets the route to that of a database. RF_E_ARGUMENT if its prefix is too long. */
rf_code rewrite_make_route(rf_rewrite *rewrite, int64_t db, rf_error *error);

/* The same, unless it is that already. */
static inline rf_code rewrite_find_route(rf_rewrite *rewrite, int64_t db, rf_error *error)
{
    const struct route *route = &rewrite->route;
    return LIKELY(route->is_known && route->from == db) ? RF_OK : rewrite_make_route(rewrite, db, error);
}

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
