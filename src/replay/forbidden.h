/* SPDX-License-Identifier: MIT */
/* Commands that are never sent, whatever an AOF has: they stop or reconfigure the server, send its data
 * elsewhere, or change what the connection is. No server writes them into its AOF, but for CLUSTER SYNCSLOTS,
 * which means nothing to another one. */
#ifndef REPLAY_FORBIDDEN_H
#define REPLAY_FORBIDDEN_H

#include <rdbferry/slice.h>
#include <stdbool.h>
#include <stddef.h>

/* `argv`: a command, of at least one argument. */
bool command_is_forbidden(const rf_slice *argv, size_t argc);

#endif
