/* SPDX-License-Identifier: MIT */
/* Options of `inspect`. */
#ifndef CMD_INSPECT_INSPECT_OPTIONS_H
#define CMD_INSPECT_INSPECT_OPTIONS_H

#include "cmd/options/common_options.h"
#include "cmd/page/page.h"
#include <stdint.h>

enum { TOP_MOST = 1000 };

enum key_sort { SORT_NONE, SORT_SIZE, SORT_ELEMENTS, SORT_EXPIRY, SORT_KEY };

struct inspect_options {
    struct common_options common;
    struct page_options page;
    bool json, jsonl, keys, summary;
    const char *commands;      /* globs of names, as given; NULL: commands are not listed */
    rf_filter *command_filter; /* of these */
    rf_filter *key_filter;     /* with `commands`: of their keys, in place of that of `common` */
    int sort;                  /* enum key_sort */
    uint64_t limit;            /* rows; UINT64_MAX: all */
    uint64_t top;              /* length of each top list */
    const char *delimiter;     /* characters; NULL: detect them */
    uint64_t depth;
};

/* If false, the command exits with *status; the help or the error has been printed. */
bool inspect_options_read(int argc, char **argv, struct inspect_options *options, int *status);

extern const struct option_table *const inspect_options_table;

#endif
