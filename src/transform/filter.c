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
        filter->judged_db_taken = true;
    return filter;
}

void rf_filter_free(rf_filter *filter)
{
    if (!filter)
        return;
    for (size_t i = 0; i < filter->pattern_count; i++) {
        glob_free(filter->patterns[i].glob);
        regex_free(filter->patterns[i].regex);
    }
    free(filter->patterns);
    free(filter->dbs);
    free(filter);
}

void rf_filter_expired(rf_filter *filter, rf_expired policy, int64_t now_ms)
{
    filter->expired = policy;
    filter->now_ms = now_ms;
}

/* --- each kind -------------------------------------------------------------------------------------- */

bool rf_filter_takes_db(const rf_filter *filter, int64_t db)
{
    bool taken = !filter->dbs_include;
    for (size_t i = 0; i < filter->db_count; i++) {
        const struct db_range *range = &filter->dbs[i];
        if (db < range->first || db > range->last)
            continue;
        if (range->side == RF_EXCLUDE)
            return false;
        taken = true;
    }
    return taken;
}

static inline bool takes_db(rf_filter *filter, int64_t db)
{
    if (UNLIKELY(db != filter->judged_db)) {
        filter->judged_db = db;
        filter->judged_db_taken = rf_filter_takes_db(filter, db);
    }
    return filter->judged_db_taken;
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

static rf_code takes_name(const rf_filter *filter, const rf_entry *entry, bool *taken, rf_error *error)
{
    *taken = !filter->names_include;
    for (size_t i = 0; i < filter->pattern_count; i++) {
        const struct pattern *pattern = &filter->patterns[i];
        bool matches;
        if (pattern->side == RF_INCLUDE && *taken)
            continue;
        TRY(pattern_matches(pattern, entry, &matches, error));
        if (!matches)
            continue;
        *taken = pattern->side == RF_INCLUDE;
        if (!*taken)
            return RF_OK;
    }
    return RF_OK;
}

bool rf_filter_takes_type(const rf_filter *filter, rf_type type)
{
    return !(filter->types_refused >> type & 1);
}

static inline bool takes_expiry(const rf_filter *filter, int64_t expire_ms)
{
    if (filter->expired == RF_EXPIRED_KEEP)
        return true;
    bool has_expired = expire_ms != RF_NO_EXPIRY && expire_ms <= filter->now_ms;
    return has_expired == (filter->expired == RF_EXPIRED_ONLY);
}

/* --- all of them ------------------------------------------------------------------------------------ */

rf_code filter_judge_in_db(const rf_filter *filter, const rf_entry *entry, rf_drop *drop, rf_error *error)
{
    bool name_taken = true;
    if (filter->pattern_count > 0)
        TRY(takes_name(filter, entry, &name_taken, error));
    if (!name_taken)
        *drop = RF_DROP_BY_NAME;
    else if (!rf_filter_takes_type(filter, entry->type))
        *drop = RF_DROP_BY_TYPE;
    else
        *drop = takes_expiry(filter, entry->expire_ms) ? RF_DROP_TAKEN : RF_DROP_BY_EXPIRY;
    return RF_OK;
}

rf_code rf_filter_judge(rf_filter *filter, const rf_entry *entry, rf_drop *drop, rf_error *error)
{
    if (takes_db(filter, entry->db))
        return filter_judge_in_db(filter, entry, drop, error);
    *drop = RF_DROP_BY_DB;
    return RF_OK;
}

bool rf_filter_minds_types(const rf_filter *filter)
{
    return filter->types_refused != 0;
}

bool rf_filter_minds_slots(const rf_filter *filter)
{
    return filter->minds_slots;
}

bool rf_filter_takes_slot(const rf_filter *filter, unsigned slot)
{
    return !filter->minds_slots || (filter->slots[slot / 64] >> slot % 64 & 1);
}

bool rf_filter_takes_all(const rf_filter *filter)
{
    return filter->db_count == 0 && filter->pattern_count == 0 && !filter->types_refused &&
           filter->expired == RF_EXPIRED_KEEP && !filter->minds_slots;
}
