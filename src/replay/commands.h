/* SPDX-License-Identifier: MIT */
/* Sequences of encoded commands. */
#ifndef REPLAY_COMMANDS_H
#define REPLAY_COMMANDS_H

#include "base/outbuf.h"
#include <rdbferry/slice.h>
#include <stdbool.h>

enum { COMMAND_ARGS = 10 }; /* only the first arguments are stored */

struct command {
    rf_slice whole;
    rf_slice argv[COMMAND_ARGS];
    size_t argc; /* number of all arguments */
};

/* Takes the first command off `rest`; returns false at the end. */
bool command_take(rf_slice *rest, struct command *out);

/* Takes the header of a command off `rest`, and returns the number of its arguments. */
size_t command_take_header(rf_slice *rest);

/* Takes an argument off `rest`. */
rf_slice command_take_argument(rf_slice *rest);

/* Whether the command belongs to one attempt to send a key, and not to its value: ASKING, or the removal of a
 * staging key. */
bool command_is_passing(const struct command *command);

/* Whether the command is put in front of a group of commands: ASKING or MULTI. */
bool command_is_control(const struct command *command);

/* Formats the name of a command, printable and truncated to fit. */
void command_name(rf_slice word, char *out, size_t size);

/* The key that a request writes: the target of the last command if it is a rename, or else its first
 * argument. */
rf_slice command_key(rf_slice commands);

/* Encodes a command. */
void command_put(struct outbuf *out, const rf_slice *argv, size_t argc);

#endif
