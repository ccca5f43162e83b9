/* SPDX-License-Identifier: MIT */
/* Options as tables: the rows that parse a command line also print its --help. */
#ifndef CMD_OPTIONS_H
#define CMD_OPTIONS_H

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
    size_t offset;                       /* of the destination in the command's struct; not for a handler */
    const struct option_choice *choices; /* up to a NULL name */
    uint64_t most;                       /* 0: whatever fits */
    bool (*handle)(const char *argument, void *values); /* false: the argument makes no sense */
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
