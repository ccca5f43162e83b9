/* SPDX-License-Identifier: MIT */
/* Hash-tag rules: where the braces are added. */
#include "transform/hash_tag.h"
#include "base/bytes.h"
#include "base/fail.h"
#include "base/list.h"
#include <stdlib.h>

/* Removes the first brace of this kind; *at receives its position. */
static bool parse_brace(struct hash_tag *rule, uint8_t brace, size_t *at)
{
    for (size_t i = 0; i < rule->count; i++) {
        const struct glob_element *element = &rule->elements[i];
        if (element->kind != GLOB_BYTE || element->escaped || element->byte != brace)
            continue;
        rule->count--;
        memmove(&rule->elements[i], &rule->elements[i + 1], (rule->count - i) * sizeof *element);
        *at = i;
        return true;
    }
    return false;
}

static bool parse_braces(struct hash_tag *rule)
{
    size_t third;
    return parse_brace(rule, '{', &rule->open) && parse_brace(rule, '}', &rule->close) &&
           rule->open < rule->close && !parse_brace(rule, '{', &third) && !parse_brace(rule, '}', &third);
}

static rf_code parse(struct hash_tag *rule, rf_slice glob, rf_error *error)
{
    rule->elements = glob_split(glob, &rule->count);
    if (rule->elements && !parse_braces(rule))
        return fail(
            error, RF_E_ARGUMENT,
            "invalid hash-tag pattern '%.*s%s': it must contain one { and, after it, one }, with something "
            "between them, e.g. '{user:*}:*'; use \\{ for a brace in the name",
            QUOTED(glob));
    if (!rule->elements || !glob_runs_make(&rule->runs, rule->elements, rule->count))
        return fail(error, RF_E_MEMORY, "out of memory for a pattern of %zu bytes", glob.len);
    glob_runs_mark(&rule->runs, 0, rule->open);
    glob_runs_mark(&rule->runs, 1, rule->close);
    return RF_OK;
}

rf_code hash_tag_new(rf_slice glob, struct hash_tag **out, rf_error *error)
{
    struct hash_tag *rule = calloc(1, sizeof *rule);
    rf_code code = rule ? parse(rule, glob, error) : fail(error, RF_E_MEMORY, "out of memory for a rule");
    if (code != RF_OK)
        hash_tag_free(rule);
    else
        *out = rule;
    return code;
}

void hash_tag_free(struct hash_tag *rule)
{
    if (!rule)
        return;
    glob_runs_free(&rule->runs);
    free(rule->elements);
    free(rule);
}

static bool has(rf_slice name, size_t from, size_t to, uint8_t byte)
{
    return from < to && memchr(name.ptr + from, byte, to - from);
}

bool hash_tag_is_effective(rf_slice name, struct tag_span span)
{
    return !has(name, 0, span.from, '{') && !has(name, span.from, span.to, '}');
}
