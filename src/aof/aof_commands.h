/* SPDX-License-Identifier: MIT */
/* Plain commands: see <rdbferry/plain_commands.h>, of whose functions these are a part. */
#ifndef AOF_AOF_COMMANDS_H
#define AOF_AOF_COMMANDS_H

#include "aof/aof_reader.h"
#include <rdbferry/plain_commands.h>

/* Those that are next, as far as they are in the window. */
void aof_commands_peek(struct aof_reader *r, rf_plain_command *commands, size_t most, rf_plain_commands *run);

/* Consumes them up to `last`. */
void aof_commands_skip(struct aof_reader *r, const rf_plain_command *last);

#endif
