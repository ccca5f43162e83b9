/* SPDX-License-Identifier: MIT */
/* What a user asks of `convert`. */
#ifndef CMD_CONVERT_OPTIONS_H
#define CMD_CONVERT_OPTIONS_H

#include "common_options.h"
#include "destination.h"

struct convert_options {
    struct common_options common;
    const char *output; /* "-": stdout */
    const char *appendfilename;
    int to;     /* enum destination_kind */
    int base;   /* rf_aof_base */
    int binary; /* rf_json_bytes */
    bool preamble;
    bool restore, drop_unsupported, force, check;
    rf_server target; /* 0.0: as the inputs say */
};

/* False: leave with *status; the help or the error has been printed. In any case `common` is to be freed. */
bool convert_options_read(int argc, char **argv, struct convert_options *options, int *status);

/* The oldest server that can read this kind of output; 0.0: any. */
rf_server convert_options_floor(const struct convert_options *options);

/* False: what is written is not for a server. */
static inline bool convert_options_has_target(const struct convert_options *options)
{
    return options->to != TO_JSONL;
}

#endif
