/* SPDX-License-Identifier: MIT */
/* A hash-tag rule: a glob with braces, that shows what names become: "{user:*}:*" makes user:123:cart
 * {user:123}:cart. The elements are those of transform/glob_elements.h; "\{" and "[{]" are bytes of a name.
 */
#ifndef TRANSFORM_HASH_TAG_H
#define TRANSFORM_HASH_TAG_H

#include "base/buffer.h"
#include <rdbferry/error.h>
#include <rdbferry/slice.h>
#include <stdbool.h>

struct hash_tag;

/* RF_E_ARGUMENT unless the glob has one "{" and one "}" behind it, with something between. */
rf_code hash_tag_new(rf_slice glob, struct hash_tag **out, rf_error *error);

/* NULL is let through. */
void hash_tag_free(struct hash_tag *rule);

enum tag_answer {
    TAG_FOUND,
    TAG_NO_MATCH,
    TAG_EMPTY,     /* it matches, and nothing is between the braces */
    TAG_DIFFERENT, /* it matches, but braces of the name itself would make the effective tag another one */
};

/* Where a tag lies in a name without its braces. */
struct tag_place {
    size_t from, to;
};

/* *place is told for TAG_FOUND: a name with braces there has name[from, to) as its effective tag. `braces`:
 * whether the name has any of its own. */
enum tag_answer hash_tag_find(const struct hash_tag *rule, rf_slice name, bool braces,
                              struct tag_place *place);

/* The name with braces, into `out`, which need not be empty. */
rf_code hash_tag_make(rf_slice name, struct tag_place place, struct buffer *out, rf_error *error);

#endif
