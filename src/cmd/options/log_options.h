/* SPDX-License-Identifier: MIT */
/* Options about the commands of an AOF: up to where, which are left out, and those that are not known. */
#ifndef CMD_OPTIONS_LOG_OPTIONS_H
#define CMD_OPTIONS_LOG_OPTIONS_H

#include "cmd/options/options.h"
#include <rdbferry/command_rewrite.h>
#include <stdbool.h>

/* "FILE:OFFSET", or "OFFSET" in the only file with commands. */
struct log_place {
    const char *text;   /* as given; NULL: none */
    size_t file_length; /* of the file's name; 0: none is given */
    uint64_t offset;
};

enum { LOG_COMMANDS = 32 };

struct log_options {
    int64_t until;          /* Unix seconds; 0: no limit */
    uint64_t until_command; /* OPT_UNSET: no limit */
    struct log_place until_offset, drop_at;
    const char *drop_command;               /* names, separated by commas; NULL: none */
    int repair;                             /* enum log_repair */
    int unknown;                            /* rf_unknown_commands */
    rf_command_keys commands[LOG_COMMANDS]; /* whose keys are given; their names belong to this struct */
    size_t command_count;
};

enum log_repair { REPAIR_NONE, REPAIR_CUT };

/* To be the initial value. */
#define LOG_OPTIONS                \
    {                              \
        .until_command = OPT_UNSET \
    }

/* Whether the log ends before its end. */
static inline bool log_options_cut(const struct log_options *log)
{
    return log->until > 0 || log->until_command != OPT_UNSET || log->until_offset.text ||
           log->repair != REPAIR_NONE;
}

/* Whether a file's path ends with the name of a place, or the place has none. */
bool log_place_is_in(const struct log_place *place, const char *path);

/* Whether a place is given, and the command of this file begins there. */
bool log_place_is_of(const struct log_place *place, const char *path, const rf_entry *command);

/* Whether --drop-command names the command. */
bool log_options_drop(const struct log_options *log, const rf_entry *command);

/* The options that were given, as text for comparing runs; NULL: out of memory. The caller frees it. */
char *log_options_text(const struct log_options *log);

void log_options_free(struct log_options *log);

/* Their values are in a struct log_options. */
extern const struct option_row log_rows[];

#endif
