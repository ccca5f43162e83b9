/* SPDX-License-Identifier: MIT */
/* Options of `convert`. */
#ifndef CMD_CONVERT_CONVERT_OPTIONS_H
#define CMD_CONVERT_CONVERT_OPTIONS_H

#include "cmd/options/common_options.h"
#include "cmd/options/output_options.h"

struct convert_options {
    struct common_options common;
    struct output_options written;
    const char *output; /* "-": stdout; NULL if a key is to be explained */
};

/* If false, the command exits with *status; the help or the error has been printed. In both cases the caller
 * frees `common`. */
bool convert_options_read(int argc, char **argv, struct convert_options *options, int *status);

extern const struct option_table *const convert_options_table;

#endif
