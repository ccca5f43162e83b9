/* SPDX-License-Identifier: MIT */
/* The details of a key and the records of a file that may be dropped so that the rest can be written:
 * details.def as an enum, and vendor-specific records. */
#ifndef RDB_DETAIL_H
#define RDB_DETAIL_H

#include <rdbferry/entry.h>
#include <rdbferry/error.h>
#include <rdbferry/notice.h>
#include <stdbool.h>

enum detail {
#define DETAIL(name, lacking, lost) DETAIL_##name,
#include "rdb/details.def"
#undef DETAIL
    DETAIL_COUNT
};

#define DETAIL_BIT(name) (1u << DETAIL_##name)

/* What the target does not support, for the first of these details (at least one): "hash field expiry". */
const char *detail_lacking(unsigned details);

/* Sends a notice for each of the details that were dropped from a key. */
void detail_notify(const rf_notify *notify, const rf_entry *key, unsigned details);

/* "a cron job of KeyDB". */
enum { DETAIL_FOREIGN_TEXT = 64 };
const char *detail_foreign(const rf_entry *entry, char text[DETAIL_FOREIGN_TEXT]);

/* Handles an entry of kind RF_ENTRY_FOREIGN or RF_ENTRY_FOREIGN_DETAIL that the output does not represent:
 * sends a notice if it may be dropped, else RF_E_INCOMPATIBLE. */
rf_code detail_leave_out_foreign(const rf_notify *notify, const rf_entry *entry, bool may, rf_error *error);

#endif
