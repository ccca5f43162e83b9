/* SPDX-License-Identifier: MIT */
/* What a user asks of `convert`. */
#ifndef CMD_CONVERT_OPTIONS_H
#define CMD_CONVERT_OPTIONS_H

#include "common_options.h"
#include "written_options.h"

struct convert_options {
    struct common_options common;
    struct written_options written;
    const char *output; /* "-": stdout; NULL where a key is to be explained */
};

/* False: leave with *status; the help or the error has been printed. In any case `common` is to be freed. */
bool convert_options_read(int argc, char **argv, struct convert_options *options, int *status);

#endif
