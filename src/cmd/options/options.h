/* SPDX-License-Identifier: MIT */
/* Options as tables: the same rows parse a command line and print --help. A table of options that several
 * commands have is included in each command's table. Names cannot be abbreviated, so that a new option never
 * changes the meaning of an old script. */
#ifndef CMD_OPTIONS_OPTIONS_H
#define CMD_OPTIONS_OPTIONS_H

#include <rdbferry/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum option_kind {
    OPTION_END,      /* the row after the last one */
    OPTION_INCLUDE,  /* not an option: stands for the rows of `include` */
    OPTION_HEADING,  /* not an option: `help` is the heading of the rows below */
    OPTION_HELP,     /* prints the help */
    OPTION_FLAG,     /* bool */
    OPTION_STRING,   /* const char * */
    OPTION_CHOICE,   /* int, one of `choices` */
    OPTION_COUNT,    /* uint64_t, up to `most` */
    OPTION_SIZE,     /* uint64_t, bytes; not 0 */
    OPTION_DURATION, /* int64_t, milliseconds */
    OPTION_SERVER,   /* rf_server */
    OPTION_HANDLER,  /* handled by `handle` */
};

struct option_choice {
    const char *name;
    int value;
};

struct option_row {
    enum option_kind kind;
    char letter; /* 0: none */
    const char *name;
    const char *argument;             /* its name in --help; NULL: none */
    const char *help;                 /* wrapped when printed: '\n' is a space */
    size_t offset;                    /* of the value in the table's struct; of an included table's struct */
    const struct option_row *include; /* ends with OPTION_END */
    const struct option_choice *choices; /* ends with a NULL name */
    uint64_t most;                       /* 0: no limit */
    bool optional;                       /* the argument may be omitted; it then follows an "=" */
    /* Any result but RF_OK: the argument is invalid. `error` has an empty message, which may be left empty.
     * An omitted argument is NULL. */
    rf_code (*handle)(const struct option_row *row, const char *argument, void *into, rf_error *error);
};

/* The value before parsing of an option that was not given, where 0 could be given. An int is compared with
 * (int)OPT_UNSET. */
#define OPT_UNSET UINT64_MAX

struct option_table {
    const char *command;
    const char *operands;          /* as shown in the usage line */
    const char *about;             /* a paragraph for --help; lines of up to 80 characters */
    const char *const *examples;   /* for --help, after "rdbferry COMMAND "; ends with NULL */
    const struct option_row *rows; /* ends with OPTION_END */
};

/* Fills `values`. Options and operands may be mixed; after "--" all are operands. True: continue with the
 * operands, argv[*first] and up. False: exit with *status; the help or the usage error has been printed. */
bool options_parse(const struct option_table *table, int argc, char **argv, void *values, int *first,
                   int *status);

#endif
