/* SPDX-License-Identifier: MIT */
/* Applies the rules to a key, stage by stage.
 *
 * Each stage also determines which keys are ambiguous: of two different keys that it maps to the same result,
 * at least one is. Keys with the same final name have become equal in some stage, so it is sufficient to
 * consider each stage on its own. */
#include "transform/rewrite_pass.h"
#include "base/fail.h"
#include "transform/new_name.h"
#include <rdbferry/slot.h>
#include <rdbferry/value.h>

/* --- new names -------------------------------------------------------------------------------------- */

static struct buffer *spare_name(rf_rewrite *w, const struct passage *p)
{
    struct buffer *name = &w->names[p->spare];
    name->len = 0;
    return name;
}

/* Makes the spare name the key's name. */
static void apply_name(struct passage *p, const struct buffer *name)
{
    p->parts = (struct name_parts){.name = name->len > 0 ? buffer_slice(name) : SLICE("")};
    p->spare ^= 1;
}

static __attribute__((noinline)) rf_code make_name(rf_rewrite *w, struct passage *p, rf_error *error)
{
    struct buffer *name = spare_name(w, p);
    if (!parts_are_more(&p->parts))
        return RF_OK;
    TRY(name_reserve(name, parts_length(&p->parts), error));
    parts_put(&p->parts, name->data);
    name->len = parts_length(&p->parts);
    apply_name(p, name);
    return RF_OK;
}

static void notify(const struct passage *p, const struct rule *rule, bool matched, const char *why_not)
{
    rf_rewrite_step step = {
        .rule = rule->text, .matched = matched, .why_not = why_not, .db = p->db, .key = p->parts.name};
    p->fn(p->ctx, &step);
}

/* --- map-db ----------------------------------------------------------------------------------------- */

static void report_map(const rf_rewrite *w, struct passage *p)
{
    const struct rule *matching = w->route.map;
    for (size_t i = w->first[RULE_MAP_DB]; i < w->first[RULE_MAP_DB + 1]; i++) {
        const struct rule *rule = &w->rules[i];
        if (rule == matching)
            p->db = w->route.mapped;
        notify(p, rule, rule == matching, matching && rule > matching ? "another map-db rule matched" : NULL);
    }
}

/* --- rename ----------------------------------------------------------------------------------------- */

/* An exchange of prefixes is one to one; it can only collide with an existing name, which then begins with
 * the new prefix and not with the old one. Nothing is known about other renames (rewrite.c: mixes). */
static rf_code rename_names(rf_rewrite *w, struct passage *p, rf_error *error)
{
    for (size_t i = w->first[RULE_RENAME]; i < w->first[RULE_RENAME + 1]; i++) {
        struct rule *rule = &w->rules[i];
        struct buffer *name = spare_name(w, p);
        rf_slice before = p->parts.name;
        bool matched;
        TRY(rename_make(rule->rename, before, name, &matched, error));
        if (matched) {
            apply_name(p, name);
            rule->keys += slice_equal(p->parts.name, before) ? 0 : p->counts;
        } else {
            p->ambiguous |= rename_made(rule->rename, before);
        }
        if (UNLIKELY(p->fn != NULL))
            notify(p, rule, matched, NULL);
    }
    return RF_OK;
}

/* --- hash-tag --------------------------------------------------------------------------------------- */

bool rewrite_has_braces(rf_slice name)
{
    return bytes_find(name.ptr, name.len, '{') < name.len || bytes_find(name.ptr, name.len, '}') < name.len;
}

/* Whether the rules would make this name from another one, without its "{" and the "}" after it. True if out
 * of memory. */
static bool could_be_made(rf_rewrite *w, rf_slice name)
{
    const uint8_t *open = memchr(name.ptr, '{', name.len), *end = name.ptr + name.len;
    const uint8_t *close = open ? memchr(open, '}', (size_t)(end - open)) : NULL;
    if (!close)
        return false;
    const rf_slice pieces[] = {
        slice_of(name.ptr, (size_t)(open - name.ptr)),
        slice_of(open + 1, (size_t)(close - open) - 1),
        slice_of(close + 1, (size_t)(end - close) - 1),
    };
    w->bare.len = 0;
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        if (has_braces(pieces[i]))
            return false;
        if (!buffer_append(&w->bare, pieces[i]))
            return true;
    }
    struct tag_span span;
    return w->bare.len > 0 && find_tag(w, buffer_slice(&w->bare), false, &span) &&
           span.from == pieces[0].len && span.to == pieces[0].len + pieces[1].len;
}

static const char *why_no_tag(const struct rule *rule, rf_slice name, bool braces)
{
    static const char *const texts[] = {
        [TAG_NO_MATCH] = NULL,
        [TAG_EMPTY] = "the tag would be empty",
        [TAG_DIFFERENT] = "braces in the name would change the tag",
    };
    struct tag_span span;
    return texts[hash_tag_find(rule->tag, name, braces, &span)];
}

static rf_code report_tags(rf_rewrite *w, struct passage *p, const struct rule *matching, bool tagged,
                           bool braces, rf_error *error)
{
    const rf_slice name = p->parts.name;
    for (size_t i = w->first[RULE_HASH_TAG]; i < w->first[RULE_HASH_TAG + 1]; i++) {
        const struct rule *rule = &w->rules[i];
        if (rule == matching)
            TRY(make_name(w, p, error));
        const char *why_not = tagged                        ? "the name already has a hash tag"
                              : matching && rule > matching ? "another hash-tag rule matched"
                                                            : why_no_tag(rule, name, braces);
        notify(p, rule, rule == matching, rule == matching ? NULL : why_not);
    }
    return RF_OK;
}

/* Two names without braces never become equal, nor does a name that gets braces become one that has none. So
 * the names that get braces and had some are ambiguous, and those that equal the result for a name without
 * braces. */
static rf_code tag_names(rf_rewrite *w, struct passage *p, rf_error *error)
{
    const rf_slice name = p->parts.name;
    const bool braces = has_braces(name), tagged = braces && rf_hash_tag(name).ptr;
    struct tag_span span;
    struct rule *rule = tagged ? NULL : find_tag(w, name, braces, &span);
    p->ambiguous |= braces && (rule || could_be_made(w, name));
    w->counts.tagged += tagged ? p->counts : 0;
    if (rule) {
        rule->keys += p->counts;
        p->parts.tag = span;
    }
    return UNLIKELY(p->fn != NULL) ? report_tags(w, p, rule, tagged, braces, error) : RF_OK;
}

/* --- prefix-db0, flatten-dbs ------------------------------------------------------------------------ */

static rf_code look_for_prefix(rf_rewrite *w, struct passage *p, rf_error *error)
{
    const struct flatten *flatten = w->rules[w->first[RULE_FLATTEN]].flatten;
    int64_t made;
    TRY(make_name(w, p, error));
    if (flatten_made(flatten, p->parts.name, &made) && made > 0 && rewrite_leads_to(w, made))
        p->ambiguous = true;
    return RF_OK;
}

static rf_code report_prefix(rf_rewrite *w, struct passage *p, enum rule_kind kind, const char *why_not,
                             rf_error *error)
{
    const struct rule *rule = &w->rules[w->first[kind]];
    const bool matched = rule == w->route.prefixes;
    if (!rewrite_has_rules(w, kind))
        return RF_OK;
    if (matched) {
        p->db = w->route.to;
        p->parts.prefix = buffer_slice(&w->route.prefix);
        TRY(make_name(w, p, error));
    }
    notify(p, rule, matched, matched ? NULL : why_not);
    return RF_OK;
}

static rf_code report_prefixes(rf_rewrite *w, struct passage *p, rf_error *error)
{
    const bool flattens = rewrite_has_rules(w, RULE_FLATTEN);
    TRY(report_prefix(w, p, RULE_PREFIX_DB0, flattens ? NULL : "no flatten-dbs rule", error));
    return report_prefix(w, p, RULE_FLATTEN, "the key is in database 0", error);
}

static rf_code prefix_names(rf_rewrite *w, struct passage *p, rf_error *error)
{
    if (UNLIKELY(may_have_prefix(&w->route, p->parts.name)))
        TRY(look_for_prefix(w, p, error));
    count_prefix(w, p->counts);
    if (UNLIKELY(p->fn != NULL))
        return report_prefixes(w, p, error);
    p->db = w->route.to;
    p->parts.prefix = buffer_slice(&w->route.prefix);
    return RF_OK;
}

/* --- all of them ------------------------------------------------------------------------------------ */

rf_code rewrite_pass(rf_rewrite *w, struct passage *p, rf_error *error)
{
    TRY(rewrite_find_route(w, p->db, error));
    p->ambiguous = w->route.ambiguous;
    count_map(w, p->counts);
    if (UNLIKELY(p->fn != NULL))
        report_map(w, p);
    if (rewrite_has_rules(w, RULE_RENAME))
        TRY(rename_names(w, p, error));
    if (rewrite_has_rules(w, RULE_HASH_TAG))
        TRY(tag_names(w, p, error));
    TRY(prefix_names(w, p, error));
    return make_name(w, p, error);
}

/* --- keys ------------------------------------------------------------------------------------------- */

static void shift_expiry(const rf_rewrite *w, rf_entry *entry)
{
    if (entry->expire_ms != RF_NO_EXPIRY)
        entry->expire_ms = shifted(entry->expire_ms, w->shift_ms);
    if (entry->value)
        rf_value_shift_expiry(entry->value, w->shift_ms);
}

COLD static rf_code fail_at(const rf_entry *entry, rf_code code, rf_error *error)
{
    error_at(error, (int64_t)entry->offset, -1);
    error_key(error, entry->db, entry->key);
    return code;
}

rf_code rf_rewrite_apply(rf_rewrite *rewrite, rf_entry *entry, bool *ambiguous, rf_error *error)
{
    struct passage passage = passage_of(entry->db, entry->key, !rewrite->counts_not);
    rf_code code = rewrite_pass(rewrite, &passage, error);
    if (UNLIKELY(code != RF_OK))
        return fail_at(entry, code, error);
    const rf_slice name = passage.parts.name;
    const bool renamed = name.ptr != entry->key.ptr && !slice_equal(name, entry->key);
    if (renamed || passage.db != entry->db)
        rewrite->counts.changed += passage.counts;
    entry->db = passage.db;
    if (renamed) {
        entry->key.ptr = name.ptr; /* by halves, as it was stored just now: both at once would wait */
        entry->key.len = name.len;
        entry->slot = -1;
    }
    if (rewrite->shift_ms != 0)
        shift_expiry(rewrite, entry);
    *ambiguous = passage.ambiguous;
    return RF_OK;
}

rf_code rf_rewrite_explain(rf_rewrite *rewrite, int64_t db, rf_slice key, rf_rewrite_step_fn fn, void *ctx,
                           rf_error *error)
{
    struct passage passage = passage_of(db, key, 0);
    passage.fn = fn;
    passage.ctx = ctx;
    rf_code code = rewrite_pass(rewrite, &passage, error);
    if (code != RF_OK)
        error_key(error, db, key);
    return code;
}
