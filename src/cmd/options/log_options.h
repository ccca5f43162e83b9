/* SPDX-License-Identifier: MIT */
/* Options about the commands of an AOF: up to where, which are left out, those that are not known, and the
 * server that evaluates them. */
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
    int repair;                             /* enum log_repair_how */
    int truncated;                          /* enum log_truncated */
    int unknown_db;                         /* enum log_unknown_db */
    int unknown;                            /* rf_unknown_commands */
    rf_command_keys commands[LOG_COMMANDS]; /* whose keys are given; their names belong to this struct */
    size_t command_count;
    char *server; /* absolute path of a program, which belongs to this struct; NULL: none */
};

enum log_repair_how { REPAIR_NONE, REPAIR_CUT, REPAIR_SKIP };

/* What becomes of a command or transaction that the end of a log cuts off. */
enum log_truncated { TRUNCATED_FAIL, TRUNCATED_DROP };

/* What becomes of commands whose database is unknown, as a SELECT may have been lost in damage. */
enum log_unknown_db { UNKNOWN_DB_FAIL, UNKNOWN_DB_LAST, UNKNOWN_DB_DROP };

/* To be the initial value. */
#define LOG_OPTIONS                \
    {                              \
        .until_command = OPT_UNSET \
    }

/* Whether the log ends before its end. */
static inline bool log_options_cut(const struct log_options *log)
{
    return log->until > 0 || log->until_command != OPT_UNSET || log->until_offset.text ||
           log->repair == REPAIR_CUT;
}

/* Whether a file's path ends with the name of a place, or the place has none. */
bool log_place_is_in(const struct log_place *place, const char *path);

/* Whether a place is given, and the command of this file begins there. */
bool log_place_is_of(const struct log_place *place, const char *path, const rf_entry *command);

/* Whether --drop-command names the command. */
bool log_options_drop(const struct log_options *log, const rf_entry *command);

/* Resets the options that cut the log or leave out commands. */
void log_options_applied(struct log_options *log);

/* The options that were given, as text for comparing runs; NULL: out of memory. The caller frees it. */
char *log_options_text(const struct log_options *log);

void log_options_free(struct log_options *log);

/* Whether damage that the log has is left out. */
static inline bool log_options_repair(const struct log_options *log)
{
    return log->repair == REPAIR_SKIP || log->truncated == TRUNCATED_DROP;
}

/* Their values are in a struct log_options. */
extern const struct option_row log_rows[];

/* Those of commands that do not write logs. */
extern const struct option_row log_input_rows[];

#endif
