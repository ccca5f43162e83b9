/* SPDX-License-Identifier: MIT */
/* Options common to all commands that read inputs, and the inputs themselves. A command's struct holds a
 * struct common_options; its table includes common_rows, and filter_rows and rewrite_rows for its `keys`,
 * and source_rows for its `source`. */
#ifndef CMD_OPTIONS_COMMON_OPTIONS_H
#define CMD_OPTIONS_COMMON_OPTIONS_H

#include "cmd/options/key_options.h"
#include "cmd/options/log_options.h"
#include "cmd/options/options.h"
#include "cmd/options/source_options.h"
#include "cmd/run/paths.h"
#include <rdbferry/aofdir.h>
#include <stdbool.h>
#include <stddef.h>

enum progress_when { PROGRESS_AUTO, PROGRESS_ALWAYS, PROGRESS_NEVER };

enum { THREADS_MOST = 64 };

struct common_options {
    const char *report; /* NULL: none */
    int progress;       /* enum progress_when */
    bool quiet, verbose;
    uint64_t threads; /* 0: the default */
    struct key_options keys;
    struct log_options log;
    struct source_options source;
    rf_files inputs;      /* files of the operands; freed by common_options_free() */
    size_t *operand_ends; /* how many files there are up to the end of each operand */
    char **operands;      /* as given by the user, without passwords; they point into argv */
    size_t operand_count;
    bool keep_failed; /* set by the caller: see inputs_add() */
    bool apart;       /* set by the caller: each operand is a data set of its own */
    bool has_target;  /* set by the caller: see source_options_add() */
};

/* --report, --progress, --quiet, --verbose and --help. Their values are in a struct common_options. */
extern const struct option_row common_rows[];

/* --threads, for commands with a parallel stage (cmd/run/stage.h). */
extern const struct option_row thread_rows[];

/* Determines the files of the operands and checks them: none, stdin twice, a report that is also an input. If
 * false, the command exits with *status; the error has been printed. */
bool common_options_read(struct common_options *common, const char *command, char **operands, int count,
                         int *status);

/* Adds the files of a data set of its own after the operands. If false, the command exits with *status. */
bool common_options_add_apart(struct common_options *common, const char *path, int *status);

void common_options_free(struct common_options *common);

/* False if more than one input is stdin; the error has been printed. */
bool inputs_use_stdin_once(const struct common_options *common, const char *command);

/* False if `path`, a file to be written that messages call `what`, is one of the inputs, or a file of an AOF
 * directory that is one; the error has been printed. `path` may be NULL. */
bool inputs_differ_from(const struct common_options *common, const char *path, const char *what,
                        const char *command);

#endif
