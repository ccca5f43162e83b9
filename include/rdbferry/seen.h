/* SPDX-License-Identifier: MIT */
/* What has been seen: keys and function libraries of several inputs that are to be one data set.
 *
 * A key is remembered as the 128-bit hash of its database and name: 16 bytes, in a table at most three
 * quarters full. That two keys share a hash is less likely than a fault of the machine. */
#ifndef RDBFERRY_SEEN_H
#define RDBFERRY_SEEN_H

#include <rdbferry/entry.h>
#include <rdbferry/error.h>
#include <stdbool.h>

typedef struct rf_seen rf_seen;

/* NULL when memory is out. */
RF_API rf_seen *rf_seen_new(void);

/* Takes note of an entry. RF_E_DUPLICATE if its key has been seen in this database, or its function library
 * with other code. *again: its function library has been seen with the same code; leave it out. */
RF_API rf_code rf_seen_add(rf_seen *seen, const rf_entry *entry, bool *again, rf_error *error);

/* NULL is let through. */
RF_API void rf_seen_free(rf_seen *seen);

#endif
