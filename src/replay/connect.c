/* SPDX-License-Identifier: MIT */
/* Opens connections to nodes:
 *
 *   AUTH ...   CLIENT SETNAME ...   INFO server   [fencing]   INFO replication | ROLE
 *   [CLIENT IMPORT-SOURCE ON]   INFO memory */
#include "base/bytes.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/number.h"
#include "net/info.h"
#include "replay/internal.h"
#include "replay/suspect.h"
#include <stdio.h>
#include <stdlib.h>

enum { REPLICAS_MAX = 256 }; /* limit for the reported number of replicas */

/* --- losses that are over ------------------------------------------------------------------------------ */

/* The node itself if it was lost, or a lost node whose place it has taken. */
static struct node *find_lost(struct node *node)
{
    const rf_replay *r = node->replay;
    if (node->lost_ms != 0)
        return node;
    for (size_t i = 0; i < r->map.node_count && !node->connected; i++)
        if (node_at(r, i)->lost_ms != 0 && !node_at(r, i)->base.primary)
            return node_at(r, i);
    return NULL;
}

static void note_connected(struct node *node)
{
    char text[512];
    rf_replay *r = node->replay;
    struct node *lost = find_lost(node);
    node->connected = true;
    if (!lost)
        return;
    int64_t seconds = (clock_monotonic_ms() - lost->lost_ms + 500) / 1000;
    lost->lost_ms = 0;
    r->waiting = (struct waiting){0};
    snprintf(text, sizeof text, "connected %s%s%s after %lld s", lost == node ? "again to " : "to ",
             node->base.name, lost == node ? "" : ", the new primary,", (long long)seconds);
    if (r->options.on_log)
        r->options.on_log(r->options.ctx, RF_LOG_NOTE, text);
}

/* --- the handshake ----------------------------------------------------------------------------------- */

/* Counts the replicas that are online: "slave0:ip=...,port=...,state=online,..." */
static unsigned count_replicas(rf_slice info)
{
    rf_slice line;
    unsigned online = 0;
    while (online < REPLICAS_MAX && info_line(&info, &line))
        online += line.len > 5 && memcmp(line.ptr, "slave", 5) == 0 &&
                  memmem(line.ptr, line.len, "state=online", 12) != NULL;
    return online;
}

/* "role:master", and the number of replicas. */
static rf_code query_replication(struct client *client, bool *replica, unsigned *replicas, rf_error *error)
{
    struct reply info;
    rf_slice rest, role;
    TRY(client_call(client, (const char *const[]){"INFO", "replication", NULL}, &info, &rest, error));
    *replica = info_field(info.text, "role", &role) && slice_equal(role, SLICE("slave"));
    *replicas = count_replicas(info.text);
    return RF_OK;
}

/* ["master", offset, [replica, ...]] or ["slave", ...]; unknown if ROLE is not available. */
static rf_code query_role_only(struct client *client, bool *replica, unsigned *replicas, rf_error *error)
{
    struct reply head;
    rf_slice rest;
    TRY(client_query(client, (const char *const[]){"ROLE", NULL}, &head, &rest, error));
    if (head.kind != REPLY_ARRAY || head.number < 3)
        return RF_OK;
    struct reply role = reply_next(&rest);
    *replica = slice_equal(role.text, SLICE("slave"));
    reply_skip(&rest, role);
    reply_skip(&rest, reply_next(&rest));
    struct reply list = reply_next(&rest);
    *replicas = list.kind != REPLY_ARRAY     ? 0
                : list.number < REPLICAS_MAX ? (unsigned)list.number
                                             : REPLICAS_MAX;
    return RF_OK;
}

static rf_code query_role(struct node *node, struct client *client, rf_error *error)
{
    bool replica = node->replay->map.primaries.replica;
    unsigned replicas = 0;
    TRY((node->replay->map.primaries.info_refused ? query_role_only : query_replication)(client, &replica,
                                                                                         &replicas, error));
    if (replica)
        return fail(error, RF_E_TARGET, "%s: is a replica: use its primary", node->base.name);
    if (replicas > node->replicas && !node->wait_unsupported)
        node->replicas = replicas;
    node->wait_replicas = node->replicas > 0;
    return RF_OK;
}

static bool starts_with(rf_slice text, rf_slice start)
{
    return text.len >= start.len && memcmp(text.ptr, start.ptr, start.len) == 0;
}

/* A server that may evict any key may evict a staging key before it is complete. */
static rf_code query_eviction_policy(struct node *node, struct client *client, rf_error *error)
{
    struct reply info;
    rf_slice rest, policy, most;
    if (node->replay->map.primaries.info_refused)
        return RF_OK;
    TRY(client_call(client, (const char *const[]){"INFO", "memory", NULL}, &info, &rest, error));
    bool limited = info_field(info.text, "maxmemory", &most) && !slice_equal(most, SLICE("0")) &&
                   info_field(info.text, "maxmemory_policy", &policy);
    bool evicts = limited && starts_with(policy, SLICE("allkeys"));
    node->evicts_expiring = limited && starts_with(policy, SLICE("volatile"));
    if (evicts && !node->evicts)
        node_log(node, "keys are evicted when memory is full: written keys may be lost");
    node->evicts = evicts;
    return RF_OK;
}

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

/* A server that was restarted may have other modules. */
static rf_code query_server_info(struct node *node, struct client *client, rf_error *error)
{
    struct reply info;
    rf_slice rest;
    TRY(client_put(client, (const rf_slice[]){SLICE("INFO"), SLICE("server")}, 2, error));
    TRY(client_reply(client, &info, &rest, error));
    uint32_t run = info.kind == REPLY_STRING ? parse_run_id(info.text) : 0;
    suspect_learn(node, run);
    node->modules_asked &= run == node->run;
    node->run = run;
    node->server = info.kind == REPLY_STRING ? info_server(info.text) : (rf_server){0};
    return RF_OK;
}

static rf_code handshake(struct node *node, struct client *client, unsigned serial, rf_error *error)
{
    bool named = false;
    node->no_client_names |= node->replay->map.primaries.closes_on_unknown;
    if (node->replay->map.primaries.closes_on_unknown)
        return node->fence ? fence_kill_lost(node, client, serial, error) : RF_OK;
    TRY(fence_set_name(node->replay, client, serial, &named, error));
    TRY(query_server_info(node, client, error));
    node->no_client_names |= !named;
    if (node->fence)
        TRY(fence_kill_lost(node, client, serial, error));
    TRY(query_role(node, client, error));
    TRY(import_mode_join(node, client, error));
    return query_eviction_policy(node, client, error);
}

/* --- connecting --------------------------------------------------------------------------------------- */

static rf_code open_client(struct node *node, unsigned serial, struct client **out, rf_error *error)
{
    if (node_is_unassigned(node))
        return fail(error, RF_E_TARGET, "no node of the cluster serves the key's slot");
    TRY(client_connect(&node->replay->target, &node->base.address, out, error));
    rf_code code = client_authenticate(*out, &node->replay->target, error);
    if (code == RF_OK)
        code = handshake(node, *out, serial, error);
    if (code == RF_OK) {
        note_connected(node);
        return RF_OK;
    }
    client_close(*out);
    *out = NULL;
    return code;
}

rf_code node_connect(struct node *node, struct pipeline *pipeline, rf_error *error)
{
    struct client *client;
    unsigned serial = ++node->replay->serial;
    TRY(open_client(node, serial, &client, error));
    TRY(pipeline_connect(pipeline, client_release(client), serial, error));
    pipeline->run = node->run;
    return loop_add(node->replay, pipeline, error);
}

rf_code node_open_control(struct node *node, struct client **out, rf_error *error)
{
    if (!node->control) {
        node->control_serial = ++node->replay->serial;
        TRY(open_client(node, node->control_serial, &node->control, error));
        node->control_db = 0;
    }
    *out = node->control;
    return RF_OK;
}

/* Its last reply may still be pending. */
void node_close_control(struct node *node)
{
    node->fence |= node->control != NULL;
    client_close(node->control);
    node->control = NULL;
}

rf_code node_count_evicted(struct node *node, int64_t *keys, rf_error *error)
{
    struct client *client;
    struct reply info;
    rf_slice rest, text;
    TRY(node_open_control(node, &client, error));
    rf_code code = client_call(client, (const char *const[]){"INFO", "stats", NULL}, &info, &rest, error);
    if (code != RF_OK)
        node_close_control(node);
    else if (!info_field(info.text, "evicted_keys", &text) || !number_parse_i64(text, keys))
        *keys = 0;
    return code;
}
