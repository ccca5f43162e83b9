/* SPDX-License-Identifier: MIT */
/* A key with a plain string as an entry, without its value. */
#ifndef CMD_RUN_STRING_ENTRY_H
#define CMD_RUN_STRING_ENTRY_H

#include <rdbferry/strings.h>

static inline rf_entry string_entry(const rf_strings *strings, const rf_string *string)
{
    return (rf_entry){.kind = RF_ENTRY_KEY,
                      .offset = string->offset,
                      .db = strings->db,
                      .key = string->key,
                      .slot = string->slot,
                      .type = strings->encoding->type,
                      .encoding = strings->encoding,
                      .expire_ms = string->expire_ms};
}

#endif
