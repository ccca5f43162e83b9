/* SPDX-License-Identifier: MIT */
/* A rewrite: adding rules. Their application to a key is in transform/rewrite_pass.c. */
#include "transform/rewrite.h"
#include "base/bytes.h"
#include "base/fail.h"
#include "base/list.h"
#include "transform/rewrite_dbs.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* --- rules ------------------------------------------------------------------------------------------ */

static rf_code out_of_memory(rf_error *error)
{
    return fail(error, RF_E_MEMORY, "out of memory for a rule");
}

/* Reserves n more rules, and one for prefix-db0, which cannot fail. */
static bool reserve(rf_rewrite *w, size_t n)
{
    size_t needed = w->first[RULE_KINDS] + n + 1;
    if (needed <= w->cap)
        return true;
    struct rule *rules = realloc(w->rules, 2 * needed * sizeof *rules);
    if (!rules)
        return false;
    w->rules = rules;
    w->cap = 2 * needed;
    return true;
}

static void free_rule(struct rule *rule)
{
    rename_free(rule->rename);
    hash_tag_free(rule->tag);
    flatten_free(rule->flatten);
    free(rule->owned_text);
}

static bool mixes(const struct rule *rule)
{
    return (rule->rename && !rename_is_prefix(rule->rename)) ||
           (rule->flatten && flatten_mixes(rule->flatten));
}

/* The space must have been reserved. */
static void add_rule(rf_rewrite *w, struct rule rule)
{
    struct rule *at = &w->rules[w->first[rule.kind + 1]];
    memmove(at + 1, at, (size_t)(&w->rules[w->first[RULE_KINDS]] - at) * sizeof rule);
    rule.number = w->added++;
    *at = rule;
    for (int kind = (int)rule.kind + 1; kind <= RULE_KINDS; kind++)
        w->first[kind]++;
    w->is_ambiguous |= mixes(&rule);
    w->route.is_known = false;
}

/* The same with a text of its own: "<word> <argument>". Takes ownership of the rule's contents, also on
 * error. */
static rf_code add_written(rf_rewrite *w, struct rule rule, const char *word, const char *argument,
                           rf_error *error)
{
    size_t size = strlen(word) + strlen(argument) + 2;
    rule.owned_text = malloc(size);
    if (!rule.owned_text || !reserve(w, 1)) {
        free_rule(&rule);
        return out_of_memory(error);
    }
    snprintf(rule.owned_text, size, "%s%s%s", word, argument[0] ? " " : "", argument);
    rule.text = rule.owned_text;
    add_rule(w, rule);
    return RF_OK;
}

static void remove_rule(rf_rewrite *w, size_t i)
{
    enum rule_kind of = w->rules[i].kind;
    free_rule(&w->rules[i]);
    memmove(&w->rules[i], &w->rules[i + 1], (w->first[RULE_KINDS] - i - 1) * sizeof *w->rules);
    for (int kind = (int)of + 1; kind <= RULE_KINDS; kind++)
        w->first[kind]--;
}

void rewrite_take_back(rf_rewrite *w, unsigned added)
{
    w->is_ambiguous = false;
    for (size_t i = w->first[RULE_KINDS]; i-- > 0;)
        if (w->rules[i].number >= added)
            remove_rule(w, i);
        else
            w->is_ambiguous |= mixes(&w->rules[i]);
    w->route.is_known = false;
}

rf_rewrite *rf_rewrite_new(void)
{
    rf_rewrite *rewrite = calloc(1, sizeof *rewrite);
    if (rewrite && !reserve(rewrite, 0)) {
        free(rewrite);
        return NULL;
    }
    return rewrite;
}

void rf_rewrite_free(rf_rewrite *rewrite)
{
    if (!rewrite)
        return;
    for (size_t i = 0; i < rewrite->first[RULE_KINDS]; i++)
        if (rewrite->shared)
            rename_free(rewrite->rules[i].rename);
        else
            free_rule(&rewrite->rules[i]);
    free(rewrite->rules);
    buffer_free(&rewrite->names[0]);
    buffer_free(&rewrite->names[1]);
    buffer_free(&rewrite->bare);
    arena_free(&rewrite->strings);
    buffer_free(&rewrite->route.prefix);
    free(rewrite);
}

/* --- sharing ---------------------------------------------------------------------------------------- */

static bool share_rules(rf_rewrite *rewrite, const rf_rewrite *from)
{
    const size_t count = from->first[RULE_KINDS];
    rewrite->rules = calloc(count + 1, sizeof *rewrite->rules);
    if (!rewrite->rules)
        return false;
    for (size_t i = 0; i < count; i++) {
        struct rule *rule = &rewrite->rules[i];
        *rule = from->rules[i];
        rule->keys = 0;
        if (rule->rename && !(rule->rename = rename_share(rule->rename)))
            return false;
    }
    return true;
}

rf_rewrite *rf_rewrite_share(rf_rewrite *from)
{
    rf_rewrite *rewrite = calloc(1, sizeof *rewrite);
    if (!rewrite)
        return NULL;
    *rewrite = *from;
    rewrite->shared = true;
    rewrite->counts = (rf_rewrite_counts){0};
    rewrite->names[0] = rewrite->names[1] = rewrite->bare = (struct buffer){0};
    rewrite->strings = (struct arena){0};
    rewrite->route = (struct route){0};
    if (share_rules(rewrite, from))
        return rewrite;
    rewrite->first[RULE_KINDS] = rewrite->rules ? from->first[RULE_KINDS] : 0;
    rf_rewrite_free(rewrite);
    return NULL;
}

void rf_rewrite_add_counts(rf_rewrite *rewrite, rf_rewrite *shared)
{
    for (size_t i = 0; i < rewrite->first[RULE_KINDS]; i++)
        rewrite->rules[i].keys += shared->rules[i].keys;
    rewrite->counts.changed += shared->counts.changed;
    rewrite->counts.tagged += shared->counts.tagged;
    rf_rewrite_clear_counts(shared);
}

void rf_rewrite_clear_counts(rf_rewrite *shared)
{
    for (size_t i = 0; i < shared->first[RULE_KINDS]; i++)
        shared->rules[i].keys = 0;
    shared->counts = (rf_rewrite_counts){0};
}

/* --- adding rules ----------------------------------------------------------------------------------- */

/* A rule is a trimmed line. */
static rf_code check_line(const char *argument, rf_error *error)
{
    size_t len = strlen(argument);
    if (strchr(argument, '\n'))
        return fail(error, RF_E_ARGUMENT, "a rule must not contain a line break");
    if (len > 0 && (rewrite_is_space(argument[0]) || rewrite_is_space(argument[len - 1])))
        return fail(error, RF_E_ARGUMENT, "'%.*s%s' must not begin or end with a space",
                    QUOTED(slice_of(argument, len)));
    return RF_OK;
}

static rf_code check_mapping(const rf_rewrite *w, rf_slice text, struct db_mapping *map, rf_error *error)
{
    if (!db_mapping_read(text, map))
        return fail(error, RF_E_ARGUMENT,
                    "invalid database mapping '%.*s%s': use FROM=TO, e.g. 5=0 or 5=0,6=1", QUOTED(text));
    for (size_t i = w->first[RULE_MAP_DB]; i < w->first[RULE_MAP_DB + 1]; i++)
        if (w->rules[i].map.from == map->from)
            return fail(error, RF_E_ARGUMENT, "database %" PRId64 " is mapped twice", map->from);
    return RF_OK;
}

static rf_code add_mappings(rf_rewrite *w, rf_slice list, rf_error *error)
{
    for (rf_slice item; list_next(&list, ',', &item);) {
        struct rule rule = {.kind = RULE_MAP_DB};
        char text[64];
        TRY(check_mapping(w, item, &rule.map, error));
        snprintf(text, sizeof text, "%" PRId64 "=%" PRId64, rule.map.from, rule.map.to);
        TRY(add_written(w, rule, "map-db", text, error));
    }
    return RF_OK;
}

rf_code rf_rewrite_map_db(rf_rewrite *rewrite, const char *mapping, rf_error *error)
{
    unsigned added = rewrite->added;
    rf_code code = add_mappings(rewrite, slice_of(mapping, strlen(mapping)), error);
    if (code != RF_OK)
        rewrite_take_back(rewrite, added);
    return code;
}

rf_code rf_rewrite_rename(rf_rewrite *rewrite, const char *expression, rf_error *error)
{
    struct rule rule = {.kind = RULE_RENAME};
    TRY(check_line(expression, error));
    TRY(rename_new(slice_of(expression, strlen(expression)), &rule.rename, error));
    return add_written(rewrite, rule, "rename", expression, error);
}

rf_code rf_rewrite_hash_tag(rf_rewrite *rewrite, const char *glob, rf_error *error)
{
    struct rule rule = {.kind = RULE_HASH_TAG};
    TRY(check_line(glob, error));
    TRY(hash_tag_new(slice_of(glob, strlen(glob)), &rule.tag, error));
    return add_written(rewrite, rule, "hash-tag", glob, error);
}

rf_code rf_rewrite_flatten(rf_rewrite *rewrite, const char *prefix, rf_error *error)
{
    struct rule rule = {.kind = RULE_FLATTEN};
    const char *template = prefix ? prefix : "db%d:";
    if (rewrite->first[RULE_FLATTEN] < rewrite->first[RULE_FLATTEN + 1])
        return fail(error, RF_E_ARGUMENT, "flatten-dbs is given twice");
    TRY(check_line(template, error));
    TRY(flatten_new(slice_of(template, strlen(template)), &rule.flatten, error));
    return add_written(rewrite, rule, "flatten-dbs", prefix ? prefix : "", error);
}

void rf_rewrite_prefix_db0(rf_rewrite *rewrite)
{
    if (rewrite->first[RULE_PREFIX_DB0] == rewrite->first[RULE_PREFIX_DB0 + 1])
        add_rule(rewrite, (struct rule){.kind = RULE_PREFIX_DB0, .text = "prefix-db0"});
}

void rf_rewrite_shift_expiry(rf_rewrite *rewrite, int64_t ms)
{
    rewrite->shift_ms = ms;
}

void rf_rewrite_count(rf_rewrite *rewrite, bool counts)
{
    rewrite->counts_not = !counts;
}

void rf_rewrite_expect(rf_rewrite *rewrite, const rf_filter *filter)
{
    db_set_of_filter(&rewrite->sources, filter);
    rewrite->route.is_known = false;
}

/* --- queries ---------------------------------------------------------------------------------------- */

bool rf_rewrite_keeps_names(const rf_rewrite *rewrite)
{
    return rewrite->first[RULE_KINDS] == 0;
}

bool rf_rewrite_is_ambiguous(const rf_rewrite *rewrite)
{
    return rewrite->is_ambiguous;
}

bool rf_rewrite_rule(const rf_rewrite *rewrite, size_t index, rf_rule_info *info)
{
    if (index >= rewrite->first[RULE_KINDS])
        return false;
    const struct rule *rule = &rewrite->rules[index];
    *info = (rf_rule_info){.rule = rule->text, .keys = rule->keys};
    return true;
}

rf_rewrite_counts rf_rewrite_counts_get(const rf_rewrite *rewrite)
{
    return rewrite->counts;
}
