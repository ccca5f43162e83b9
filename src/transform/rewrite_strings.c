/* SPDX-License-Identifier: MIT */
/* Applies the rules to keys of which only the names matter, those of plain strings and of plain commands.
 * What depends on the database is decided once for all of them; a name is looked at once, and written once.
 */
#include "transform/new_name.h"
#include "transform/rewrite_names.h"
#include "transform/rewrite_pass.h"
#include "transform/short_name.h"

/* What is the same for the keys of one call, in a copy, which no store of a byte can change; and counts. */
struct names_pass {
    int64_t db;
    size_t longest; /* of short names, if all rules are hash-tag rules of short forms and the prefix
                       is short, too; else 0 */
    chunk prefix;
    size_t prefix_length;
    bool keeps_names;        /* there are no rules and no prefix */
    unsigned least, firsts;  /* as in the route */
    struct rule *tags, *end; /* the hash-tag rules */
    uint64_t counts;         /* of each key */
    size_t usual, renamed;   /* keys that are left to end_pass() to be counted, and those with a new name */
};

/* Names with braces would have to be looked at if prefixes began with one; and the tag of a name with a
 * prefix that has one is another one. */
static bool has_short_rules(const rf_rewrite *w, const struct names_pass *pass)
{
    bool are_short = !rewrite_has_rules(w, RULE_RENAME) && w->route.prefix.len < CHUNK &&
                     !has_braces(buffer_slice(&w->route.prefix)) && '{' - w->route.least >= w->route.firsts;
    for (const struct rule *rule = pass->tags; rule < pass->end; rule++)
        are_short &= rule->tag->runs.has_form && rule->tag->runs.form.is_short;
    return are_short;
}

/* False: all keys are ambiguous, or there is an error, which is found again for each. */
static bool begin_pass(rf_rewrite *w, int64_t db, struct names_pass *pass)
{
    rf_error error;
    if (rewrite_find_route(w, db, &error) != RF_OK || w->route.ambiguous)
        return false;
    *pass = (struct names_pass){.db = db,
                                .least = w->route.least,
                                .firsts = w->route.firsts,
                                .tags = w->rules + w->first[RULE_HASH_TAG],
                                .end = w->rules + w->first[RULE_HASH_TAG + 1],
                                .counts = !w->counts_not};
    if (has_short_rules(w, pass)) {
        pass->longest = SHORT_NAME_MOST;
        pass->prefix_length = w->route.prefix.len;
        pass->keeps_names = pass->prefix_length == 0 && pass->tags == pass->end;
        pass->prefix = chunk_load_part(w->route.prefix.data, pass->prefix_length);
    }
    return true;
}

static void end_pass(rf_rewrite *w, const struct names_pass *pass)
{
    w->counts.changed += (w->route.to != pass->db ? pass->usual : pass->renamed) * pass->counts;
    count_map(w, pass->usual * pass->counts);
    count_prefix(w, pass->usual * pass->counts);
}

static inline bool make_string(rf_rewrite *w, const struct name_parts *parts, rf_slice *made)
{
    const size_t length = parts_length(parts);
    uint8_t *name = length <= LONGEST_NAME ? arena_alloc(&w->strings, length) : NULL;
    if (UNLIKELY(!name))
        return false;
    parts_put(parts, name);
    *made = slice_of(name, length);
    return true;
}

/* A key with an unusual name. What is counted of one that is left to rf_rewrite_apply() is taken back. */
static __attribute__((noinline)) bool rewrite_unusual(rf_rewrite *w, int64_t db, rf_slice *name)
{
    const uint64_t counts = !w->counts_not;
    struct passage p = passage_of(db, *name, counts), back = passage_of(db, *name, -counts);
    rf_error error;
    bool renamed = false;
    bool done = rewrite_pass(w, &p, &error) == RF_OK && !p.ambiguous;
    if (done)
        renamed = p.parts.name.ptr != name->ptr && !slice_equal(p.parts.name, *name);
    if (!done || (renamed && !make_string(w, &p.parts, name))) {
        rewrite_pass(w, &back, &error);
        return false;
    }
    if (renamed || p.db != db)
        w->counts.changed += counts;
    return true;
}

/* The rule that gives a name its tag, and where that is in the name before; NULL: none. */
struct tagging {
    struct rule *rule;
    struct tag_span tag;
};

/* The first rule that finds a tag. */
static inline struct tagging find_in_short(const struct names_pass *pass, const struct short_name *name,
                                           size_t length)
{
    size_t positions[GLOB_MARKS];
    for (struct rule *rule = pass->tags; rule < pass->end; rule++)
        if (short_name_match(&rule->tag->runs, name, length, positions) && positions[0] < positions[1])
            return (struct tagging){rule, {positions[0], positions[1]}};
    return (struct tagging){0};
}

/* Most keys: the name is short and has no braces, nor could it begin with the prefix of another database.
 * False: it is another one, and unchanged. */
__attribute__((always_inline)) static inline bool rewrite_short(rf_rewrite *w, const struct names_pass *pass,
                                                                rf_slice *key, struct tagging *tagging)
{
    const rf_slice name = *key;
    if (UNLIKELY(name.len - 1 >= pass->longest || name.ptr[0] - pass->least < pass->firsts))
        return false;
    if (pass->keeps_names)
        return true;
    const struct short_name bytes = short_name_load(name);
    if (UNLIKELY(short_name_has_braces(&bytes)))
        return false;
    *tagging = find_in_short(pass, &bytes, name.len);
    if (!tagging->rule && pass->prefix_length == 0)
        return true;
    const size_t length = pass->prefix_length + name.len + (tagging->rule ? 2 : 0);
    uint8_t *made = arena_alloc(&w->strings, length + CHUNK);
    if (UNLIKELY(!made))
        return false;
    chunk_store(made, pass->prefix);
    short_name_put(&bytes, made + pass->prefix_length);
    if (LIKELY(tagging->rule != NULL))
        hash_tag_put_rest(name, tagging->tag, made + pass->prefix_length);
    *key = slice_of(made, length);
    return true;
}

static inline void count_usual(struct names_pass *pass, struct rule *rule, bool renamed)
{
    if (rule)
        rule->keys += pass->counts;
    pass->renamed += renamed;
    pass->usual++;
}

size_t rf_rewrite_strings(rf_rewrite *rewrite, int64_t db, rf_string *keys, size_t count)
{
    struct names_pass pass;
    size_t done = 0;
    if (!begin_pass(rewrite, db, &pass))
        return 0;
    for (rf_string *key = keys; done < count; done++, key++) {
        const uint8_t *before = key->key.ptr;
        struct tagging tagging = {0};
        if (LIKELY(rewrite_short(rewrite, &pass, &key->key, &tagging)))
            count_usual(&pass, tagging.rule, key->key.ptr != before);
        else if (!rewrite_unusual(rewrite, db, &key->key))
            break;
        if (key->key.ptr != before) {
            key->record = NULL;
            key->slot = -1;
            key->tag_at = (uint16_t)(pass.prefix_length + tagging.tag.from + 1);
            key->tag_length = (uint16_t)(tagging.tag.to - tagging.tag.from);
        }
        if (rewrite->shift_ms != 0 && key->expire_ms != RF_NO_EXPIRY) {
            key->expire_ms = shifted(key->expire_ms, rewrite->shift_ms);
            key->record = NULL;
        }
    }
    end_pass(rewrite, &pass);
    return done;
}

/* Commands with the key of the one before are frequent. */
size_t rewrite_plain_commands(rf_rewrite *rewrite, int64_t db, rf_plain_command *commands, size_t count)
{
    struct names_pass pass;
    size_t done = 0;
    rf_slice before = {NULL, SIZE_MAX}, after = before;
    struct tagging tagging = {0};
    if (!begin_pass(rewrite, db, &pass))
        return 0;
    for (rf_plain_command *c = commands; done < count; done++, c++) {
        if (slice_equal(c->key, before)) {
            c->key = after;
            count_usual(&pass, tagging.rule, after.ptr != before.ptr);
            continue;
        }
        before = c->key;
        if (LIKELY(rewrite_short(rewrite, &pass, &c->key, &tagging))) {
            after = c->key;
            count_usual(&pass, tagging.rule, after.ptr != before.ptr);
        } else if (rewrite_unusual(rewrite, db, &c->key)) {
            before.len = SIZE_MAX;
        } else {
            break;
        }
    }
    end_pass(rewrite, &pass);
    return done;
}

void rf_rewrite_release_names(rf_rewrite *rewrite)
{
    arena_reset(&rewrite->strings);
}
