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

/* The last prefix that was made, as keys of one database are often consecutive. Zeroed: none. The caller
 * frees `text`. Each thread has one of its own. */
struct db_prefix {
    int64_t db;
    struct buffer text; /* empty: none */
};

/* Appends the prefix of a database and the name to `out`, which need not be empty. */
rf_code flatten_make(const struct flatten *flatten, int64_t db, rf_slice name, struct db_prefix *prefix,
                     struct buffer *out, rf_error *error);

/* Whether names of two databases can map to the same name. If not, the result of flatten_made() is unique. */
bool flatten_mixes(const struct flatten *flatten);

/* Whether a name could have a prefix: *db receives its database. */
bool flatten_made(const struct flatten *flatten, rf_slice name, int64_t *db);

#endif
