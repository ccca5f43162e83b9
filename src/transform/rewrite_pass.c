/* SPDX-License-Identifier: MIT */
/* Applies the rules to a key, stage by stage.
 *
 * Each stage also determines which keys are ambiguous: of two different keys that it maps to the same result,
 * at least one is. Keys with the same final name have become equal in some stage, so it is sufficient to
 * consider each stage on its own. */
#include "base/bytes.h"
#include "base/fail.h"
#include "transform/rewrite_dbs.h"
#include <rdbferry/slot.h>
#include <rdbferry/value.h>

/* A key being rewritten. */
struct passage {
    int64_t db;
    rf_slice name; /* ptr is not NULL; the key's own, or in names[spare ^ 1] */
    unsigned spare;
    bool ambiguous;
    uint64_t counts;       /* what is added to the counters of rules */
    rf_rewrite_step_fn fn; /* called for each rule; may be NULL */
    void *ctx;
};

/* --- results of rules, and their reporting ---------------------------------------------------------- */

static struct buffer *spare_name(rf_rewrite *rewrite, const struct passage *p)
{
    struct buffer *name = &rewrite->names[p->spare];
    name->len = 0;
    return name;
}

/* Makes the spare name the key's name. */
static void apply_name(struct passage *p, const struct buffer *name)
{
    p->name = name->len > 0 ? buffer_slice(name) : SLICE("");
    p->spare ^= 1;
}

static void notify_once(const struct passage *p, const struct rule *rule, bool matched, const char *why_not)
{
    rf_rewrite_step step = {
        .rule = rule->text, .matched = matched, .why_not = why_not, .db = p->db, .key = p->name};
    p->fn(p->ctx, &step);
}

static inline void has_matched(const struct passage *p, struct rule *rule, bool changed)
{
    rule->keys += changed ? p->counts : 0;
    if (UNLIKELY(p->fn != NULL))
        notify_once(p, rule, true, NULL);
}

static inline void has_not_matched(const struct passage *p, const struct rule *rule, const char *why_not)
{
    if (UNLIKELY(p->fn != NULL))
        notify_once(p, rule, false, why_not);
}

/* --- map-db ----------------------------------------------------------------------------------------- */

/* Of all databases that are merged, the keys of at most one are not ambiguous (rewrite_find_shared()). */
static void map_db(rf_rewrite *w, struct passage *p)
{
    const int64_t db = p->db;
    bool mapped = false;
    rewrite_find_shared(w);
    for (size_t i = w->first[RULE_MAP_DB]; i < w->first[RULE_MAP_DB + 1]; i++) {
        struct rule *rule = &w->rules[i];
        if (mapped || rule->map.from != db) {
            has_not_matched(p, rule, mapped ? "another map-db rule matched" : NULL);
            continue;
        }
        mapped = true;
        p->db = rule->map.to;
        p->ambiguous |= rule->is_shared;
        has_matched(p, rule, rule->map.to != db);
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
        rf_slice before = p->name;
        bool matched;
        TRY(rename_make(rule->rename, before, name, &matched, error));
        if (matched) {
            apply_name(p, name);
            has_matched(p, rule, !slice_equal(p->name, before));
        } else {
            p->ambiguous |= rename_made(rule->rename, before);
            has_not_matched(p, rule, NULL);
        }
    }
    return RF_OK;
}

/* --- hash-tag --------------------------------------------------------------------------------------- */

static const char *const why_no_tag[] = {
    [TAG_FOUND] = NULL,
    [TAG_NO_MATCH] = NULL,
    [TAG_EMPTY] = "the tag would be empty",
    [TAG_DIFFERENT] = "braces in the name would change the tag",
};

/* Whether one of eight bytes is "{" or "}", 7b and 7d; also true for "y" (79) and 7f. */
static inline bool may_have_braces(uint64_t bytes)
{
    const uint64_t each = UINT64_C(0x0101010101010101);
    uint64_t other = (bytes ^ each * '{') & ~(each * 6);
    return ((other - each) & ~other & each * 0x80) != 0;
}

static inline bool has_braces(rf_slice name)
{
    bool may = name.len < 8 || may_have_braces(load_le64(name.ptr + name.len - 8));
    for (size_t i = 0; i + 8 < name.len; i += 8)
        may |= may_have_braces(load_le64(name.ptr + i));
    return may && name.len > 0 && (memchr(name.ptr, '{', name.len) || memchr(name.ptr, '}', name.len));
}

/* The first rule that finds a tag, or NULL. Reports those before it. */
static struct rule *find_tag(const rf_rewrite *w, const struct passage *p, rf_slice name, bool braces,
                             struct tag_span *span)
{
    for (size_t i = w->first[RULE_HASH_TAG]; i < w->first[RULE_HASH_TAG + 1]; i++) {
        enum tag_answer answer = hash_tag_find(w->rules[i].tag, name, braces, span);
        if (answer == TAG_FOUND)
            return &w->rules[i];
        has_not_matched(p, &w->rules[i], why_no_tag[answer]);
    }
    return NULL;
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
    const struct passage unheard = {0};
    return w->bare.len > 0 && find_tag(w, &unheard, buffer_slice(&w->bare), false, &span) &&
           span.from == pieces[0].len && span.to == pieces[0].len + pieces[1].len;
}

static rf_code tag_name(rf_rewrite *w, struct passage *p, struct rule *rule, struct tag_span span,
                        rf_error *error)
{
    struct buffer *name = spare_name(w, p);
    TRY(hash_tag_make(p->name, span, name, error));
    apply_name(p, name);
    has_matched(p, rule, true);
    for (struct rule *rest = rule + 1; p->fn && rest < &w->rules[w->first[RULE_HASH_TAG + 1]]; rest++)
        notify_once(p, rest, false, "another hash-tag rule matched");
    return RF_OK;
}

static void keep_tag(rf_rewrite *w, const struct passage *p)
{
    w->counts.tagged += p->counts;
    for (size_t i = w->first[RULE_HASH_TAG]; i < w->first[RULE_HASH_TAG + 1]; i++)
        has_not_matched(p, &w->rules[i], "the name already has a hash tag");
}

/* Two names without braces never become equal, nor does a name that gets braces become one that has none. So
 * the names that get braces and had some are ambiguous, and those that equal the result for a name without
 * braces. */
static rf_code tag_names(rf_rewrite *w, struct passage *p, rf_error *error)
{
    bool braces = has_braces(p->name);
    bool tagged = braces && rf_hash_tag(p->name).ptr;
    struct tag_span span;
    struct rule *rule = tagged ? NULL : find_tag(w, p, p->name, braces, &span);
    p->ambiguous |= braces && (rule || could_be_made(w, p->name));
    if (tagged)
        keep_tag(w, p);
    return rule ? tag_name(w, p, rule, span, error) : RF_OK;
}

/* --- prefix-db0, flatten-dbs ------------------------------------------------------------------------ */

static rf_code prefix_name(rf_rewrite *w, struct passage *p, struct rule *rule, const struct flatten *flatten,
                           rf_error *error)
{
    struct buffer *name = spare_name(w, p);
    TRY(flatten_make(flatten, p->db, p->name, &w->prefix, name, error));
    apply_name(p, name);
    p->db = 0;
    has_matched(p, rule, true);
    return RF_OK;
}

static rf_code prefix_db0(rf_rewrite *w, struct passage *p, rf_error *error)
{
    struct rule *rule = &w->rules[w->first[RULE_PREFIX_DB0]];
    bool flattens = w->first[RULE_FLATTEN] < w->first[RULE_FLATTEN + 1];
    if (flattens && p->db == 0)
        return prefix_name(w, p, rule, w->rules[w->first[RULE_FLATTEN]].flatten, error);
    has_not_matched(p, rule, flattens ? NULL : "no flatten-dbs rule");
    return RF_OK;
}

/* If prefixes are unique (flatten_mixes()), a prefixed name can only collide with a name of database 0 that
 * begins with the prefix of an existing database. After prefix-db0 there are none. */
static rf_code flatten_dbs(rf_rewrite *w, struct passage *p, rf_error *error)
{
    struct rule *rule = &w->rules[w->first[RULE_FLATTEN]];
    int64_t made;
    if (p->db != 0)
        return prefix_name(w, p, rule, rule->flatten, error);
    if (flatten_made(rule->flatten, p->name, &made) && made > 0 && rewrite_leads_to(w, made))
        p->ambiguous = true;
    has_not_matched(p, rule, "the key is in database 0");
    return RF_OK;
}

/* Stages without rules are skipped. */
static inline rf_code pass_stages(rf_rewrite *rewrite, struct passage *passage, rf_error *error)
{
    passage->ambiguous = rewrite->is_ambiguous;
    if (rewrite_has_rules(rewrite, RULE_MAP_DB))
        map_db(rewrite, passage);
    if (rewrite_has_rules(rewrite, RULE_RENAME))
        TRY(rename_names(rewrite, passage, error));
    if (rewrite_has_rules(rewrite, RULE_HASH_TAG))
        TRY(tag_names(rewrite, passage, error));
    if (rewrite_has_rules(rewrite, RULE_PREFIX_DB0))
        TRY(prefix_db0(rewrite, passage, error));
    return rewrite_has_rules(rewrite, RULE_FLATTEN) ? flatten_dbs(rewrite, passage, error) : RF_OK;
}

static struct passage passage_of(int64_t db, rf_slice key)
{
    return (struct passage){.db = db, .name = key.ptr ? key : SLICE("")};
}

/* `by` is added to the counters of what happens to the key; *renamed: whether its name has changed. */
static __attribute__((noinline)) rf_code pass(rf_rewrite *rewrite, struct passage *passage, uint64_t by,
                                              bool *renamed, rf_error *error)
{
    const int64_t db = passage->db;
    const rf_slice name = passage->name;
    passage->counts = by;
    rf_code code = pass_stages(rewrite, passage, error);
    *renamed = !slice_equal(passage->name, name);
    if (code == RF_OK && (*renamed || passage->db != db))
        rewrite->counts.changed += by;
    return code;
}

/* --- keys ------------------------------------------------------------------------------------------- */

static int64_t shifted(int64_t expire_ms, int64_t by)
{
    int64_t sum;
    if (__builtin_add_overflow(expire_ms, by, &sum))
        sum = by < 0 ? 0 : INT64_MAX;
    return sum < 0 ? 0 : sum;
}

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
    struct passage passage = passage_of(entry->db, entry->key);
    bool renamed;
    rf_code code = pass(rewrite, &passage, !rewrite->counts_not, &renamed, error);
    if (UNLIKELY(code != RF_OK))
        return fail_at(entry, code, error);
    entry->db = passage.db;
    if (renamed) {
        entry->key.ptr = passage.name.ptr; /* by halves, as it was stored just now: both at once would wait */
        entry->key.len = passage.name.len;
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
    struct passage passage = passage_of(db, key);
    bool renamed;
    passage.fn = fn;
    passage.ctx = ctx;
    rf_code code = pass(rewrite, &passage, 0, &renamed, error);
    if (code != RF_OK)
        error_key(error, db, key);
    return code;
}

/* What is counted of a key that is left to rf_rewrite_apply() is taken back. */
bool rf_rewrite_string(rf_rewrite *rewrite, int64_t db, rf_string *key)
{
    struct passage passage = passage_of(db, key->key);
    const uint64_t by = !rewrite->counts_not;
    bool renamed;
    rf_error error;
    rf_code code = pass(rewrite, &passage, by, &renamed, &error);
    if (UNLIKELY(code != RF_OK || passage.ambiguous)) {
        passage = passage_of(db, key->key);
        pass(rewrite, &passage, -by, &renamed, &error);
        return false;
    }
    if (renamed) {
        key->key = passage.name;
        key->record = NULL;
        key->slot = -1;
    }
    if (rewrite->shift_ms != 0 && key->expire_ms != RF_NO_EXPIRY) {
        key->expire_ms = shifted(key->expire_ms, rewrite->shift_ms);
        key->record = NULL;
    }
    return true;
}
