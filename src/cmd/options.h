/* SPDX-License-Identifier: MIT */
/* Options as tables: the rows that parse a command line also print its --help. Names are not abbreviated, so
 * that a new option never changes what an old script says. */
#ifndef CMD_OPTIONS_H
#define CMD_OPTIONS_H

#include <rdbferry/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum option_kind {
    OPTION_HEADING,  /* no option: `help` heads the rows below */
    OPTION_HELP,     /* prints the help */
    OPTION_FLAG,     /* bool */
    OPTION_STRING,   /* const char * */
    OPTION_CHOICE,   /* int, one of `choices` */
    OPTION_COUNT,    /* uint64_t, up to `most` */
    OPTION_SIZE,     /* uint64_t, bytes; not 0 */
    OPTION_DURATION, /* int64_t, milliseconds */
    OPTION_SERVER,   /* rf_server */
    OPTION_HANDLER,  /* whatever `handle` makes of it */
};

struct option_choice {
    const char *name;
    int value;
};

struct option_row {
    enum option_kind kind;
    char letter; /* 0: none */
    const char *name;
    const char *argument;                /* what --help calls it; NULL: takes none */
    const char *help;                    /* lines, with '\n' between them */
    size_t offset;                       /* of the destination in the command's struct */
    const struct option_choice *choices; /* up to a NULL name */
    uint64_t most;                       /* 0: whatever fits */
    bool optional;                       /* the argument, which then stands behind "=" */
    /* Anything but RF_OK: the argument makes no sense. `error` holds an empty message and may be left so. An
     * argument that is left out is NULL. */
    rf_code (*handle)(const char *argument, void *into, rf_error *error);
};

struct option_table {
    const char *command;
    const char *operands; /* as the usage line shows them */
    const char *about;    /* a paragraph for --help */
    const struct option_row *rows;
    size_t count;
};

/* Fills `values`. Options and operands may be mixed; behind "--" all are operands. True: go on with the
 * operands, argv[*first] and up. False: leave with *status, the help or the usage error has been printed. */
bool options_parse(const struct option_table *table, int argc, char **argv, void *values, int *first,
                   int *status);

#endif
