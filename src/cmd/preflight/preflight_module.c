/* SPDX-License-Identifier: MIT */
/* Which module a value belongs to, and whether a node has it. */
#include "cmd/preflight/preflight.h"
#include <string.h>

/* Vector sets are built into Redis, from 8.0 on. */
enum preflight_presence preflight_find_module(const rf_live_node_info *node, const char *type)
{
    static const enum preflight_presence presences[] = {[RF_MODULE_THERE] = PREFLIGHT_PRESENT,
                                                        [RF_MODULE_LACKING] = PREFLIGHT_LACKING,
                                                        [RF_MODULE_UNSURE] = PREFLIGHT_UNSURE};
    if (rf_server_has_module(node->server, type))
        return PREFLIGHT_PRESENT;
    return presences[rf_module_presence_of(type, node->modules)];
}
