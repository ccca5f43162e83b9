/* SPDX-License-Identifier: MIT */
/* Keeps the nodes of successive topologies. */
#include "net/cluster_map.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "base/fail.h"
#include "net/connection.h"
#include "net/redirect.h"
#include <poll.h>
#include <stdlib.h>

/* --- nodes --------------------------------------------------------------------------------------------- */

static rf_code make_node(const struct cluster_map *map, const rf_address *address, struct cluster_node **out,
                         rf_error *error)
{
    struct cluster_node *node = map->owner.make(map->owner.ctx);
    if (!node)
        return fail(error, RF_E_MEMORY, "out of memory");
    rf_code code = address_make(slice_of(address->host, strlen(address->host)), address->port, &node->address,
                                error);
    if (code != RF_OK) {
        map->owner.free(node);
        return code;
    }
    address_format(&node->address, node->name);
    *out = node;
    return RF_OK;
}

static void free_node(const struct cluster_map *map, struct cluster_node *node)
{
    if (!node)
        return;
    address_free(&node->address);
    map->owner.free(node);
}

struct cluster_node *cluster_map_known(const struct cluster_map *map, const rf_address *address)
{
    size_t number;
    return address_index_find(&map->index, address, &number) ? map->nodes[number] : NULL;
}

static rf_code add_node(struct cluster_map *map, const rf_address *address, struct cluster_node **out,
                        rf_error *error)
{
    *out = cluster_map_known(map, address);
    if (*out)
        return RF_OK;
    struct cluster_node *node = NULL, **grown = realloc(map->nodes, (map->node_count + 1) * sizeof(*grown));
    if (!grown)
        return fail(error, RF_E_MEMORY, "out of memory");
    map->nodes = grown;
    TRY(make_node(map, address, &node, error));
    if (!address_index_add(&map->index, &node->address, map->node_count)) {
        free_node(map, node);
        return fail(error, RF_E_MEMORY, "out of memory");
    }
    *out = grown[map->node_count++] = node;
    return RF_OK;
}

rf_code cluster_map_admit(struct cluster_map *map, const struct cluster_node *asked,
                          const rf_address *address, struct reply nodes, struct cluster_node **out,
                          rf_error *error)
{
    char name[ADDRESS_TEXT];
    if (nodes.kind == REPLY_STRING && redirect_is_named(nodes.text, &asked->address, address))
        return add_node(map, address, out, error);
    address_format(address, name);
    return fail(error, RF_E_TARGET, "%s: redirected to %s, which is not in CLUSTER NODES: check the node",
                asked->name, name);
}

/* --- topologies ---------------------------------------------------------------------------------------- */

/* *moved: the slot was served by another node; *resharded: which was not replaced by a node that took over.
 */
static void assign(struct cluster_map *map, unsigned slot, struct cluster_node *node, bool *moved,
                   bool *resharded)
{
    const struct cluster_node *before = map->node_of[slot];
    map->node_of[slot] = node;
    if (!before || before == node)
        return;
    *moved = true;
    *resharded |= before->primary || node->was_primary;
}

static void assign_slots(struct cluster_map *map)
{
    const uint16_t *node_of = map->primaries.node_of;
    bool moved = false, resharded = false;
    for (unsigned slot = 0; slot < (node_of ? RF_SLOTS : 1); slot++) {
        size_t number = node_of ? node_of[slot] : 0;
        assign(map, slot, number == NO_NODE ? map->unassigned : map->primary[number], &moved, &resharded);
    }
    map->moves += moved;
    map->reshards += resharded;
}

/* The memory of a map, and the node that cannot be connected. */
static rf_code prepare(struct cluster_map *map, rf_error *error)
{
    const rf_address nowhere = {.host = (char[]){"unassigned"}, .port = 0};
    if (!map->node_of)
        map->node_of = calloc(RF_SLOTS, sizeof *map->node_of);
    if (!map->node_of)
        return fail(error, RF_E_MEMORY, "out of memory");
    return map->unassigned ? RF_OK : make_node(map, &nowhere, &map->unassigned, error);
}

/* Finds or adds the node of each primary. */
static rf_code add_primaries(struct cluster_map *map, rf_error *error)
{
    const struct primaries *primaries = &map->primaries;
    struct cluster_node **grown = realloc(map->primary, primaries->node_count * sizeof(*grown));
    if (!grown)
        return fail(error, RF_E_MEMORY, "out of memory");
    map->primary = grown;
    for (size_t i = 0; i < map->node_count; i++) {
        map->nodes[i]->was_primary = map->nodes[i]->primary;
        map->nodes[i]->primary = false;
    }
    for (size_t i = 0; i < primaries->node_count; i++) {
        TRY(add_node(map, &primaries->nodes[i], &grown[i], error));
        grown[i]->primary = true;
    }
    return RF_OK;
}

/* Takes over a topology. */
static rf_code apply(struct cluster_map *map, const struct primaries *found, rf_error *error)
{
    primaries_free(&map->primaries);
    map->primaries = *found;
    TRY(prepare(map, error));
    TRY(add_primaries(map, error));
    assign_slots(map);
    for (size_t i = 0; i < map->node_count; i++)
        if (!map->nodes[i]->primary)
            TRY(map->owner.demote(map->owner.ctx, map->nodes[i], error));
    return RF_OK;
}

rf_code cluster_map_find(struct cluster_map *map, rf_error *error)
{
    struct primaries found;
    const rf_target *target = map->target;
    TRY(primaries_find(target, target->addresses, target->address_count, &found, error));
    return apply(map, &found, error);
}

static void put_addresses(const struct cluster_map *map, bool lost, rf_address *out, size_t *count)
{
    for (size_t i = 0; i < map->primaries.node_count; i++)
        if (map->primary[i]->lost == lost)
            out[(*count)++] = map->primaries.nodes[i];
}

/* The nodes of the cluster are tried first; those of the target may be gone. */
static rf_code begin_query(struct cluster_map *map, rf_error *error)
{
    size_t count = 0;
    map->asked = malloc(map->primaries.node_count * sizeof *map->asked);
    if (!map->asked)
        return fail(error, RF_E_MEMORY, "out of memory");
    if (map->primaries.kind == RF_TARGET_CLUSTER) {
        put_addresses(map, false, map->asked, &count);
        put_addresses(map, true, map->asked, &count);
    }
    map->stale = false;
    return primaries_query_begin(map->target, map->asked, count, &map->query, error);
}

static void end_query(struct cluster_map *map)
{
    primaries_query_end(map->query);
    free(map->asked);
    map->query = NULL;
    map->asked = NULL;
}

void cluster_map_cancel(struct cluster_map *map)
{
    map->stale |= map->query != NULL;
    end_query(map);
}

static rf_code take_over(struct cluster_map *map, struct primaries *found, rf_error *error)
{
    if (found->kind == map->primaries.kind && (!found->info_refused || map->primaries.info_refused))
        return apply(map, found, error);
    primaries_free(found);
    map->stale = true;
    return fail(error, RF_E_TARGET, "%s: the server's mode has changed or is no longer reported",
                map->primary[0]->name);
}

rf_code cluster_map_continue(struct cluster_map *map, rf_error *error)
{
    struct primaries found;
    rf_code code = map->query ? RF_OK : begin_query(map, error);
    if (code == RF_OK && (code = primaries_query_result(map->query, &found, error)) == RF_END)
        return code;
    map->stale |= code != RF_OK;
    end_query(map);
    return code == RF_OK ? take_over(map, &found, error) : code;
}

rf_code cluster_map_refresh(struct cluster_map *map, rf_error *error)
{
    const rf_target_wait *wait = &map->target->wait;
    rf_code code;
    while ((code = cluster_map_continue(map, error)) == RF_END) {
        struct pollfd over = {.fd = primaries_query_fd(map->query), .events = POLLIN};
        poll(&over, 1, CONNECTION_TICK_MS);
        if (wait->tick)
            TRY(wait->tick(wait->ctx, error));
    }
    return code;
}

bool cluster_map_is_due(struct cluster_map *map)
{
    enum { CHECK_MS = 1000 };
    int64_t now = clock_monotonic_ms();
    if (!map->suspect || now - map->checked_ms < CHECK_MS)
        return false;
    map->suspect = false;
    map->checked_ms = now;
    map->stale = true;
    return true;
}

/* --- the whole map ------------------------------------------------------------------------------------- */

unsigned cluster_map_first_slot(const struct cluster_map *map, const struct cluster_node *node)
{
    unsigned slot = 0;
    while (slot < RF_SLOTS && map->node_of[slot] != node)
        slot++;
    return slot;
}

const char *cluster_map_kind(const struct cluster_map *map)
{
    static const char *const kinds[] = {
        [RF_TARGET_ANY] = "standalone", [RF_TARGET_SENTINEL] = "sentinel", [RF_TARGET_CLUSTER] = "cluster"};
    return kinds[map->primaries.kind];
}

void cluster_map_free(struct cluster_map *map)
{
    end_query(map);
    for (size_t i = 0; i < map->node_count; i++)
        free_node(map, map->nodes[i]);
    free_node(map, map->unassigned);
    free(map->nodes);
    free(map->primary);
    free(map->node_of);
    address_index_free(&map->index);
    primaries_free(&map->primaries);
}
