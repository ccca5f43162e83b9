/* SPDX-License-Identifier: MIT */
/* Nodes: connects, sends queries ahead of their replies, receives replies in order, and handles lost
 * connections. */
#include "base/bytes.h"
#include "base/fail.h"
#include "base/number.h"
#include "live/internal.h"
#include <stdlib.h>

enum {
    WAITING_MAX = 512,
    EXPECTED_MAX = 8 * 1024 * 1024, /* bytes of pending replies; a single one may be larger */
    UNSENT_MAX = 16 * 1024,         /* bytes of requests, which are then sent */
    CALL_TRIES = 8,                 /* a connection may be lost as often */
};

/* --- connections --------------------------------------------------------------------------------------- */

static void disconnect(struct live_conn *node)
{
    client_close(node->client);
    node->client = NULL;
    node->db = 0;
}

/* Reading all keys should not make them recently used ones: servers before 7.2 have no way to avoid that. */
static rf_code be_unnoticed(const rf_live *live, struct client *client, rf_error *error)
{
    static const rf_server since = {RF_REDIS, 7, 2};
    struct reply head;
    rf_slice rest;
    if (live->map.primaries.assumed || !rf_server_at_least(live->map.primaries.server, since))
        return RF_OK;
    return client_query(client, (const char *const[]){"CLIENT", "NO-TOUCH", "ON", NULL}, &head, &rest, error);
}

/* A server that is not in import mode refuses it, and shows no expired keys. */
static rf_code see_expired(struct client *client, rf_error *error)
{
    struct reply head;
    rf_slice rest;
    return client_query(client, (const char *const[]){"CLIENT", "IMPORT-SOURCE", "ON", NULL}, &head, &rest,
                        error);
}

static rf_code connect_node(const rf_live *live, struct live_conn *node, rf_error *error)
{
    if (node->client)
        return RF_OK;
    node->connections++;
    TRY(client_open(live->target, &node->base.address, &node->client, error));
    if (live->options.import_source)
        TRY(see_expired(node->client, error));
    return live->capture ? be_unnoticed(live, node->client, error) : RF_OK;
}

/* No more replies will arrive from the node; `reason` is the reason for its oldest query. */
static rf_code lose(rf_live *live, struct live_conn *node, enum retry_reason reason, const rf_error *why,
                    rf_error *error)
{
    rf_code code = RF_OK;
    disconnect(node);
    node->expected = 0;
    for (struct query *query; code == RF_OK && (query = query_queue_pop(&node->waiting));
         reason = RETRY_CONN_SHARED)
        code = live_retry(live, query, reason, why, error);
    return code;
}

/* --- what the map calls -------------------------------------------------------------------------------- */

static struct cluster_node *make_node(void *ctx)
{
    struct live_conn *node = calloc(1, sizeof *node);
    (void)ctx;
    return (struct cluster_node *)node;
}

/* If it becomes a primary again, it is scanned again. */
static rf_code demote(void *ctx, struct cluster_node *base, rf_error *error)
{
    struct live_conn *node = (struct live_conn *)base;
    rf_error why;
    fail(&why, RF_E_UNAVAILABLE, "%s: no longer a primary", base->name);
    node->scanned = 0;
    return lose(ctx, node, RETRY_CONN_SHARED, &why, error);
}

static void free_node(struct cluster_node *base)
{
    struct live_conn *node = (struct live_conn *)base;
    query_queue_free(&node->waiting);
    client_close(node->client);
    free(node);
}

struct cluster_map_owner live_conn_owner(rf_live *live)
{
    return (struct cluster_map_owner){.make = make_node, .demote = demote, .free = free_node, .ctx = live};
}

/* --- replies ------------------------------------------------------------------------------------------- */

/* Handles the reply to the oldest query. */
static rf_code receive_one(rf_live *live, struct live_conn *node, rf_error *error)
{
    rf_error why;
    enum retry_reason reason;
    struct query *query = node->waiting.first;
    TRY(query_receive(live, node, query, &reason, &why, error));
    if (reason == RETRY_CONN_LOST)
        return lose(live, node, RETRY_CONN_LOST, &why, error);
    query_queue_pop(&node->waiting);
    node->expected -= query->expected;
    if (reason != RETRY_NONE)
        return live_retry(live, query, reason, &why, error);
    query_free(query);
    live->pause_ms = 0;
    if (UNLIKELY(live->waiting.since_ms != 0))
        waiting_end(&live->waiting, &live->target->wait, node->base.name);
    return RF_OK;
}

/* Receives replies until half of the limit is left. */
static rf_code limit_in_flight(rf_live *live, struct live_conn *node, uint64_t expected, rf_error *error)
{
    if (node->waiting.count < WAITING_MAX && node->expected + expected <= EXPECTED_MAX)
        return RF_OK;
    uint64_t available = expected < EXPECTED_MAX ? EXPECTED_MAX - expected : 0;
    while (node->waiting.count > 0 &&
           (node->waiting.count > WAITING_MAX / 2 || node->expected > available / 2))
        TRY(receive_one(live, node, error));
    return RF_OK;
}

static rf_code drain_node(rf_live *live, struct live_conn *node, rf_error *error)
{
    while (node->waiting.count > 0)
        TRY(receive_one(live, node, error));
    return RF_OK;
}

static rf_code flush_node(rf_live *live, struct live_conn *node, rf_error *error)
{
    rf_error why;
    rf_code code = node->client ? client_flush(node->client, &why) : RF_OK;
    if (rf_code_is_target(code))
        return lose(live, node, RETRY_CONN_LOST, &why, error);
    if (code != RF_OK)
        *error = why;
    return code;
}

rf_code live_drain(rf_live *live, rf_error *error)
{
    const struct cluster_map *map = &live->map;
    for (size_t i = 0; i < map->node_count; i++)
        TRY(flush_node(live, (struct live_conn *)map->nodes[i], error));
    for (size_t i = 0; i < map->node_count; i++)
        TRY(drain_node(live, (struct live_conn *)map->nodes[i], error));
    return RF_OK;
}

/* --- requests ------------------------------------------------------------------------------------------ */

rf_code live_send(rf_live *live, struct live_conn *node, struct query *query, rf_error *error)
{
    rf_error why;
    rf_code code = limit_in_flight(live, node, query->expected, error);
    if (code != RF_OK) {
        query_free(query);
        return code;
    }
    query_queue_push(&node->waiting, query);
    node->expected += query->expected;
    code = connect_node(live, node, &why);
    if (code == RF_OK)
        code = query_send(live, node, query, &why);
    if (code == RF_OK && client_unsent(node->client) > UNSENT_MAX)
        code = client_flush(node->client, &why);
    if (rf_code_is_target(code))
        return lose(live, node, node->client ? RETRY_CONN_LOST : RETRY_LATER, &why, error);
    if (code != RF_OK)
        *error = why;
    return code;
}

/* The reply to one command in a database. */
static rf_code call_once(const rf_live *live, struct live_conn *node, int64_t db, const rf_slice *argv,
                         size_t argc, struct reply *head, rf_slice *rest, rf_error *error)
{
    uint8_t text[NUMBER_TEXT_MAX];
    const rf_slice select[] = {SLICE("SELECT"), {text, number_print_i64(text, db)}};
    bool selects;
    TRY(connect_node(live, node, error));
    selects = node->db != db;
    if (selects)
        TRY(client_put(node->client, select, 2, error));
    TRY(client_put(node->client, argv, argc, error));
    if (selects)
        TRY(client_reply(node->client, head, rest, error));
    if (selects && head->kind != REPLY_STATUS)
        return client_refused(node->client, "SELECT", *head, error);
    node->db = db;
    return client_reply(node->client, head, rest, error);
}

rf_code live_call(rf_live *live, struct live_conn *node, int64_t db, const rf_slice *argv, size_t argc,
                  struct reply *head, rf_slice *rest, rf_error *error)
{
    rf_code code = drain_node(live, node, error);
    TRY(code);
    for (int i = 0; i < CALL_TRIES; i++) {
        code = call_once(live, node, db, argv, argc, head, rest, error);
        if (!rf_code_is_target(code))
            return code;
        disconnect(node);
        rf_error stopped;
        if (i + 1 < CALL_TRIES && live_pause(live, &stopped) != RF_OK) {
            *error = stopped;
            return stopped.code;
        }
    }
    return code;
}
