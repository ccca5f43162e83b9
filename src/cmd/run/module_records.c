/* SPDX-License-Identifier: MIT */
/* A short list with linear search: an input has few records. */
#include "cmd/run/module_records.h"
#include <stdio.h>
#include <string.h>

static bool is_same(const struct module_record *a, const struct module_record *b)
{
    return a->digest.low == b->digest.low && a->digest.high == b->digest.high;
}

enum module_known module_records_note(struct module_records *records, const void *input,
                                      const rf_entry *entry)
{
    struct module_record record = {.input = input, .digest = rf_digest_library(entry->text)};
    enum module_known known = MODULE_RECORD_NEW;
    snprintf(record.module, sizeof record.module, "%.*s", (int)entry->name.len,
             (const char *)entry->name.ptr);
    for (size_t i = 0; i < records->count; i++) {
        const struct module_record *earlier = &records->records[i];
        if (earlier->input == input || strcmp(earlier->module, record.module) != 0)
            continue;
        if (is_same(earlier, &record))
            return MODULE_RECORD_SAME;
        known = MODULE_RECORD_OTHER;
    }
    if (records->count < MODULE_RECORDS)
        records->records[records->count++] = record;
    return known;
}
