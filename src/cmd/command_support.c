/* SPDX-License-Identifier: MIT */
/* Which version a command asks for. */
#include "command_support.h"
#include <stdio.h>

/* A project's own release says most; what it never had, the other one has. */
void command_support_format(rf_server server, const rf_command_need *need, char *out, size_t size)
{
    rf_server own = server.dialect == RF_VALKEY ? need->valkey : need->redis;
    rf_server first = own.major > 0 ? own : server.dialect == RF_VALKEY ? need->redis : need->valkey;
    char target[32], since[32];

    rf_server_format(server, target, sizeof target);
    rf_server_format(first, since, sizeof since);
    snprintf(out, size, "%s is not supported by %s; it requires %s or newer", need->what, target,
             since);
}
