/* SPDX-License-Identifier: MIT */
/* A rename: s/RE/REPL/flags. */
#ifndef TRANSFORM_RENAME_H
#define TRANSFORM_RENAME_H

#include "base/buffer.h"
#include <rdbferry/error.h>
#include <rdbferry/slice.h>
#include <stdbool.h>

struct rename;

/* "s/RE/REPL/gi". The byte after the s is the delimiter, and may be any but a backslash; inside RE and REPL a
 * "\" must precede it. In REPL, \0 and & are the match, \1 to \9 its groups; \\ and \& are "\" and "&".
 * RF_E_ARGUMENT if it is invalid. */
rf_code rename_new(rf_slice expression, struct rename **out, rf_error *error);

/* The same rename for another thread; `from` must outlive it. NULL: out of memory. */
struct rename *rename_share(const struct rename *from);

/* `rename` may be NULL. */
void rename_free(struct rename *rename);

/* If the expression matches, appends the new name to `out`, which must be empty; otherwise, or after an
 * error, the contents of `out` are undefined. RF_E_ARGUMENT if the regular expression fails or the name
 * becomes too long. */
rf_code rename_make(struct rename *rename, rf_slice name, struct buffer *out, bool *matched, rf_error *error);

/* Whether it only exchanges one prefix for another: two names that match then never become equal, and a name
 * that does not match can be the result for another one only if rename_made() returns true. */
bool rename_is_prefix(const struct rename *rename);
bool rename_made(const struct rename *rename, rf_slice name);

#endif
