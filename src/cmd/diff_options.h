/* SPDX-License-Identifier: MIT */
/* What a user asks of `diff`. */
#ifndef CMD_DIFF_OPTIONS_H
#define CMD_DIFF_OPTIONS_H

#include "common_options.h"
#include <rdbferry/slice.h>
#include <stdint.h>

struct diff_options {
    struct common_options common;
    size_t before_count; /* so many of the inputs are BEFORE */
    uint64_t limit;      /* lines; 0: all */
    bool jsonl;
    uint64_t memory;
    int64_t ttl_tolerance_ms;
    const char *explain; /* a key, escaped; NULL: the data sets are compared */
    char *key_bytes;     /* of diff_options_free() to free */
    rf_slice key;        /* `explain` without escapes, in there */
    uint64_t db;         /* its database */
};

/* False: leave with *status; the help or the error has been printed. */
bool diff_options_read(int argc, char **argv, struct diff_options *options, int *status);

void diff_options_free(struct diff_options *options);

#endif
