/* SPDX-License-Identifier: MIT */
/* Which module a value belongs to, and whether a node has it. */
#include "dry_run.h"
#include <string.h>

/* Vector sets are built into Redis, from 8.0 on. */
enum dry_presence dry_find_module(const rf_live_node *node, const char *type)
{
    static const enum dry_presence presences[] = {
        [RF_MODULE_THERE] = DRY_THERE, [RF_MODULE_LACKING] = DRY_LACKING, [RF_MODULE_UNSURE] = DRY_UNSURE};

    if (rf_server_has_module(node->server, type))
        return DRY_THERE;
    return presences[rf_module_presence_of(type, node->modules)];
}
