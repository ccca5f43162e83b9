/* SPDX-License-Identifier: MIT */
/* A hash-tag rule: a glob with braces, which shows the resulting names: "{user:*}:*" makes user:123:cart
 * {user:123}:cart. The elements are those of transform/glob_elements.h; "\{" and "[{]" are bytes of a
 * name. */
#ifndef TRANSFORM_HASH_TAG_H
#define TRANSFORM_HASH_TAG_H

#include "transform/glob_elements.h"
#include <rdbferry/error.h>
#include <rdbferry/slice.h>
#include <stdbool.h>

struct hash_tag {
    struct glob_element *elements; /* without the braces */
    size_t count;
    size_t open, close;    /* the element after each brace */
    struct glob_runs runs; /* marked with them */
};

/* RF_E_ARGUMENT unless the glob has one "{" and one "}" after it, with something between. */
rf_code hash_tag_new(rf_slice glob, struct hash_tag **out, rf_error *error);

/* `rule` may be NULL. */
void hash_tag_free(struct hash_tag *rule);

enum tag_answer {
    TAG_FOUND,
    TAG_NO_MATCH,
    TAG_EMPTY,     /* it matches, but the tag would be empty */
    TAG_DIFFERENT, /* it matches, but braces in the name would change the effective tag */
};

/* The position of a tag in a name without its braces. */
struct tag_span {
    size_t from, to;
};

/* Whether the first "{" of the name with braces there, and the first "}" after it, are those. */
bool hash_tag_is_effective(rf_slice name, struct tag_span span);

/* *span is set for TAG_FOUND: with braces there, the effective tag of the name is name[from, to). `braces`:
 * whether the name has any of its own. */
static inline enum tag_answer hash_tag_find(const struct hash_tag *rule, rf_slice name, bool braces,
                                            struct tag_span *span)
{
    size_t positions[GLOB_MARKS];
    if (!glob_runs_match(&rule->runs, name, positions))
        return TAG_NO_MATCH;
    *span = (struct tag_span){positions[0], positions[1]};
    if (span->from == span->to)
        return TAG_EMPTY;
    return braces && !hash_tag_is_effective(name, *span) ? TAG_DIFFERENT : TAG_FOUND;
}

/* Writes the name with braces there, two more bytes, from the first brace on: what precedes it is there. */
static inline void hash_tag_put_rest(rf_slice name, struct tag_span span, uint8_t *to)
{
    to[span.from] = '{';
    bytes_copy(to + span.from + 1, name.ptr + span.from, span.to - span.from);
    to[span.to + 1] = '}';
    bytes_copy(to + span.to + 2, name.ptr + span.to, name.len - span.to);
}

static inline void hash_tag_put(rf_slice name, struct tag_span span, uint8_t *to)
{
    bytes_copy(to, name.ptr, span.from);
    hash_tag_put_rest(name, span, to);
}

#endif
