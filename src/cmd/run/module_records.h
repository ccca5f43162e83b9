/* SPDX-License-Identifier: MIT */
/* The AUX records of modules in several inputs: shards of one data set have the same records, which are
 * written once. */
#ifndef CMD_RUN_MODULE_RECORDS_H
#define CMD_RUN_MODULE_RECORDS_H

#include <rdbferry/digest.h>
#include <rdbferry/entry.h>
#include <stdbool.h>
#include <stddef.h>

enum { MODULE_RECORDS = 1024 }; /* limit of remembered records; later ones count as new */

struct module_record {
    const void *input; /* the first input that had it */
    char module[10];
    rf_digest digest; /* of its content */
};

struct module_records {
    size_t count;
    struct module_record records[MODULE_RECORDS];
};

enum module_known {
    MODULE_RECORD_NEW,
    MODULE_RECORD_SAME,  /* also in an earlier input */
    MODULE_RECORD_OTHER, /* an earlier input has other records of this module */
};

/* Notes a record (RF_ENTRY_MODULE_AUX) of an input, which is identified by its address. */
enum module_known module_records_note(struct module_records *records, const void *input,
                                      const rf_entry *entry);

#endif
