/* SPDX-License-Identifier: MIT */
/* Where the keys of each database end up, and which map-db rules merge databases. */
#include "transform/rewrite_dbs.h"
#include "base/bytes.h"

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

/* Whether map.to also receives keys of other databases: its own, or by one of the rules before `end`. */
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

/* Of all databases that are merged, the first has unambiguous keys: the one that is not mapped, if it may
 * occur, or else that of the first rule. So of any two, one is ambiguous. */
void rewrite_find_shared(rf_rewrite *w)
{
    if (LIKELY(w->shares_known))
        return;
    for (size_t i = w->first[RULE_MAP_DB]; i < w->first[RULE_MAP_DB + 1]; i++)
        w->rules[i].is_shared = is_shared(w, &w->rules[i]);
    w->shares_known = true;
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
