/* SPDX-License-Identifier: MIT */
/* Commands in an AOF that are never sent: they stop or reconfigure the server, send its data elsewhere, or
 * change the state of the connection. Servers do not write them to an AOF, except CLUSTER SYNCSLOTS, which
 * only concerns that server. */
#ifndef REPLAY_FORBIDDEN_H
#define REPLAY_FORBIDDEN_H

#include <rdbferry/slice.h>
#include <stdbool.h>
#include <stddef.h>

/* `argv` has at least one element. */
bool command_is_forbidden(const rf_slice *argv, size_t argc);

#endif
