/* SPDX-License-Identifier: MIT */
/* Options common to all commands that read inputs, and the inputs themselves. A command's struct holds a
 * struct common_options; its table holds COMMON_ROWS. */
#ifndef CMD_OPTIONS_COMMON_OPTIONS_H
#define CMD_OPTIONS_COMMON_OPTIONS_H

#include "cmd/options/key_options.h"
#include "cmd/options/options.h"
#include "cmd/run/paths.h"
#include <rdbferry/aofdir.h>
#include <stdbool.h>
#include <stddef.h>

enum progress_when { PROGRESS_AUTO, PROGRESS_ALWAYS, PROGRESS_NEVER };

struct common_options {
    const char *report; /* NULL: none */
    int progress;       /* enum progress_when */
    bool quiet, verbose;
    struct key_options keys;
    rf_files inputs;         /* files of the operands; freed by common_options_free() */
    size_t of_first_operand; /* number of files of the first operand */
    char **operands;         /* as given by the user; they point into argv */
    size_t operand_count;
    rf_error input_error; /* why common_options_read() could not determine the files */
};

extern const struct option_choice progress_choices[];

/* clang-format off */
/* Rows for `report`, `progress`, `quiet`, `verbose` and `help`; `type`: the command's struct, which has a
 * member `common`. */
#define COMMON_ROWS(type)                                                                                   \
    {OPTION_STRING, 0, "report", "FILE", "write a JSON report; '-' is stdout",                              \
     .offset = offsetof(type, common.report)},                                                              \
    {OPTION_CHOICE, 0, "progress", "WHEN", "show progress: auto, always or never (auto)",                               \
     .offset = offsetof(type, common.progress), .choices = progress_choices},                               \
    {OPTION_FLAG, 'q', "quiet", .help = "print errors only", .offset = offsetof(type, common.quiet)},  \
    {OPTION_FLAG, 'v', "verbose", .help = "print details of what was found and done", .offset = offsetof(type, common.verbose)}, \
    {OPTION_HELP, 0, "help", .help = "show this help"}
/* clang-format on */

/* Determines the files of the operands and checks them: none, stdin twice, a report that is also an input. If
 * false, the command exits with *status; the error has been printed. */
bool common_options_read(struct common_options *common, const char *command, char **operands, int count,
                         int *status);

void common_options_free(struct common_options *common);

/* False if more than one input is stdin; the error has been printed. */
bool inputs_use_stdin_once(const struct common_options *common, const char *command);

/* False if `path`, a file to be written that messages call `what`, is one of the inputs, or a file of an AOF
 * directory that is one; the error has been printed. `path` may be NULL. */
bool inputs_differ_from(const struct common_options *common, const char *path, const char *what,
                        const char *command);

#endif
