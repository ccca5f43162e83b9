/* SPDX-License-Identifier: MIT */
/* Live servers as inputs: finds them, chooses a replica or the primary, and opens their snapshots. */
#include "aof/provided_files.h"
#include "base/fail.h"
#include "net/primaries.h"
#include "net/waiting.h"
#include "replication/choose.h"
#include "replication/follow.h"
#include "replication/place.h"
#include "replication/refusal.h"
#include "replication/snapshot_source.h"
#include <rdbferry/snapshot.h>
#include <stdio.h>
#include <stdlib.h>

/* Shared by its nodes. */
struct live_source {
    rf_target target;
    struct primaries primaries;
    bool from_primary;
    size_t users;
};

struct live_node {
    struct live_source *source;
    size_t number; /* of the primary */
    char name[2 * ADDRESS_TEXT];
    struct link *link; /* while it is being opened */
};

static void release(struct live_source *source)
{
    if (--source->users > 0)
        return;
    rf_target_free(&source->target);
    primaries_free(&source->primaries);
    free(source);
}

static void free_node(void *ctx)
{
    struct live_node *node = ctx;
    release(node->source);
    free(node);
}

/* --- slots -------------------------------------------------------------------------------------------- */

static struct place place_of(const struct live_node *node)
{
    const struct live_source *source = node->source;
    const bool cluster = source->primaries.kind == RF_TARGET_CLUSTER;
    return (struct place){
        .source = &source->target, .cluster = cluster ? &source->primaries : NULL, .node = node->number};
}

/* A snapshot_end function: keys of a slot that moves may be missing in both snapshots, or be in both. */
static rf_code check_slots(void *ctx, rf_error *error)
{
    const struct live_node *node = ctx;
    const struct place place = place_of(node);
    struct located located;
    if (!place.cluster)
        return RF_OK;
    rf_code code = place_locate(&place, &located, error);
    if (code == RF_OK)
        located_free(&located);
    return refusal_blame(node->name, code, error);
}

/* --- opening ------------------------------------------------------------------------------------------ */

/* Until the snapshot begins: a server may refuse it until then, or not be ready. */
static rf_code await_snapshot(struct link *link, rf_error *error)
{
    enum sync_event event = SYNC_MORE;
    rf_slice piece;
    while (event != SYNC_BEGIN) {
        TRY(link_next(link, &event, &piece, error));
        if (event == SYNC_CONTINUE)
            return fail(error, RF_E_TARGET, "%s: PSYNC: the stream continues without a snapshot",
                        link_name(link));
    }
    return RF_OK;
}

/* Another server may be the primary by now. */
static rf_code choose(const struct live_node *node, rf_address *out, rf_error *error)
{
    const struct live_source *source = node->source;
    const struct place place = place_of(node);
    struct located located;
    TRY(place_locate(&place, &located, error));
    const bool found = located.found.node_count > 0;
    rf_code code = choose_server(&source->target, found ? &located.found : &source->primaries,
                                 found ? located.node : node->number, source->from_primary, out, error);
    located_free(&located);
    return code;
}

static rf_code open_link(void *ctx, rf_error *error)
{
    struct live_node *node = ctx;
    const struct link_request request = {.only_rdb = true};
    rf_address address;
    TRY(choose(node, &address, error));
    rf_code code = link_open(&node->source->target, &address, &request, &node->link, error);
    address_free(&address);
    TRY(code);
    code = await_snapshot(node->link, error);
    if (code != RF_OK)
        link_close(node->link);
    return code;
}

static rf_code open_node(void *ctx, rf_source **out, rf_error *error)
{
    struct live_node *node = ctx;
    rf_code code = waiting_attempt(&node->source->target, open_link, node, error);
    if (code == RF_OK)
        return snapshot_source_open(node->link, node->name, (struct snapshot_end){check_slots, node}, out,
                                    error);
    error_input(error, node->name);
    return refusal_blame(node->name, code, error);
}

/* --- adding ------------------------------------------------------------------------------------------- */

static rf_code find_primaries(void *ctx, rf_error *error)
{
    struct live_source *source = ctx;
    const rf_target *target = &source->target;
    TRY(primaries_find(target, target->addresses, target->address_count, &source->primaries, error));
    if (source->primaries.kind != RF_TARGET_CLUSTER)
        return RF_OK;
    rf_code code = primaries_expect_all_slots(&source->primaries, error);
    if (code != RF_OK)
        primaries_free(&source->primaries);
    return code;
}

/* A node of a cluster is named as a server; otherwise the name is what the user knows. */
static void name_node(struct live_node *node)
{
    const struct live_source *source = node->source;
    rf_target one = {
        .tls = source->target.tls, .addresses = &source->primaries.nodes[node->number], .address_count = 1};
    rf_target_format(source->primaries.kind == RF_TARGET_CLUSTER ? &one : &source->target, node->name,
                     sizeof node->name);
}

static rf_code add_node(rf_files *files, struct live_source *source, size_t number, rf_error *error)
{
    struct live_node *node = calloc(1, sizeof *node);
    if (!node)
        return fail(error, RF_E_MEMORY, "out of memory");
    *node = (struct live_node){.source = source, .number = number};
    source->users++;
    name_node(node);
    struct files_provider provider = {.open = open_node, .free = free_node, .ctx = node};
    if (!source->primaries.assumed)
        provider.server = source->primaries.server;
    return files_add_provided(files, node->name, provider, error);
}

/* The nodes of a cluster in the order of their first slots. */
static rf_code add_nodes(rf_files *files, struct live_source *source, rf_error *error)
{
    const struct primaries *primaries = &source->primaries;
    if (!primaries->node_of)
        return add_node(files, source, 0, error);
    bool *added = calloc(primaries->node_count, sizeof *added);
    rf_code code = added ? RF_OK : fail(error, RF_E_MEMORY, "out of memory");
    for (unsigned slot = 0; slot < RF_SLOTS && code == RF_OK; slot++) {
        size_t node = primaries->node_of[slot];
        if (!added[node])
            code = add_node(files, source, node, error);
        added[node] = true;
    }
    free(added);
    return code;
}

rf_code rf_files_add_live(rf_files *files, rf_target *target, const rf_snapshot_options *options,
                          rf_error *error)
{
    struct live_source *source = calloc(1, sizeof *source);
    if (!source) {
        rf_target_free(target);
        return fail(error, RF_E_MEMORY, "out of memory");
    }
    *source = (struct live_source){.target = *target, .from_primary = options->from_primary, .users = 1};
    *target = (rf_target){0};
    rf_code code = waiting_attempt(&source->target, find_primaries, source, error);
    if (code == RF_OK)
        code = add_nodes(files, source, error);
    release(source);
    return refusal_blame("", code, error);
}

/* --- queries ------------------------------------------------------------------------------------------ */

static const struct live_node *node_of(const rf_files *files, size_t number)
{
    return files_provided(files, number, free_node);
}

const rf_target *rf_files_source(const rf_files *files, size_t number)
{
    const struct live_node *node = node_of(files, number);
    return node ? &node->source->target : NULL;
}

bool rf_files_has_slot(const rf_files *files, size_t number, unsigned slot)
{
    const struct live_node *node = node_of(files, number);
    return !node || !node->source->primaries.node_of || node->source->primaries.node_of[slot] == node->number;
}

rf_code rf_files_follow(const rf_files *files, size_t number, const rf_follow_options *options,
                        rf_follow **out, rf_error *error)
{
    const struct live_node *node = node_of(files, number);
    if (!node)
        return fail(error, RF_E_ARGUMENT, "'%.128s' is not a live server", files->paths[number]);
    const struct live_source *source = node->source;
    const struct primaries *cluster = source->primaries.kind == RF_TARGET_CLUSTER ? &source->primaries : NULL;
    return follow_open(&source->target, cluster, node->number, options, out, error);
}
