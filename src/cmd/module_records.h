/* SPDX-License-Identifier: MIT */
/* What modules saved beside the keys, in several inputs: shards of one data set have the same records, which
 * are written once. */
#ifndef CMD_MODULE_RECORDS_H
#define CMD_MODULE_RECORDS_H

#include <rdbferry/digest.h>
#include <rdbferry/entry.h>
#include <stdbool.h>
#include <stddef.h>

enum { MODULE_RECORDS = 1024 }; /* so many are remembered; records beyond these count as new */

struct module_record {
    const void *input; /* where it was first */
    char module[10];
    rf_digest digest; /* of its bytes */
};

struct module_records {
    size_t count;
    struct module_record records[MODULE_RECORDS];
};

enum module_known {
    MODULE_RECORD_NEW,
    MODULE_RECORD_SAME,  /* an earlier input has it too */
    MODULE_RECORD_OTHER, /* an earlier input has records of this module, and not this one */
};

/* Notes a record (RF_ENTRY_MODULE_AUX) of an input, which is told by its address. */
enum module_known module_records_note(struct module_records *records, const void *input,
                                      const rf_entry *entry);

#endif
