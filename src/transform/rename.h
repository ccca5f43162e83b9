/* SPDX-License-Identifier: MIT */
/* A rename: s/RE/REPL/flags. */
#ifndef TRANSFORM_RENAME_H
#define TRANSFORM_RENAME_H

#include "base/buffer.h"
#include <rdbferry/error.h>
#include <rdbferry/slice.h>
#include <stdbool.h>

struct rename;

/* "s/RE/REPL/gi". The byte behind the s delimits, and may be any but a backslash; "\" before it makes it one
 * of RE or REPL. In REPL, \0 and & are what has matched, \1 to \9 its groups; \\ and \& are "\" and "&".
 * RF_E_ARGUMENT where it makes no sense. */
rf_code rename_new(rf_slice expression, struct rename **out, rf_error *error);

/* NULL is let through. */
void rename_free(struct rename *rename);

/* The new name, where the expression matches, into `out`, which has to be empty; where it does not, or after
 * an error, what is in `out` is nothing. RF_E_ARGUMENT where the regular expression gives up or the name
 * becomes too long. */
rf_code rename_make(struct rename *rename, rf_slice name, struct buffer *out, bool *matched, rf_error *error);

/* Whether it only exchanges one prefix for another: two names that match then never become one, and a name
 * that does not match can be what another becomes only if rename_made() says so. */
bool rename_is_prefix(const struct rename *rename);
bool rename_made(const struct rename *rename, rf_slice name);

#endif
