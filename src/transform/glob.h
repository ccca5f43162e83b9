/* SPDX-License-Identifier: MIT */
/* Globs over bytes, in the syntax of KEYS: "*", "?", "[abc]", "[^a-z]", "\x". Parsed once. (Valkey
 * src/util.c: stringmatchlen) */
#ifndef TRANSFORM_GLOB_H
#define TRANSFORM_GLOB_H

#include <rdbferry/error.h>
#include <rdbferry/slice.h>
#include <stdbool.h>

struct glob;

/* Every pattern is valid; the only error is RF_E_MEMORY. The pattern is copied. */
rf_code glob_new(rf_slice pattern, struct glob **out, rf_error *error);

/* The time is bounded by the product of both lengths. */
bool glob_matches(const struct glob *glob, rf_slice text);

/* `glob` may be NULL. */
void glob_free(struct glob *glob);

#endif
