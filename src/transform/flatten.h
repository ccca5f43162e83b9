/* SPDX-License-Identifier: MIT */
/* A template for prefixes that tell databases apart: "db%d:" with a database's number for %d. */
#ifndef TRANSFORM_FLATTEN_H
#define TRANSFORM_FLATTEN_H

#include "base/buffer.h"
#include <rdbferry/error.h>
#include <rdbferry/slice.h>
#include <stdbool.h>

struct flatten;

/* RF_E_ARGUMENT unless there is one %d in it; "%%" is a percent sign, and nothing else may stand behind one.
 */
rf_code flatten_new(rf_slice template, struct flatten **out, rf_error *error);

/* NULL is let through. */
void flatten_free(struct flatten *flatten);

/* The name behind a database's prefix, into `out`, which need not be empty. */
rf_code flatten_make(const struct flatten *flatten, int64_t db, rf_slice name, struct buffer *out,
                     rf_error *error);

/* Whether names of two databases can come out as one. If not, what flatten_made() tells is unique. */
bool flatten_mixes(const struct flatten *flatten);

/* Whether a name looks as if a prefix had been put before it: *db tells whose. */
bool flatten_made(const struct flatten *flatten, rf_slice name, int64_t *db);

#endif
