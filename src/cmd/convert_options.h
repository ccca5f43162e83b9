/* SPDX-License-Identifier: MIT */
/* What a user asks of `convert`. */
#ifndef CMD_CONVERT_OPTIONS_H
#define CMD_CONVERT_OPTIONS_H

#include "destination.h"
#include "inputs.h"
#include <rdbferry/aofdir.h>

struct convert_options {
    const char *output; /* "-": stdout */
    const char *report; /* NULL: none */
    const char *appendfilename;
    int to;   /* enum destination_kind */
    int base; /* rf_aof_base */
    bool preamble;
    bool restore, drop_unsupported, force, check;
    rf_server target; /* 0.0: as the inputs say */
    int progress;     /* enum progress_when */
    bool quiet, verbose;
    rf_files inputs;      /* what the operands are read from; of the caller to free */
    size_t operand_count; /* as the user named them */
};

enum progress_when { PROGRESS_AUTO, PROGRESS_ALWAYS, PROGRESS_NEVER };

/* False: leave with *status; the help or the error has been printed. */
bool convert_options_read(int argc, char **argv, struct convert_options *options, int *status);

/* The oldest server that can read this kind of output; 0.0: any. */
rf_server convert_options_floor(const struct convert_options *options);

#endif
