/* SPDX-License-Identifier: MIT */
/* The topology of a live cluster: its primaries and their slots. */
#include "base/bytes.h"
#include "base/fail.h"
#include "cluster/topology_text.h"
#include "net/primaries.h"
#include "net/waiting.h"

static rf_code add_shards(struct topology_builder *builder, const struct primaries *primaries,
                          rf_error *error)
{
    for (size_t i = 0; i < primaries->node_count; i++) {
        const char *host = primaries->nodes[i].host, *id = primaries->ids[i];
        struct topology_node node = {.host = slice_of(host, strlen(host)),
                                     .id = slice_of(id, strlen(id)),
                                     .port = primaries->nodes[i].port};
        size_t shard;
        if (!topology_is_id(node.id))
            node.id.len = 0;
        TRY(topology_builder_add(builder, &shard, error));
        TRY(topology_builder_describe(builder, shard, &node, error));
    }
    for (unsigned slot = 0; slot < RF_SLOTS; slot++)
        topology_builder_give(builder, primaries->node_of[slot], slot, slot);
    return RF_OK;
}

static rf_code build(const struct primaries *primaries, rf_topology **out, rf_error *error)
{
    struct topology_builder builder;
    TRY(topology_builder_open(&builder, NULL, error));
    rf_code code = add_shards(&builder, primaries, error);
    if (code == RF_OK)
        code = topology_builder_finish(&builder, TOPOLOGY_BY_SLOT, out, error);
    topology_builder_close(&builder);
    return code;
}

struct asking {
    rf_target target;
    struct primaries primaries;
};

static rf_code ask(void *ctx, rf_error *error)
{
    struct asking *asking = ctx;
    const rf_target *target = &asking->target;
    return primaries_find(target, target->addresses, target->address_count, &asking->primaries, error);
}

/* A target of any kind is queried as a cluster, so that another kind is an error. */
rf_code rf_topology_query(const rf_target *target, rf_topology **out, rf_error *error)
{
    struct asking asking = {.target = *target};
    asking.target.kind = RF_TARGET_CLUSTER;
    TRY(waiting_attempt(target, ask, &asking, error));
    struct primaries primaries = asking.primaries;
    rf_code code = primaries_expect_all_slots(&primaries, error);
    if (code == RF_OK)
        code = build(&primaries, out, error);
    primaries_free(&primaries);
    return code;
}
