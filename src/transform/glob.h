/* SPDX-License-Identifier: MIT */
/* Globs over bytes, as KEYS takes them: "*", "?", "[abc]", "[^a-z]", "\x". Taken apart once. (Valkey
 * src/util.c: stringmatchlen) */
#ifndef TRANSFORM_GLOB_H
#define TRANSFORM_GLOB_H

#include <rdbferry/error.h>
#include <rdbferry/slice.h>
#include <stdbool.h>

struct glob;

/* Every pattern means something; RF_E_MEMORY is all that can go wrong. The pattern is copied. */
rf_code glob_new(rf_slice pattern, struct glob **out, rf_error *error);

/* In time that is bounded by the product of both lengths. */
bool glob_matches(const struct glob *glob, rf_slice text);

/* NULL is let through. */
void glob_free(struct glob *glob);

#endif
