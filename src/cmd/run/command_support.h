/* SPDX-License-Identifier: MIT */
/* AOF commands that a server does not support, for messages. */
#ifndef CMD_RUN_COMMAND_SUPPORT_H
#define CMD_RUN_COMMAND_SUPPORT_H

#include <rdbferry/command.h>
#include <stddef.h>

/* "HPEXPIREAT is not supported by valkey 8.1; it requires valkey 9.0 or newer". */
void command_support_format(rf_server server, const rf_command_need *need, char *out, size_t size);

#endif
