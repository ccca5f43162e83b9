/* SPDX-License-Identifier: MIT */
/* What is left out of a key, and what of a file, so that the rest can be written: details.def as an enum, and
 * records that one vendor's servers alone understand. */
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

/* What the target lacks for the first of these details, of which there is one: "a hash field with an expiry".
 */
const char *detail_lacking(unsigned details);

/* Gives notice, once for each, of the details that were left out of a key. */
void detail_notify(const rf_notify *notify, const rf_entry *key, unsigned details);

/* "a cron job of KeyDB". */
enum { DETAIL_FOREIGN_TEXT = 64 };
const char *detail_foreign(const rf_entry *entry, char text[DETAIL_FOREIGN_TEXT]);

/* An entry of kind RF_ENTRY_FOREIGN or RF_ENTRY_FOREIGN_DETAIL has no place in an output: gives notice where
 * it may be left out, else RF_E_UNSAYABLE. */
rf_code detail_leave_out_foreign(const rf_notify *notify, const rf_entry *entry, bool may, rf_error *error);

#endif
