/* SPDX-License-Identifier: MIT */
/* Formats the version that a command requires. */
#include "cmd/run/command_support.h"
#include <stdio.h>

/* The version of the same project is most useful; for commands that it never had, that of the other one. */
void command_support_format(rf_server server, const rf_command_need *need, char *out, size_t size)
{
    rf_server own = server.dialect == RF_VALKEY ? need->valkey : need->redis;
    rf_server first = own.major > 0 ? own : server.dialect == RF_VALKEY ? need->redis : need->valkey;
    char target[32], since[32];
    rf_server_format(server, target, sizeof target);
    rf_server_format(first, since, sizeof since);
    if (server.dialect == RF_DRAGONFLY) {
        snprintf(out, size, "%s is not supported by Dragonfly", need->what);
        return;
    }
    snprintf(out, size, "%s is not supported by %s; it requires %s or newer", need->what, target, since);
}
