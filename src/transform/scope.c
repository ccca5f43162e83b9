/* SPDX-License-Identifier: MIT */
/* The reverse direction: which keys of a target are covered by a filter and a rewrite. */
#include "base/fail.h"
#include "transform/filter.h"
#include "transform/rewrite_dbs.h"
#include <rdbferry/slot.h>

static bool rewrites_names(const rf_rewrite *w)
{
    return w && (rewrite_has_rules(w, RULE_RENAME) || rewrite_has_rules(w, RULE_HASH_TAG) ||
                 rewrite_has_rules(w, RULE_FLATTEN));
}

bool rf_rewrite_can_cover(const rf_rewrite *rewrite, const rf_filter *filter)
{
    return filter->pattern_count == 0 || !rewrites_names(rewrite);
}

/* If a template mixes databases, the database cannot be derived from a name. */
static bool flatten_leads_to(const rf_rewrite *w, const struct flatten *flatten, int64_t db, rf_slice key)
{
    bool prefixes_db0 = rewrite_has_rules(w, RULE_PREFIX_DB0);
    int64_t from;
    if (db != 0)
        return false;
    if (flatten_mixes(flatten) || (!prefixes_db0 && rewrite_leads_to(w, 0)))
        return true;
    return flatten_made(flatten, key, &from) && (from != 0 || prefixes_db0) && rewrite_leads_to(w, from);
}

static bool leads_to(const rf_rewrite *w, const rf_filter *filter, int64_t db, rf_slice key)
{
    if (!w)
        return rf_filter_accepts_db(filter, db);
    if (rewrite_has_rules(w, RULE_FLATTEN))
        return flatten_leads_to(w, w->rules[w->first[RULE_FLATTEN]].flatten, db, key);
    return rewrite_leads_to(w, db);
}

rf_code rf_rewrite_covers(const rf_rewrite *rewrite, const rf_filter *filter, const rf_entry *entry,
                          rf_drop_reason *drop, rf_error *error)
{
    if (leads_to(rewrite, filter, entry->db, entry->key))
        TRY(filter_match_in_db(filter, entry, drop, error));
    else
        *drop = RF_DROP_BY_DB;
    if (*drop == RF_DROP_NONE && rf_filter_uses_slots(filter) &&
        !rf_filter_accepts_slot(filter, rf_slot_of(entry->key)))
        *drop = RF_DROP_BY_SLOT;
    return RF_OK;
}
