/* SPDX-License-Identifier: MIT */
/* Texts of details, and notices of what was dropped. */
#include "rdb/detail.h"

#include "base/bytes.h"
#include "base/fail.h"
#include "rdb/notify.h"
#include <stdio.h>

static const struct {
    const char *lacking, *lost;
} details_of[] = {
#define DETAIL(name, lacking, lost) {lacking, lost},
#include "rdb/details.def"
#undef DETAIL
};

const char *detail_lacking(unsigned details)
{
    return details_of[__builtin_ctz(details)].lacking;
}

void detail_notify(const rf_notify *notify, const rf_entry *key, unsigned details)
{
    for (int i = 0; i < DETAIL_COUNT; i++)
        if (details >> i & 1)
            notify_of(notify, key, RF_NOTICE_DETAIL, details_of[i].lost);
}

const char *detail_foreign(const rf_entry *entry, char text[DETAIL_FOREIGN_TEXT])
{
    snprintf(text, DETAIL_FOREIGN_TEXT, "%.*s of %.*s", (int)entry->text.len, (const char *)entry->text.ptr,
             (int)entry->name.len, (const char *)entry->name.ptr);
    return text;
}

rf_code detail_leave_out_foreign(const rf_notify *notify, const rf_entry *entry, bool may, rf_error *error)
{
    bool is_detail = entry->kind == RF_ENTRY_FOREIGN_DETAIL;
    char what[DETAIL_FOREIGN_TEXT];
    detail_foreign(entry, what);
    if (may) {
        notify_of(notify, entry, is_detail ? RF_NOTICE_DETAIL : RF_NOTICE_FOREIGN_RECORD, what);
        return RF_OK;
    }
    fail(error, RF_E_INCOMPATIBLE, "%s %s (--drop-detail drops it)",
         is_detail ? "the output has no place for" : "no other server supports", what);
    error_key(error, entry->db, entry->key);
    return RF_E_INCOMPATIBLE;
}
