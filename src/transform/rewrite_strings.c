/* SPDX-License-Identifier: MIT */
/* Applies the rules to keys with plain strings. What depends on the database is decided once for all of them;
 * a name is looked at once, and written once. */
#include "transform/new_name.h"
#include "transform/rewrite_pass.h"

static inline bool rename_string(rf_rewrite *w, const struct name_parts *parts, rf_string *key)
{
    const size_t length = parts_length(parts);
    uint8_t *name = length <= LONGEST_NAME ? arena_alloc(&w->strings, length) : NULL;
    if (UNLIKELY(!name))
        return false;
    parts_put(parts, name);
    key->key = slice_of(name, length);
    key->record = NULL;
    key->slot = -1;
    return true;
}

/* A key with an unusual name. What is counted of one that is left to rf_rewrite_apply() is taken back. */
static __attribute__((noinline)) bool rewrite_unusual(rf_rewrite *w, int64_t db, rf_string *key)
{
    const uint64_t counts = !w->counts_not;
    struct passage p = passage_of(db, key->key, counts), back = passage_of(db, key->key, -counts);
    rf_error error;
    bool renamed = false;
    bool done = rewrite_pass(w, &p, &error) == RF_OK && !p.ambiguous;
    if (done)
        renamed = p.parts.name.ptr != key->key.ptr && !slice_equal(p.parts.name, key->key);
    if (!done || (renamed && !rename_string(w, &p.parts, key))) {
        rewrite_pass(w, &back, &error);
        return false;
    }
    if (renamed || p.db != db)
        w->counts.changed += counts;
    return true;
}

/* What is the same for the keys of one call. */
struct strings_pass {
    bool tags, moved; /* there are hash-tag rules; the database changes */
    uint64_t counts;
};

/* Most keys: the name has no braces, nor could it begin with the prefix of another database. What the route
 * counts is left to the caller. False: it is another one, and unchanged. */
static inline bool rewrite_usual(rf_rewrite *w, const struct strings_pass *pass, rf_string *key)
{
    struct name_parts parts = {.prefix = buffer_slice(&w->route.prefix), .name = key->key};
    struct rule *rule = NULL;
    if (UNLIKELY(has_braces(key->key) || may_have_prefix(&w->route, key->key)))
        return false;
    if (pass->tags && (rule = find_tag(w, key->key, false, &parts.tag)) == NULL)
        parts.tag = (struct tag_span){0};
    const bool renamed = parts_are_more(&parts);
    if (renamed && !rename_string(w, &parts, key))
        return false;
    if (rule)
        rule->keys += pass->counts;
    w->counts.changed += renamed || pass->moved ? pass->counts : 0;
    return true;
}

size_t rf_rewrite_strings(rf_rewrite *rewrite, int64_t db, rf_string *keys, size_t count)
{
    const bool renames = rewrite_has_rules(rewrite, RULE_RENAME);
    size_t done = 0, usual = 0;
    rf_error error;
    if (rewrite_find_route(rewrite, db, &error) != RF_OK || rewrite->route.ambiguous)
        return 0;
    const struct strings_pass pass = {.tags = rewrite_has_rules(rewrite, RULE_HASH_TAG),
                                      .moved = rewrite->route.to != db,
                                      .counts = !rewrite->counts_not};
    for (rf_string *key = keys; done < count; done++, key++) {
        if (LIKELY(!renames && rewrite_usual(rewrite, &pass, key)))
            usual++;
        else if (!rewrite_unusual(rewrite, db, key))
            break;
        if (rewrite->shift_ms != 0 && key->expire_ms != RF_NO_EXPIRY) {
            key->expire_ms = shifted(key->expire_ms, rewrite->shift_ms);
            key->record = NULL;
        }
    }
    count_map(rewrite, usual * pass.counts);
    count_prefix(rewrite, usual * pass.counts);
    return done;
}

void rf_rewrite_release_names(rf_rewrite *rewrite)
{
    arena_reset(&rewrite->strings);
}
