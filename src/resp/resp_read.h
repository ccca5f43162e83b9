/* SPDX-License-Identifier: MIT */
/* Parsing of RESP commands as stored in an AOF: arrays of bulk strings.
 *
 *   *<n>\r\n  then n times  $<length>\r\n<bytes>\r\n
 *
 * As in the server's loader, a header line may end in a bare LF. The loader also accepts any two bytes as the
 * terminator of a string; here they must be CR LF, as a wrong length would otherwise result in different
 * data. (Valkey src/aof.c: loadSingleAppendOnlyFile)
 *
 * Of a command with a large argument, that one and those after it are not read: they can be streamed. */
#ifndef RESP_RESP_READ_H
#define RESP_RESP_READ_H

#include "base/buffer.h"
#include "io/window.h"
#include <rdbferry/command.h>

struct command_row;

/* The number of arguments and the name of a command, with its terminator, as they stand in the input: most
 * commands begin as the one before. */
struct command_head {
    uint64_t first, second, last; /* eight bytes each; `first` is 0 if it is not compared with others */
    size_t argc;
    size_t header, name, length;   /* the offsets of the name's header, the name, and what follows */
    const struct command_row *row; /* for the caller: of commands that begin so; NULL: not known */
};

/* The arguments of one command after the other, and what has not been read of the last one. A zeroed struct
 * with a window is ready. */
struct rf_arguments {
    struct window *w;
    uint64_t stream_from; /* the length of a large argument; 0: all are read */
    struct buffer argv;   /* rf_slice: those read */
    struct buffer copy;   /* their bytes, if others are streamed */
    size_t argc;          /* of those read */
    rf_slice raw;         /* these as they stand in the window; empty: in several parts, or with headers that
                             are valid, but not as servers write them */
    uint64_t rest;        /* number of the others */
    uint64_t length;      /* of the first of these that is still to be read; its header has been */
    struct command_head head; /* of the last command, unless its `first` is 0 */
    bool repeats;             /* it was that of the command before */
};

/* Reads one command; its arguments, at least one, are valid until window_release(). The first argument, its
 * name, is never large. */
rf_code resp_read_command(struct rf_arguments *command);

/* The same for a command that is in the window as a whole, as servers write it, and has no large argument.
 * False: nothing has been read. */
bool resp_read_at_once(struct rf_arguments *command);

/* The arguments that have been read. */
static inline const rf_slice *resp_argv(const struct rf_arguments *command)
{
    return (const rf_slice *)(const void *)command->argv.data;
}

/* Reads the rest of the last command, after the arguments that have been read. */
rf_code resp_hold_rest(struct rf_arguments *command);

/* Consumes the rest of the last command. */
rf_code resp_skip_rest(struct rf_arguments *command);

void resp_arguments_free(struct rf_arguments *command);

#endif
