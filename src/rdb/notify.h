/* SPDX-License-Identifier: MIT */
/* Sends a notice about an entry: with its key, if it has one, else with its offset. */
#ifndef RDB_NOTIFY_H
#define RDB_NOTIFY_H

#include <rdbferry/entry.h>
#include <rdbferry/notice.h>

static inline void notify_of(const rf_notify *notify, const rf_entry *entry, rf_notice_code code,
                             const char *detail)
{
    bool has_key = entry->kind == RF_ENTRY_KEY || entry->kind == RF_ENTRY_FOREIGN ||
                   entry->kind == RF_ENTRY_FOREIGN_DETAIL;
    if (notify->fn)
        notify->fn(notify->ctx, &(rf_notice){.code = code,
                                             .offset = (int64_t)entry->offset,
                                             .db = has_key ? (int)entry->db : -1,
                                             .key = has_key ? entry->key : (rf_slice){0},
                                             .detail = detail});
}

#endif
