/* SPDX-License-Identifier: MIT */
/* Topologies: equal ranges, ranges in a list, and texts, whose format is detected from the first bytes:
 *
 *     40 hexadecimal digits, "vars"         nodes.conf, CLUSTER NODES       topology_nodes.c
 *     '['                                   nodes.json                      topology_backup.c */
#include "base/bytes.h"
#include "base/fail.h"
#include "base/list.h"
#include "cluster/shard_name.h"
#include "cluster/slot_range.h"
#include "cluster/topology_builder.h"
#include "cluster/topology_text.h"
#include <inttypes.h>

/* --- queries ---------------------------------------------------------------------------------------- */

size_t rf_topology_shards(const rf_topology *topology)
{
    return topology->shard_count;
}

const rf_shard *rf_topology_shard(const rf_topology *topology, size_t index)
{
    return &topology->shards[index];
}

size_t rf_topology_of_slot(const rf_topology *topology, unsigned slot)
{
    return topology->of_slot[slot];
}

/* --- names -------------------------------------------------------------------------------------------- */

rf_code rf_topology_set_names(rf_topology *topology, const char *pattern, rf_error *error)
{
    char name[SHARD_NAME_MAX];
    TRY(shard_name_check_pattern(slice_of(pattern, strlen(pattern)), error));
    for (size_t i = 0; i < topology->shard_count; i++) {
        shard_name_by_pattern(pattern, i, name);
        TRY(topology_name_shard(topology, i, name, error));
    }
    return RF_OK;
}

/* --- without a cluster ------------------------------------------------------------------------------- */

static rf_code add_equal(struct topology_builder *builder, unsigned n, rf_error *error)
{
    for (unsigned i = 1; i <= n; i++) {
        unsigned first, last;
        size_t shard;
        TRY(topology_builder_add(builder, &shard, error));
        slot_range_equal(n, i, &first, &last);
        topology_builder_give(builder, shard, first, last);
    }
    return RF_OK;
}

rf_code rf_topology_equal(uint64_t n, rf_topology **out, rf_error *error)
{
    struct topology_builder builder;
    if (n < 1 || n > RF_SLOTS)
        return fail(error, RF_E_ARGUMENT, "%" PRIu64 " shards: must be 1 to %d", n, RF_SLOTS);
    TRY(topology_builder_open(&builder, NULL, error));
    rf_code code = add_equal(&builder, (unsigned)n, error);
    if (code == RF_OK)
        code = topology_builder_finish(&builder, TOPOLOGY_AS_ADDED, out, error);
    topology_builder_close(&builder);
    return code;
}

static rf_code add_ranges(struct topology_builder *builder, rf_slice list, rf_error *error)
{
    for (rf_slice item; list_next(&list, ',', &item);) {
        size_t shard;
        TRY(topology_builder_add(builder, &shard, error));
        while (item.ptr) {
            unsigned first, last;
            TRY(slot_list_next(&item, '+', &first, &last, error));
            topology_builder_give(builder, shard, first, last);
        }
    }
    return RF_OK;
}

rf_code rf_topology_of_ranges(const char *list, rf_topology **out, rf_error *error)
{
    struct topology_builder builder;
    TRY(topology_builder_open(&builder, NULL, error));
    rf_code code = add_ranges(&builder, slice_of(list, strlen(list)), error);
    if (code == RF_OK)
        code = topology_builder_finish(&builder, TOPOLOGY_AS_ADDED, out, error);
    topology_builder_close(&builder);
    return code;
}

/* --- texts ------------------------------------------------------------------------------------------- */

static rf_code read_text(struct topology_text *text, struct topology_builder *builder, rf_error *error)
{
    topology_skip_blanks(text);
    if (text->rest.len == 0)
        return topology_fault(text, error, "empty");
    if (*text->rest.ptr == '[')
        return topology_read_backup(text, builder, error);
    return topology_is_nodes(text->rest) ? topology_read_nodes(text, builder, error)
                                         : topology_unknown(text, error);
}

rf_code rf_topology_parse(rf_slice text, const char *name, rf_topology **out, rf_error *error)
{
    struct topology_text reading = {name, text, 1};
    struct topology_builder builder;
    TRY(topology_builder_open(&builder, name, error));
    rf_code code = read_text(&reading, &builder, error);
    if (code == RF_OK)
        code = topology_builder_finish(&builder, TOPOLOGY_BY_SLOT, out, error);
    topology_builder_close(&builder);
    return code;
}
