/* SPDX-License-Identifier: MIT */
/* A replica that has taken over has all slots of its primary: each node has a successor, which may be itself,
 * and no two have the same one. */
#include "replication/place.h"
#include "base/bytes.h"
#include "base/fail.h"
#include "replication/choose.h"
#include <stdlib.h>

/* --- slots -------------------------------------------------------------------------------------------- */

static unsigned first_slot(const struct primaries *primaries, size_t node)
{
    unsigned slot = 0;
    while (slot + 1 < RF_SLOTS && primaries->node_of[slot] != node)
        slot++;
    return slot;
}

/* NO_NODE: nobody has its slots now. */
static size_t successor_of(const struct primaries *before, const struct primaries *now, size_t node)
{
    size_t number;
    return address_index_find(&now->index, &before->nodes[node], &number)
               ? number
               : now->node_of[first_slot(before, node)];
}

static rf_code fail_moved(const struct place *place, const struct primaries *now, unsigned slot,
                          rf_error *error)
{
    const struct primaries *before = place->cluster;
    char from[ADDRESS_TEXT], to[ADDRESS_TEXT];
    address_format(&before->nodes[before->node_of[slot]], from);
    address_format(&now->nodes[now->node_of[slot]], to);
    return fail(error, RF_E_TARGET, "slot %u has moved from %s to %s while %s", slot, from, to,
                place->followed ? "they were followed: a new snapshot is needed, when the slots stay where "
                                  "they are"
                                : "the cluster was read: read it again when its slots stay where they are");
}

static rf_code compare_slots(const struct place *place, const struct primaries *now, const size_t *successors,
                             rf_error *error)
{
    const struct primaries *before = place->cluster;
    for (unsigned slot = 0; slot < RF_SLOTS; slot++) {
        if (now->node_of[slot] == NO_NODE)
            return fail(error, RF_E_UNAVAILABLE, "no node of the cluster serves slot %u", slot);
        if (now->node_of[slot] != successors[before->node_of[slot]])
            return fail_moved(place, now, slot, error);
    }
    return RF_OK;
}

/* A node that has got all slots of another one, too. */
static rf_code check_distinct(const struct place *place, const struct primaries *now,
                              const size_t *successors, rf_error *error)
{
    const struct primaries *before = place->cluster;
    for (size_t i = 0; i < before->node_count; i++)
        for (size_t j = 0; j < i; j++) {
            size_t moved = address_equal(&now->nodes[successors[i]], &before->nodes[i]) ? j : i;
            if (successors[i] == successors[j])
                return fail_moved(place, now, first_slot(before, moved), error);
        }
    return RF_OK;
}

static rf_code find_successor(const struct place *place, const struct primaries *now, size_t *out,
                              rf_error *error)
{
    const struct primaries *before = place->cluster;
    size_t *successors = now->node_of ? calloc(before->node_count, sizeof *successors) : NULL;
    if (!now->node_of)
        return fail(error, RF_E_TARGET, "the source is not a cluster any more");
    if (!successors)
        return fail(error, RF_E_MEMORY, "out of memory");
    for (size_t i = 0; i < before->node_count; i++)
        successors[i] = successor_of(before, now, i);
    rf_code code = compare_slots(place, now, successors, error);
    if (code == RF_OK)
        code = check_distinct(place, now, successors, error);
    *out = successors[place->node];
    free(successors);
    return code;
}

/* --- places ------------------------------------------------------------------------------------------- */

/* The other nodes are asked before the node itself, which is the last to know that another one has taken
 * over: it may be cut off from them. */
static rf_code find_primaries(const struct place *place, struct primaries *out, rf_error *error)
{
    const struct primaries *before = place->cluster;
    const rf_target *source = place->source;
    size_t count = 0;
    rf_address *order = malloc((before->node_count + source->address_count) * sizeof *order);
    if (!order)
        return fail(error, RF_E_MEMORY, "out of memory");
    for (size_t i = 1; i < before->node_count; i++)
        order[count++] = before->nodes[(place->node + i) % before->node_count];
    for (size_t i = 0; i < source->address_count; i++)
        order[count++] = source->addresses[i];
    order[count++] = before->nodes[place->node];
    rf_code code = primaries_find(source, order, count, out, error);
    free(order);
    return code;
}

static rf_code locate_node(const struct place *place, struct located *out, rf_error *error)
{
    size_t number = 0;
    TRY(find_primaries(place, &out->found, error));
    rf_code code = find_successor(place, &out->found, &number, error);
    if (code == RF_OK) {
        out->addresses = &out->found.nodes[number];
        out->count = 1;
        out->node = number;
        out->id = out->found.ids[number];
        return RF_OK;
    }
    located_free(out);
    out->moved = code == RF_E_TARGET;
    return code;
}

rf_code place_locate(const struct place *place, struct located *out, rf_error *error)
{
    const rf_target *source = place->source;
    *out = (struct located){.addresses = source->addresses, .count = source->address_count, .id = ""};
    if (place->cluster)
        return locate_node(place, out, error);
    if (source->kind != RF_TARGET_SENTINEL)
        return RF_OK;
    TRY(primaries_find(source, source->addresses, source->address_count, &out->found, error));
    out->addresses = out->found.nodes;
    out->count = out->found.node_count;
    return RF_OK;
}

void located_free(struct located *located)
{
    primaries_free(&located->found);
}

rf_code place_check_migration(const struct place *place, rf_error *error)
{
    struct located located;
    if (!place->cluster)
        return RF_OK;
    TRY(place_locate(place, &located, error));
    rf_code code = choose_check_migration(place->source, located.addresses, error);
    located_free(&located);
    return code;
}
