/* SPDX-License-Identifier: MIT */
/* Commands of an AOF, as tests write them: "SET a 1 | MULTI | SELECT 3 | DEL a b | EXEC". An argument may
 * have \xNN for a byte, and "" is the empty one. */
#ifndef TESTS_COMMANDS_H
#define TESTS_COMMANDS_H

#include "base/buffer.h"
#include <rdbferry/entry.h>

/* Appends them as RESP. */
void commands_resp(const char *text, struct buffer *resp);

/* The arguments of one command, in a block of exactly their number; each of exactly its size. */
struct command_text {
    rf_entry entry;
    rf_slice *argv;
};

struct command_text command_of(const char *text);
void command_free(struct command_text *command);

#endif
