/* SPDX-License-Identifier: MIT */
/* A template for prefixes that distinguish databases: "db%d:" with a database's number for %d. */
#ifndef TRANSFORM_FLATTEN_H
#define TRANSFORM_FLATTEN_H

#include "base/buffer.h"
#include <rdbferry/error.h>
#include <rdbferry/slice.h>
#include <stdbool.h>

struct flatten;

/* RF_E_ARGUMENT unless it contains one %d; "%%" is a percent sign, and no other sequence may begin with
 * one. */
rf_code flatten_new(rf_slice template, struct flatten **out, rf_error *error);

/* `flatten` may be NULL. */
void flatten_free(struct flatten *flatten);

/* Replaces the contents of `prefix` by the prefix of a database. */
rf_code flatten_prefix(const struct flatten *flatten, int64_t db, struct buffer *prefix, rf_error *error);

/* Whether names of two databases can map to the same name. If not, the result of flatten_made() is unique. */
bool flatten_mixes(const struct flatten *flatten);

/* Whether a name could have a prefix: *db receives its database. */
bool flatten_made(const struct flatten *flatten, rf_slice name, int64_t *db);

/* The first byte of such names: *least, or one of those that follow. Returns how many there are. */
unsigned flatten_first_bytes(const struct flatten *flatten, unsigned *least);

#endif
