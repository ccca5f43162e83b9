/* SPDX-License-Identifier: MIT */
/* Where the keys of each database end up, and which map-db rules merge databases. */
#include "transform/rewrite_dbs.h"
#include "base/fail.h"

bool rewrite_leads_to(const rf_rewrite *w, int64_t db)
{
    bool mapped = false;
    for (size_t i = w->first[RULE_MAP_DB]; i < w->first[RULE_MAP_DB + 1]; i++) {
        const struct db_mapping *map = &w->rules[i].map;
        if (map->to == db && db_set_has(&w->sources, map->from))
            return true;
        mapped |= map->from == db;
    }
    return !mapped && db_set_has(&w->sources, db);
}

/* Whether map.to also receives keys of other databases: its own, or by one of the rules before `end`. Of all
 * databases that are merged, the first has unambiguous keys: the one that is not mapped, if it may occur, or
 * else that of the first rule. So of any two, one is ambiguous. */
static bool is_shared(const rf_rewrite *w, const struct rule *end)
{
    bool mapped = false, shared = false;
    for (size_t i = w->first[RULE_MAP_DB]; i < w->first[RULE_MAP_DB + 1]; i++) {
        const struct rule *rule = &w->rules[i];
        mapped |= rule->map.from == end->map.to;
        shared |= rule < end && rule->map.to == end->map.to && db_set_has(&w->sources, rule->map.from);
    }
    return shared || (!mapped && db_set_has(&w->sources, end->map.to));
}

static void route_by_map(const rf_rewrite *w, struct route *route)
{
    for (size_t i = w->first[RULE_MAP_DB]; !route->map && i < w->first[RULE_MAP_DB + 1]; i++)
        if (w->rules[i].map.from == route->from)
            route->map = &w->rules[i];
    if (!route->map)
        return;
    route->mapped = route->map->map.to;
    route->ambiguous |= is_shared(w, route->map);
}

/* If prefixes are unique (flatten_mixes()), a prefixed name can only collide with a name of database 0 that
 * begins with the prefix of an existing database. After prefix-db0 there are none. */
static rf_code route_by_flatten(const rf_rewrite *w, struct route *route, rf_error *error)
{
    struct rule *rule = &w->rules[w->first[RULE_FLATTEN]];
    const bool prefixes_db0 = rewrite_has_rules(w, RULE_PREFIX_DB0);
    route->to = 0;
    if (route->mapped == 0 && !prefixes_db0) {
        route->firsts = flatten_first_bytes(rule->flatten, &route->least);
        return RF_OK;
    }
    route->prefixes = route->mapped == 0 ? &w->rules[w->first[RULE_PREFIX_DB0]] : rule;
    return flatten_prefix(rule->flatten, route->mapped, &route->prefix, error);
}

rf_code rewrite_make_route(rf_rewrite *w, int64_t db, rf_error *error)
{
    struct route *route = &w->route;
    *route = (struct route){.from = db,
                            .mapped = db,
                            .prefix = {.data = route->prefix.data, .cap = route->prefix.cap},
                            .ambiguous = w->is_ambiguous};
    route_by_map(w, route);
    route->to = route->mapped;
    if (rewrite_has_rules(w, RULE_FLATTEN))
        TRY(route_by_flatten(w, route, error));
    route->is_known = true;
    return RF_OK;
}

int64_t rewrite_new_db(const rf_rewrite *w, int64_t db)
{
    if (rewrite_has_rules(w, RULE_FLATTEN))
        return 0;
    for (size_t i = w->first[RULE_MAP_DB]; i < w->first[RULE_MAP_DB + 1]; i++)
        if (w->rules[i].map.from == db)
            return w->rules[i].map.to;
    return db;
}

bool rewrite_merges(const rf_rewrite *w, int64_t db)
{
    bool mapped = false;
    size_t sources = 0;
    for (size_t i = w->first[RULE_MAP_DB]; i < w->first[RULE_MAP_DB + 1]; i++) {
        const struct db_mapping *map = &w->rules[i].map;
        sources += map->to == db && db_set_has(&w->sources, map->from);
        mapped |= map->from == db;
    }
    return sources + (!mapped && db_set_has(&w->sources, db)) > 1;
}
