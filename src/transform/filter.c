/* SPDX-License-Identifier: MIT */
/* Checks keys against a filter. The options have been parsed before (transform/filter_text.c). Keys of one
 * database are consecutive, so the result for a database is cached. */
#include "transform/filter.h"
#include "base/bytes.h"
#include "base/fail.h"
#include <stdlib.h>

rf_filter *rf_filter_new(void)
{
    rf_filter *filter = calloc(1, sizeof *filter);
    if (filter)
        filter->cached_db_accepted = true;
    return filter;
}

void rf_filter_free(rf_filter *filter)
{
    if (!filter)
        return;
    for (size_t i = 0; i < filter->pattern_count; i++) {
        if (!filter->shared)
            glob_free(filter->patterns[i].glob);
        regex_free(filter->patterns[i].regex);
    }
    free(filter->patterns);
    if (!filter->shared)
        free(filter->dbs);
    free(filter);
}

static bool share_patterns(rf_filter *filter, const rf_filter *from)
{
    filter->patterns = calloc(from->pattern_count + 1, sizeof *filter->patterns);
    if (!filter->patterns)
        return false;
    for (size_t i = 0; i < from->pattern_count; i++) {
        struct pattern *pattern = &filter->patterns[i];
        *pattern = from->patterns[i];
        if (pattern->regex && !(pattern->regex = regex_share(pattern->regex)))
            return false;
        filter->pattern_count++;
    }
    return true;
}

rf_filter *rf_filter_share(const rf_filter *from)
{
    rf_filter *filter = malloc(sizeof *filter);
    if (!filter)
        return NULL;
    *filter = *from;
    filter->shared = true;
    filter->patterns = NULL;
    filter->pattern_count = 0;
    if (share_patterns(filter, from))
        return filter;
    rf_filter_free(filter);
    return NULL;
}

void rf_filter_expired(rf_filter *filter, rf_expired policy, int64_t now_ms)
{
    filter->expired = policy;
    filter->now_ms = now_ms;
}

/* --- each kind -------------------------------------------------------------------------------------- */

bool rf_filter_accepts_db(const rf_filter *filter, int64_t db)
{
    bool accepted = !filter->dbs_include;
    for (size_t i = 0; i < filter->db_count; i++) {
        const struct db_range *range = &filter->dbs[i];
        if (db < range->first || db > range->last)
            continue;
        if (range->side == RF_EXCLUDE)
            return false;
        accepted = true;
    }
    return accepted;
}

static inline bool accepts_db(rf_filter *filter, int64_t db)
{
    if (UNLIKELY(db != filter->cached_db)) {
        filter->cached_db = db;
        filter->cached_db_accepted = rf_filter_accepts_db(filter, db);
    }
    return filter->cached_db_accepted;
}

static rf_code pattern_matches(const struct pattern *pattern, const rf_entry *entry, bool *matches,
                               rf_error *error)
{
    if (pattern->glob) {
        *matches = glob_matches(pattern->glob, entry->key);
        return RF_OK;
    }
    rf_code code = regex_search(pattern->regex, entry->key, 0, false, matches, error);
    if (code != RF_OK)
        error_key(error, entry->db, entry->key);
    return code;
}

static rf_code accepts_name(const rf_filter *filter, const rf_entry *entry, bool *accepted, rf_error *error)
{
    *accepted = !filter->names_include;
    for (size_t i = 0; i < filter->pattern_count; i++) {
        const struct pattern *pattern = &filter->patterns[i];
        bool matches;
        if (pattern->side == RF_INCLUDE && *accepted)
            continue;
        TRY(pattern_matches(pattern, entry, &matches, error));
        if (!matches)
            continue;
        *accepted = pattern->side == RF_INCLUDE;
        if (!*accepted)
            return RF_OK;
    }
    return RF_OK;
}

bool rf_filter_accepts_type(const rf_filter *filter, rf_type type)
{
    return !(filter->types_rejected >> type & 1);
}

static inline bool accepts_expiry(const rf_filter *filter, int64_t expire_ms)
{
    if (filter->expired == RF_EXPIRED_KEEP)
        return true;
    bool has_expired = expire_ms != RF_NO_EXPIRY && expire_ms <= filter->now_ms;
    return has_expired == (filter->expired == RF_EXPIRED_ONLY);
}

/* --- all of them ------------------------------------------------------------------------------------ */

static inline rf_drop_reason check_rest(const rf_filter *filter, const rf_entry *entry)
{
    if (filter->types_rejected >> entry->type & 1)
        return RF_DROP_BY_TYPE;
    return accepts_expiry(filter, entry->expire_ms) ? RF_DROP_NONE : RF_DROP_BY_EXPIRY;
}

static rf_code check_name(const rf_filter *filter, const rf_entry *entry, rf_drop_reason *drop,
                          rf_error *error)
{
    bool accepted;
    TRY(accepts_name(filter, entry, &accepted, error));
    *drop = accepted ? check_rest(filter, entry) : RF_DROP_BY_NAME;
    return RF_OK;
}

rf_code filter_match_in_db(const rf_filter *filter, const rf_entry *entry, rf_drop_reason *drop,
                           rf_error *error)
{
    if (filter->pattern_count > 0)
        return check_name(filter, entry, drop, error);
    *drop = check_rest(filter, entry);
    return RF_OK;
}

rf_code rf_filter_match(rf_filter *filter, const rf_entry *entry, rf_drop_reason *drop, rf_error *error)
{
    if (accepts_db(filter, entry->db))
        return filter_match_in_db(filter, entry, drop, error);
    *drop = RF_DROP_BY_DB;
    return RF_OK;
}

bool rf_filter_uses_types(const rf_filter *filter)
{
    return filter->types_rejected != 0;
}

bool rf_filter_uses_slots(const rf_filter *filter)
{
    return filter->uses_slots;
}

bool rf_filter_accepts_slot(const rf_filter *filter, unsigned slot)
{
    return !filter->uses_slots || (filter->slots[slot / 64] >> slot % 64 & 1);
}

bool rf_filter_is_all(const rf_filter *filter)
{
    return filter->db_count == 0 && filter->pattern_count == 0 && !filter->types_rejected &&
           filter->expired == RF_EXPIRED_KEEP && !filter->uses_slots;
}
