/* SPDX-License-Identifier: MIT */
/* Commands that we have encoded ourselves, one behind the other. */
#ifndef REPLAY_COMMANDS_H
#define REPLAY_COMMANDS_H

#include "base/outbuf.h"
#include <rdbferry/slice.h>
#include <stdbool.h>

enum { COMMAND_ARGS = 10 }; /* of a longer one the first are told */

struct command {
    rf_slice whole;
    rf_slice argv[COMMAND_ARGS];
    size_t argc; /* all of them */
};

/* Takes the next one off the front; false at the end. */
bool command_take(rf_slice *rest, struct command *out);

/* Whether it belongs to one attempt at sending a key, and not to the key: ASKING, or the removal of a
 * temporary name. */
bool command_is_passing(const struct command *command);

/* The name of a command, printable and cut to fit. */
void command_name(rf_slice word, char *out, size_t size);

/* Whether the name of a command, in whatever case, is this one in upper case. */
bool command_is(rf_slice word, const char *name);

/* The key that a parcel's commands are for: what the last one with arguments renames to, or else its first.
 */
rf_slice command_key(rf_slice commands);

void command_put(struct outbuf *out, const rf_slice *argv, size_t argc);

#endif
