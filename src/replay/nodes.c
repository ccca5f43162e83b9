/* SPDX-License-Identifier: MIT */
/* The list of nodes, and the slots that they serve. */
#include "base/bytes.h"
#include "base/fail.h"
#include "replay/internal.h"
#include <stdio.h>
#include <stdlib.h>

void node_log(const struct node *node, const char *what)
{
    char text[512];
    const rf_replay_options *options = &node->replay->options;
    snprintf(text, sizeof text, "%s: %s", node->name, what);
    if (options->on_log)
        options->on_log(options->ctx, RF_LOG_WARNING, text);
}

rf_target_wait nodes_wait_options(const rf_replay *r)
{
    return (rf_target_wait){.on_log = r->options.on_log, .ctx = r->options.ctx};
}

/* --- the list of nodes --------------------------------------------------------------------------------- */

void node_free(struct node *node)
{
    if (!node)
        return;
    for (unsigned i = 0; node->pipelines && i < node->replay->options.connections; i++)
        pipeline_close(&node->pipelines[i]);
    free(node->pipelines);
    client_close(node->control);
    buffer_free(&node->modules);
    address_free(&node->address);
    free(node);
}

static rf_code make_node(rf_replay *r, const rf_address *address, struct node **out, rf_error *error)
{
    struct node *node = calloc(1, sizeof *node);
    if (!node)
        return fail(error, RF_E_MEMORY, "out of memory");
    node->replay = r;
    node->pipelines = calloc(r->options.connections, sizeof *node->pipelines);
    rf_code code = node->pipelines ? address_make(slice_of(address->host, strlen(address->host)),
                                                  address->port, &node->address, error)
                                   : fail(error, RF_E_MEMORY, "out of memory");
    if (code != RF_OK) {
        node_free(node);
        return code;
    }
    for (unsigned i = 0; i < r->options.connections; i++)
        pipeline_open(&node->pipelines[i], &reply_handler, node);
    node->fence = r->options.resumed;
    address_format(&node->address, node->name);
    *out = node;
    return RF_OK;
}

struct node *nodes_known(const rf_replay *r, const rf_address *address)
{
    size_t number;
    return address_index_find(&r->index, address, &number) ? r->nodes[number] : NULL;
}

struct node *nodes_at(rf_replay *r, const rf_address *address, rf_error *error)
{
    struct node *node = nodes_known(r, address);
    if (node)
        return node;
    struct node **grown = realloc(r->nodes, (r->node_count + 1) * sizeof(struct node *));
    if (!grown) {
        fail(error, RF_E_MEMORY, "out of memory");
        return NULL;
    }
    r->nodes = grown;
    if (make_node(r, address, &node, error) != RF_OK)
        return NULL;
    if (!address_index_add(&r->index, &node->address, r->node_count)) {
        node_free(node);
        fail(error, RF_E_MEMORY, "out of memory");
        return NULL;
    }
    return r->nodes[r->node_count++] = node;
}

/* A node for slots that are not assigned; it cannot be connected. */
static rf_code make_unassigned(rf_replay *r, rf_error *error)
{
    const rf_address address = {.host = (char[]){"unassigned"}, .port = 0};
    return r->unassigned ? RF_OK : make_node(r, &address, &r->unassigned, error);
}

struct node *nodes_of_key(const rf_replay *r, rf_slice key)
{
    return r->primaries.node_of ? r->node_of[rf_slot_of(key)] : r->node_of[0];
}

unsigned nodes_first_slot(const rf_replay *r, const struct node *node)
{
    unsigned slot = 0;
    while (slot < RF_SLOTS && r->node_of[slot] != node)
        slot++;
    return slot;
}

/* What a node has acknowledged while it was no longer a primary may be lost. */
static void disconnect_demoted(rf_replay *r)
{
    rf_error why;
    for (size_t i = 0; i < r->node_count; i++) {
        r->nodes[i]->connected &= r->nodes[i]->primary;
        for (unsigned j = 0; j < r->options.connections && !r->nodes[i]->primary; j++)
            if (r->nodes[i]->pipelines[j].connection) {
                fail(&why, RF_E_TARGET, "%s: no longer a primary", r->nodes[i]->name);
                loop_fail_pipeline(r, &r->nodes[i]->pipelines[j], &why);
            }
    }
}

/* Finds or creates the node of each primary. */
static rf_code find_nodes(rf_replay *r, struct node **primaries, rf_error *error)
{
    for (size_t i = 0; i < r->node_count; i++)
        r->nodes[i]->primary = false;
    for (size_t i = 0; i < r->primaries.node_count; i++) {
        primaries[i] = nodes_at(r, &r->primaries.nodes[i], error);
        if (!primaries[i])
            return error->code;
        primaries[i]->primary = true;
    }
    return RF_OK;
}

static void assign_slots(rf_replay *r, struct node *const *primaries)
{
    const uint16_t *node_of = r->primaries.node_of;
    r->node_of[0] = primaries[0];
    for (unsigned slot = 0; node_of && slot < RF_SLOTS; slot++)
        r->node_of[slot] = node_of[slot] == NO_NODE ? r->unassigned : primaries[node_of[slot]];
}

/* Applies a new topology. */
rf_code nodes_apply(rf_replay *r, struct primaries *found, rf_error *error)
{
    primaries_free(&r->primaries);
    r->primaries = *found;
    TRY(make_unassigned(r, error));
    struct node **primaries = malloc(found->node_count * sizeof(struct node *));
    if (!primaries)
        return fail(error, RF_E_MEMORY, "out of memory");
    rf_code code = find_nodes(r, primaries, error);
    if (code == RF_OK)
        assign_slots(r, primaries);
    free(primaries);
    TRY(code);
    r->info.nodes = found->node_count;
    disconnect_demoted(r);
    return RF_OK;
}

rf_code nodes_find(rf_replay *r, rf_error *error)
{
    struct primaries found;
    const rf_target *target = r->target;
    if (!r->node_of)
        r->node_of = calloc(RF_SLOTS, sizeof(struct node *));
    if (!r->node_of)
        return fail(error, RF_E_MEMORY, "out of memory");
    TRY(primaries_find(target, target->addresses, target->address_count, &found, error));
    return nodes_apply(r, &found, error);
}
