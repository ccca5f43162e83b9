/* SPDX-License-Identifier: MIT */
/* What is sent over a new connection before it is used, and what is learnt about the node from it. */
#include "base/bytes.h"
#include "base/clock.h"
#include "base/fail.h"
#include "net/info.h"
#include "replay/import_mode.h"
#include "replay/opening.h"
#include "replay/suspect.h"
#include <stdlib.h>

enum { REPLICAS_MAX = 256 }; /* limit for the reported number of replicas */

static rf_code put(struct opening *o, rf_slice command, rf_slice argument, rf_error *error)
{
    return client_put(o->client, (const rf_slice[]){command, argument}, argument.len > 0 ? 2 : 1, error);
}

static const struct primaries *primaries_of(const struct opening *o)
{
    return &o->node->replay->map.primaries;
}

/* --- AUTH ---------------------------------------------------------------------------------------------- */

static rf_code put_auth(struct opening *o, rf_error *error)
{
    return client_put_auth(o->client, &o->node->replay->target, error);
}

static rf_code on_auth(struct opening *o, struct reply reply, rf_slice rest, rf_error *error)
{
    (void)rest;
    return client_check_auth(o->client, reply, error);
}

/* --- INFO server --------------------------------------------------------------------------------------- */

/* The first digits of run_id. */
static uint32_t parse_run_id(rf_slice info)
{
    enum { DIGITS = 8 };
    char text[DIGITS + 1] = "";
    rf_slice id;
    if (info_field(info, "run_id", &id))
        memcpy(text, id.ptr, id.len < DIGITS ? id.len : DIGITS);
    return (uint32_t)strtoul(text, NULL, 16);
}

static rf_code put_server_info(struct opening *o, rf_error *error)
{
    return primaries_of(o)->closes_on_unknown ? RF_OK : put(o, SLICE("INFO"), SLICE("server"), error);
}

/* A server that was restarted may have other modules, and older data, as one that takes over. */
static rf_code on_server_info(struct opening *o, struct reply info, rf_slice rest, rf_error *error)
{
    struct node *node = o->node;
    uint32_t run = info.kind == REPLY_STRING ? parse_run_id(info.text) : 0;
    (void)rest, (void)error;
    suspect_learn(node, run);
    node->modules_asked &= run == node->run;
    if (!node->connected || run == 0 || run != node->run)
        command_recover_node(node->replay, node);
    node->run = run;
    node->server = info.kind == REPLY_STRING ? info_server(info.text) : (rf_server){0};
    return RF_OK;
}

/* --- the role ------------------------------------------------------------------------------------------ */

/* "role:master", and the number of replicas. */
static void parse_replication(rf_slice info, bool *replica, unsigned *replicas)
{
    rf_slice role;
    *replica = info_field(info, "role", &role) && slice_equal(role, SLICE("slave"));
    *replicas = info_count_replicas(info, true);
}

/* ["master", offset, [replica, ...]] or ["slave", ...]; unknown if ROLE is not available. */
static void parse_role(struct reply head, rf_slice rest, bool *replica, unsigned *replicas)
{
    if (head.kind != REPLY_ARRAY || head.number < 3)
        return;
    struct reply role = reply_next(&rest);
    *replica = slice_equal(role.text, SLICE("slave"));
    reply_skip(&rest, role);
    reply_skip(&rest, reply_next(&rest));
    struct reply list = reply_next(&rest);
    if (list.kind == REPLY_ARRAY)
        *replicas = list.number < REPLICAS_MAX ? (unsigned)list.number : REPLICAS_MAX;
}

static rf_code put_role(struct opening *o, rf_error *error)
{
    if (primaries_of(o)->closes_on_unknown)
        return RF_OK;
    return primaries_of(o)->info_refused ? put(o, SLICE("ROLE"), (rf_slice){0}, error)
                                         : put(o, SLICE("INFO"), SLICE("replication"), error);
}

static rf_code on_role(struct opening *o, struct reply reply, rf_slice rest, rf_error *error)
{
    struct node *node = o->node;
    bool replica = primaries_of(o)->replica, by_role = primaries_of(o)->info_refused;
    unsigned replicas = 0;
    if (!by_role && reply.kind == REPLY_ERROR)
        return client_refused(o->client, "INFO", reply, error);
    if (by_role)
        parse_role(reply, rest, &replica, &replicas);
    else
        parse_replication(reply.text, &replica, &replicas);
    if (replica)
        return fail(error, RF_E_TARGET, "%s: is a replica: use its primary", node->base.name);
    if (replicas > node->replicas && !node->wait_unsupported)
        node->replicas = replicas < REPLICAS_MAX ? replicas : REPLICAS_MAX;
    node->wait_replicas = node->replicas > 0;
    return RF_OK;
}

/* --- import mode --------------------------------------------------------------------------------------- */

static rf_code put_import(struct opening *o, rf_error *error)
{
    bool asks = o->node->replay->import.on && !primaries_of(o)->closes_on_unknown;
    return asks ? import_mode_put_question(o->client, error) : RF_OK;
}

static rf_code on_import(struct opening *o, struct reply reply, rf_slice rest, rf_error *error)
{
    (void)rest;
    return import_mode_join(o->node, reply, error);
}

static rf_code put_stats(struct opening *o, rf_error *error)
{
    return import_mode_counts(o->node->replay) ? put(o, SLICE("INFO"), SLICE("stats"), error) : RF_OK;
}

static rf_code on_stats(struct opening *o, struct reply reply, rf_slice rest, rf_error *error)
{
    rf_replay *r = o->node->replay;
    (void)rest;
    if (reply.kind == REPLY_STRING)
        import_mode_count(o->node, reply.text);
    return r->error.code != RF_OK ? replay_ended(r, error) : RF_OK;
}

/* --- INFO memory --------------------------------------------------------------------------------------- */

static bool starts_with(rf_slice text, rf_slice start)
{
    return text.len >= start.len && memcmp(text.ptr, start.ptr, start.len) == 0;
}

static rf_code put_memory_info(struct opening *o, rf_error *error)
{
    bool asks = !primaries_of(o)->info_refused && !primaries_of(o)->closes_on_unknown;
    return asks ? put(o, SLICE("INFO"), SLICE("memory"), error) : RF_OK;
}

/* A server that may evict any key may evict a staging key before it is complete. */
static rf_code on_memory_info(struct opening *o, struct reply info, rf_slice rest, rf_error *error)
{
    struct node *node = o->node;
    rf_slice policy, most;
    (void)rest;
    if (info.kind == REPLY_ERROR)
        return client_refused(o->client, "INFO", info, error);
    bool limited = info_field(info.text, "maxmemory", &most) && !slice_equal(most, SLICE("0")) &&
                   info_field(info.text, "maxmemory_policy", &policy);
    bool evicts = limited && starts_with(policy, SLICE("allkeys"));
    node->evicts_expiring = limited && starts_with(policy, SLICE("volatile"));
    if (evicts && !node->evicts)
        node_log(node, "keys are evicted when memory is full: written keys may be lost");
    node->evicts = evicts;
    return RF_OK;
}

/* --- all steps ----------------------------------------------------------------------------------------- */

enum { FENCE_FROM = 3, FENCE_TO = 7 };

/* A step that puts nothing is over at once. */
static const struct {
    rf_code (*put)(struct opening *o, rf_error *error);
    rf_code (*on_reply)(struct opening *o, struct reply reply, rf_slice rest, rf_error *error);
} steps[] = {
    {put_auth, on_auth},
    {fence_put_name, fence_on_name},
    {put_server_info, on_server_info},
    [FENCE_FROM] = {fence_put_list, fence_on_list},
    {fence_put_kills, fence_on_kill},
    {fence_put_pause, NULL},
    {fence_end, NULL},
    [FENCE_TO] = {put_role, on_role},
    {put_import, on_import},
    {put_stats, on_stats},
    {put_memory_info, on_memory_info},
};

void handshake_begin(struct opening *o, bool fence_only)
{
    o->step = fence_only ? FENCE_FROM : 0;
    o->end = fence_only ? FENCE_TO : sizeof steps / sizeof *steps;
}

rf_code handshake_continue(struct opening *o, rf_error *error)
{
    struct reply head;
    rf_slice rest;
    TRY(connection_continue(client_connection(o->client), error));
    for (;;) {
        while (client_pending(o->client) > 0) {
            TRY(client_poll(o->client, &head, &rest, error));
            TRY(steps[o->step - 1].on_reply(o, head, rest, error));
        }
        if (clock_monotonic_ms() < o->until_ms)
            return RF_END;
        if (o->step == o->end)
            return RF_OK;
        TRY(steps[o->step++].put(o, error));
    }
}
