/* SPDX-License-Identifier: MIT */
/* Options of `diff`. */
#ifndef CMD_DIFF_DIFF_OPTIONS_H
#define CMD_DIFF_DIFF_OPTIONS_H

#include "cmd/options/common_options.h"
#include "cmd/page/page.h"
#include <rdbferry/slice.h>
#include <stdint.h>

struct diff_options {
    struct common_options common;
    size_t before_count; /* number of inputs of BEFORE, known after evaluate_inputs(); the rest are
                            AFTER's */
    uint64_t limit;      /* lines; 0: all */
    bool jsonl;
    struct page_options page;
    uint64_t memory;
    int64_t ttl_tolerance_ms;
    const char *explain; /* an escaped key; NULL: compare the data sets */
    char *key_bytes;     /* freed by diff_options_free() */
    rf_slice key;        /* `explain` without escapes; points into `key_bytes` */
    uint64_t db;         /* its database */
};

/* If false, the command exits with *status; the help or the error has been printed. */
bool diff_options_read(int argc, char **argv, struct diff_options *options, int *status);

void diff_options_free(struct diff_options *options);

extern const struct option_table *const diff_options_table;

#endif
