/* SPDX-License-Identifier: MIT */
/* Building a topology: assigns slots, then orders the shards, and sets their names and ranges. */
#include "cluster/topology_builder.h"
#include "base/bytes.h"
#include "base/fail.h"
#include "cluster/shard_name.h"
#include "cluster/topology_names.h"
#include <stdio.h>
#include <stdlib.h>

enum { NOBODY = RF_SLOTS /* in of_slot */ };

/* The arguments of "%.160s%s": "nodes.conf: " */
#define SOURCE(builder) (builder)->source ? (builder)->source : "", (builder)->source ? ": " : ""

static rf_code out_of_memory(rf_error *error)
{
    return fail(error, RF_E_MEMORY, "out of memory");
}

rf_code topology_builder_open(struct topology_builder *builder, const char *source, rf_error *error)
{
    *builder = (struct topology_builder){.source = source, .topology = calloc(1, sizeof(rf_topology))};
    if (!builder->topology)
        return out_of_memory(error);
    for (unsigned slot = 0; slot < RF_SLOTS; slot++)
        builder->topology->of_slot[slot] = NOBODY;
    return RF_OK;
}

void rf_topology_free(rf_topology *topology)
{
    if (!topology)
        return;
    arena_free(&topology->strings);
    free(topology->ranges);
    free(topology->shards);
    free(topology);
}

void topology_builder_close(struct topology_builder *builder)
{
    rf_topology_free(builder->topology);
    builder->topology = NULL;
}

/* --- shards and slots -------------------------------------------------------------------------------- */

rf_code topology_builder_add(struct topology_builder *builder, size_t *shard, rf_error *error)
{
    rf_topology *topology = builder->topology;
    if (topology->shard_count == RF_SLOTS)
        return fail(error, RF_E_ARGUMENT, "%.160s%smore shards than there are slots", SOURCE(builder));
    if (topology->shard_count == builder->capacity) {
        size_t capacity = builder->capacity ? 2 * builder->capacity : 16;
        rf_shard *grown = realloc(topology->shards, capacity * sizeof *grown);
        if (!grown)
            return out_of_memory(error);
        topology->shards = grown;
        builder->capacity = capacity;
    }
    *shard = topology->shard_count++;
    topology->shards[*shard] = (rf_shard){0};
    return RF_OK;
}

static char *keep(rf_topology *topology, rf_slice text)
{
    char *copy = arena_alloc(&topology->strings, text.len + 1);
    if (copy) {
        memcpy(copy, text.ptr, text.len);
        copy[text.len] = '\0';
    }
    return copy;
}

rf_code topology_builder_describe(struct topology_builder *builder, size_t shard,
                                  const struct topology_node *node, rf_error *error)
{
    rf_shard *to = &builder->topology->shards[shard];
    if (node->host.len > 0) {
        to->host = keep(builder->topology, node->host);
        to->port = node->port;
    }
    if (node->id.len > 0)
        to->id = keep(builder->topology, node->id);
    bool kept = (node->host.len == 0 || to->host) && (node->id.len == 0 || to->id);
    return kept ? RF_OK : out_of_memory(error);
}

rf_code topology_builder_shard_of(struct topology_builder *builder, const struct topology_node *node,
                                  size_t *shard, rf_error *error)
{
    *shard = builder->clash_got;
    if (builder->clashes) /* this error takes precedence over unassigned slots */
        return RF_OK;
    for (*shard = builder->topology->shard_count; (*shard)-- > 0;)
        if (memcmp(builder->topology->shards[*shard].id, node->id.ptr, TOPOLOGY_ID) == 0)
            return RF_OK;
    TRY(topology_builder_add(builder, shard, error));
    return topology_builder_describe(builder, *shard, node, error);
}

void topology_builder_give(struct topology_builder *builder, size_t shard, unsigned first, unsigned last)
{
    uint16_t *of_slot = builder->topology->of_slot;
    for (unsigned slot = first; slot <= last; slot++) {
        if (of_slot[slot] == NOBODY) {
            of_slot[slot] = (uint16_t)shard;
        } else if (!builder->clashes) {
            builder->clashes = true;
            builder->clash = slot;
            builder->clash_had = of_slot[slot];
            builder->clash_got = shard;
        }
    }
}

/* --- order ------------------------------------------------------------------------------------------- */

/* Sets `rank` to the new number of each shard, by its first slot; later shards have none. */
static void rank_by_slot(const rf_topology *topology, size_t *rank)
{
    size_t next = 0;
    for (size_t i = 0; i < topology->shard_count; i++)
        rank[i] = NOBODY;
    for (unsigned slot = 0; slot < RF_SLOTS; slot++) {
        size_t shard = topology->of_slot[slot];
        if (shard != NOBODY && rank[shard] == NOBODY)
            rank[shard] = next++;
    }
    for (size_t i = 0; i < topology->shard_count; i++)
        if (rank[i] == NOBODY)
            rank[i] = next++;
}

static rf_code order_by_slot(struct topology_builder *builder, rf_error *error)
{
    rf_topology *topology = builder->topology;
    size_t count = topology->shard_count, *rank = malloc((count + 1) * sizeof *rank);
    rf_shard *ordered = malloc((count + 1) * sizeof *ordered);
    if (!rank || !ordered) {
        free(rank);
        free(ordered);
        return out_of_memory(error);
    }
    rank_by_slot(topology, rank);
    for (size_t i = 0; i < count; i++)
        ordered[rank[i]] = topology->shards[i];
    for (unsigned slot = 0; slot < RF_SLOTS; slot++)
        if (topology->of_slot[slot] != NOBODY)
            topology->of_slot[slot] = (uint16_t)rank[topology->of_slot[slot]];
    if (builder->clashes) {
        builder->clash_had = rank[builder->clash_had];
        builder->clash_got = rank[builder->clash_got];
    }
    free(topology->shards);
    topology->shards = ordered;
    free(rank);
    return RF_OK;
}

/* --- names ------------------------------------------------------------------------------------------- */

/* "10.0.0.5-6379", else the id, else "shard-07". */
static void put_name(const rf_topology *topology, size_t index, char out[SHARD_NAME_MAX])
{
    const rf_shard *shard = &topology->shards[index];
    if (shard->host) {
        shard_name_of_address(shard->host, shard->port, out);
    } else if (shard->id) {
        snprintf(out, SHARD_NAME_MAX, "%s", shard->id);
    } else {
        int width = snprintf(NULL, 0, "%zu", topology->shard_count - 1);
        snprintf(out, SHARD_NAME_MAX, "shard-%0*zu", width, index);
    }
}

static char *keep_name(rf_topology *topology, struct topology_names *names, const char *text,
                       struct topology_name **bucket)
{
    char *name = keep(topology, slice_of(text, strlen(text)));
    *bucket = name ? topology_names_put(names, slice_of(name, strlen(name))) : NULL;
    return *bucket ? name : NULL;
}

/* Appends "-2" to a name that is taken, or the next number that makes it unique. The number of a name is the
 * last one that was tried. */
static char *keep_distinct(rf_topology *topology, struct topology_names *names, const char *wished)
{
    char text[SHARD_NAME_MAX + 24];
    struct topology_name *taken, *bucket;
    char *name = keep_name(topology, names, wished, &taken);
    if (!name || taken->number++ == 0)
        return name;
    for (;; taken->number++) {
        snprintf(text, sizeof text, "%s-%zu", wished, taken->number);
        name = keep_name(topology, names, text, &bucket);
        if (!name || bucket->number++ == 0)
            return name;
    }
}

static rf_code name_shards(rf_topology *topology, rf_error *error)
{
    struct topology_names names;
    rf_code code = RF_OK;
    if (!topology_names_open(&names, 2 * topology->shard_count))
        return out_of_memory(error);
    for (size_t i = 0; i < topology->shard_count && code == RF_OK; i++) {
        char name[SHARD_NAME_MAX];
        put_name(topology, i, name);
        topology->shards[i].name = keep_distinct(topology, &names, name);
        if (!topology->shards[i].name)
            code = out_of_memory(error);
    }
    topology_names_close(&names);
    return code;
}

rf_code topology_name_shard(rf_topology *topology, size_t index, const char *name, rf_error *error)
{
    char *copy = keep(topology, slice_of(name, strlen(name)));
    if (!copy)
        return out_of_memory(error);
    topology->shards[index].name = copy;
    return RF_OK;
}

rf_code topology_place_shard(rf_topology *topology, size_t index, const char *host, int port, rf_error *error)
{
    char *copy = keep(topology, slice_of(host, strlen(host)));
    if (!copy)
        return out_of_memory(error);
    topology->shards[index].host = copy;
    topology->shards[index].port = port;
    return RF_OK;
}

/* --- complete assignment ---------------------------------------------------------------------------- */

static rf_code report_clash(const struct topology_builder *builder, rf_error *error)
{
    const rf_shard *shards = builder->topology->shards;
    const char *had = shards[builder->clash_had].name, *got = shards[builder->clash_got].name;
    if (builder->clash_had == builder->clash_got)
        return fail(error, RF_E_ARGUMENT, "%.160s%sslot %u is listed twice for %s", SOURCE(builder),
                    builder->clash, had);
    return fail(error, RF_E_ARGUMENT, "%.160s%sslot %u belongs to both %.80s and %.80s", SOURCE(builder),
                builder->clash, had, got);
}

static rf_code expect_all_slots(const struct topology_builder *builder, rf_error *error)
{
    const uint16_t *of_slot = builder->topology->of_slot;
    unsigned first = 0, last, missing = 0;
    for (unsigned slot = RF_SLOTS; slot-- > 0;)
        if (of_slot[slot] == NOBODY) {
            first = slot;
            missing++;
        }
    if (missing == 0)
        return RF_OK;
    for (last = first; last + 1 < RF_SLOTS && of_slot[last + 1] == NOBODY;)
        last++;
    missing -= last - first + 1;
    char slots[64], more[64] = "";
    snprintf(slots, sizeof slots, first == last ? "slot %u" : "slots %u-%u", first, last);
    if (missing > 0)
        snprintf(more, sizeof more, " and %u more", missing);
    bool one = first == last && missing == 0;
    return fail(error, RF_E_ARGUMENT, "%.160s%s%s%s %s not assigned to a shard", SOURCE(builder), slots, more,
                one ? "is" : "are");
}

/* --- ranges ------------------------------------------------------------------------------------------ */

static bool begins_range(const rf_topology *topology, unsigned slot)
{
    return slot == 0 || topology->of_slot[slot] != topology->of_slot[slot - 1];
}

static rf_code make_ranges(rf_topology *topology, rf_error *error)
{
    size_t total = 0;
    for (unsigned slot = 0; slot < RF_SLOTS; slot++)
        if (begins_range(topology, slot)) {
            topology->shards[topology->of_slot[slot]].range_count++;
            total++;
        }
    topology->ranges = malloc(total * sizeof *topology->ranges);
    rf_slot_range **ends = malloc(topology->shard_count * sizeof *ends);
    if (!topology->ranges || !ends) {
        free(ends);
        return out_of_memory(error);
    }
    rf_slot_range *next = topology->ranges;
    for (size_t i = 0; i < topology->shard_count; i++) {
        topology->shards[i].ranges = ends[i] = next;
        next += topology->shards[i].range_count;
    }
    for (unsigned slot = 0; slot < RF_SLOTS; slot++) {
        rf_slot_range **end = &ends[topology->of_slot[slot]];
        if (begins_range(topology, slot))
            *(*end)++ = (rf_slot_range){.first = (uint16_t)slot};
        (*end)[-1].last = (uint16_t)slot;
    }
    free(ends);
    return RF_OK;
}

rf_code topology_builder_finish(struct topology_builder *builder, enum topology_order order,
                                rf_topology **out, rf_error *error)
{
    if (order == TOPOLOGY_BY_SLOT)
        TRY(order_by_slot(builder, error));
    TRY(name_shards(builder->topology, error));
    if (builder->clashes)
        return report_clash(builder, error);
    TRY(expect_all_slots(builder, error));
    TRY(make_ranges(builder->topology, error));
    *out = builder->topology;
    builder->topology = NULL;
    return RF_OK;
}
