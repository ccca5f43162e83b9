/* SPDX-License-Identifier: MIT */
/* The nodes.conf of a node that has not been started yet: topology_nodes.c has the format. What it says of
 * the others is enough to connect to them; each then says the rest itself.
 *
 *   id host:port@bus port[,[name][,shard-id=id]] flags primary 0 0 epoch connected [slots ...]
 *
 * host      of the node itself empty if it is a name: a server takes its own address from a connection to it,
 *           but does not replace one that it has
 * name      from Redis 7.0 on: until the node has announced one, or that it has none
 * shard-id  from 7.2 on: the same for a primary and its replicas. Without it servers make up ids, and agree
 * on them later; some do not start again if they are killed in between
 *
 * (Valkey src/cluster_legacy.c: clusterLoadConfig, nodeUpdateAddressIfNeeded) */
#include "base/bytes.h"
#include "base/fail.h"
#include "cluster/node_list.h"
#include <stdarg.h>
#include <stdio.h>

enum { WORD_MAX = 256 };

__attribute__((format(printf, 2, 3))) static rf_code put(struct buffer *out, const char *format, ...)
{
    char text[WORD_MAX];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return length < WORD_MAX && buffer_append(out, slice_of(text, (size_t)length)) ? RF_OK : RF_E_MEMORY;
}

static rf_code put_address(struct buffer *out, const struct node *node, bool is_myself, const char *shard_id,
                           rf_server server)
{
    const bool has_names = rf_server_at_least(server, (rf_server){RF_REDIS, 7, 0}),
               has_shards = rf_server_at_least(server, (rf_server){RF_REDIS, 7, 2});
    TRY(put(out, " %s:%d@%d", is_myself && node->is_named ? "" : node->info.host, node->info.port,
            node->info.bus_port));
    if (has_shards || (has_names && node->is_named))
        TRY(put(out, ",%s", node->is_named ? node->info.host : ""));
    return has_shards ? put(out, ",shard-id=%s", shard_id) : RF_OK;
}

static rf_code put_role(struct buffer *out, const rf_nodes *nodes, size_t index, bool is_myself)
{
    size_t primary = nodes->all[index].info.primary;
    const char *myself = is_myself ? "myself," : "";
    if (primary == index)
        TRY(put(out, " %smaster -", myself));
    else
        TRY(put(out, " %sslave %s", myself, nodes->all[primary].id));
    return put(out, " 0 0 %zu connected", primary + 1);
}

static rf_code put_slots(struct buffer *out, const rf_shard *shard)
{
    for (size_t i = 0; i < shard->range_count; i++) {
        const rf_slot_range *range = &shard->ranges[i];
        TRY(put(out, range->first == range->last ? " %u" : " %u-%u", range->first, range->last));
    }
    return RF_OK;
}

static rf_code put_node(struct buffer *out, const rf_nodes *nodes, const rf_topology *topology, size_t index,
                        bool is_myself, rf_server server)
{
    const struct node *node = &nodes->all[index];
    TRY(put(out, "%s", node->id));
    TRY(put_address(out, node, is_myself, nodes->all[node->info.primary].shard_id, server));
    TRY(put_role(out, nodes, index, is_myself));
    if (node->info.primary == index)
        TRY(put_slots(out, rf_topology_shard(topology, index)));
    return put(out, "\n");
}

rf_code rf_nodes_conf(rf_nodes *nodes, const rf_topology *topology, size_t index, rf_server server,
                      rf_slice *text, rf_error *error)
{
    struct buffer *out = &nodes->conf;
    rf_code code = RF_OK;
    out->len = 0;
    for (size_t i = 0; i < nodes->count && code == RF_OK; i++)
        code = put_node(out, nodes, topology, i, i == index, server);
    if (code == RF_OK)
        code = put(out, "vars currentEpoch %zu lastVoteEpoch 0\n", nodes->primaries);
    if (code != RF_OK)
        return fail(error, RF_E_MEMORY, "out of memory");
    *text = buffer_slice(out);
    return RF_OK;
}
