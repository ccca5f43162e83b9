/* SPDX-License-Identifier: MIT */
/* Nodes: connects, sends queries ahead of their replies, receives replies in order, and handles lost
 * connections. */
#include "base/bytes.h"
#include "base/fail.h"
#include "base/number.h"
#include "check/live.h"
#include <stdlib.h>

enum {
    WAITING_MAX = 512,
    EXPECTED_MAX = 8 * 1024 * 1024, /* bytes of pending replies; a single one may be larger */
    UNSENT_MAX = 16 * 1024,         /* bytes of requests, which are then sent */
    CALL_TRIES = 3,
};

/* --- queues -------------------------------------------------------------------------------------------- */

void asks_append(struct asks *asks, struct ask *ask)
{
    if (!asks->first)
        asks->end = &asks->first;
    *asks->end = ask;
    asks->end = &ask->next;
    ask->next = NULL;
    asks->count++;
}

struct ask *asks_take(struct asks *asks)
{
    struct ask *ask = asks->first;
    if (!ask)
        return NULL;
    asks->first = ask->next;
    asks->count--;
    return ask;
}

void ask_free(struct ask *ask)
{
    if (!ask)
        return;
    address_free(&ask->asking);
    free(ask);
}

void asks_free(struct asks *asks)
{
    for (struct ask *ask; (ask = asks_take(asks));)
        ask_free(ask);
}

/* --- nodes --------------------------------------------------------------------------------------------- */

void live_node_close(struct live_node *node)
{
    asks_free(&node->waiting);
    client_close(node->client);
    address_free(&node->address);
    free(node);
}

struct live_node *live_node_known(const rf_live *live, const rf_address *address)
{
    size_t number;
    return address_index_find(&live->index, address, &number) ? live->nodes[number] : NULL;
}

struct live_node *live_node_at(rf_live *live, const rf_address *address)
{
    rf_error ignored;
    struct live_node *known = live_node_known(live, address);
    if (known)
        return known;
    struct live_node **grown = realloc(live->nodes, (live->node_count + 1) * sizeof *grown);
    if (!grown)
        return NULL;
    live->nodes = grown;
    struct live_node *node = calloc(1, sizeof *node);
    rf_slice host = slice_of(address->host, strlen(address->host));
    if (!node || address_make(host, address->port, &node->address, &ignored) != RF_OK) {
        free(node);
        return NULL;
    }
    if (!address_index_add(&live->index, &node->address, live->node_count)) {
        live_node_close(node);
        return NULL;
    }
    return live->nodes[live->node_count++] = node;
}

static void disconnect(struct live_node *node)
{
    client_close(node->client);
    node->client = NULL;
    node->db = 0;
}

static rf_code connect_node(const rf_live *live, struct live_node *node, rf_error *error)
{
    if (node->client)
        return RF_OK;
    node->connections++;
    return client_open(live->target, &node->address, &node->client, error);
}

/* No more replies will arrive from the node; `trouble` is the reason for its oldest query. */
static rf_code lose(rf_live *live, struct live_node *node, enum trouble trouble, const rf_error *why,
                    rf_error *error)
{
    rf_code code = RF_OK;
    disconnect(node);
    node->expected = 0;
    for (struct ask *ask; code == RF_OK && (ask = asks_take(&node->waiting)); trouble = TROUBLE_BESIDE)
        code = live_again(live, ask, trouble, why, error);
    return code;
}

/* --- replies ------------------------------------------------------------------------------------------- */

/* Handles the reply to the oldest query. */
static rf_code take_one(rf_live *live, struct live_node *node, rf_error *error)
{
    rf_error why;
    enum trouble trouble;
    struct ask *ask = node->waiting.first;
    TRY(answer_take(live, node, ask, &trouble, &why, error));
    if (trouble == TROUBLE_LOST)
        return lose(live, node, TROUBLE_LOST, &why, error);
    asks_take(&node->waiting);
    node->expected -= ask->expected;
    if (trouble != TROUBLE_NONE)
        return live_again(live, ask, trouble, &why, error);
    ask_free(ask);
    live->pause_ms = 0;
    return RF_OK;
}

/* Receives replies until half of the limit is left. */
static rf_code make_way(rf_live *live, struct live_node *node, uint64_t expected, rf_error *error)
{
    if (node->waiting.count < WAITING_MAX && node->expected + expected <= EXPECTED_MAX)
        return RF_OK;
    uint64_t room = expected < EXPECTED_MAX ? EXPECTED_MAX - expected : 0;
    while (node->waiting.count > 0 && (node->waiting.count > WAITING_MAX / 2 || node->expected > room / 2))
        TRY(take_one(live, node, error));
    return RF_OK;
}

static rf_code drain_node(rf_live *live, struct live_node *node, rf_error *error)
{
    while (node->waiting.count > 0)
        TRY(take_one(live, node, error));
    return RF_OK;
}

rf_code live_drain(rf_live *live, rf_error *error)
{
    for (size_t i = 0; i < live->node_count; i++)
        if (live->nodes[i]->client) {
            rf_error why;
            rf_code code = client_flush(live->nodes[i]->client, &why);
            if (code == RF_E_MEMORY)
                *error = why;
            TRY(code == RF_E_TARGET ? lose(live, live->nodes[i], TROUBLE_LOST, &why, error) : code);
        }
    for (size_t i = 0; i < live->node_count; i++)
        TRY(drain_node(live, live->nodes[i], error));
    return RF_OK;
}

/* --- requests ------------------------------------------------------------------------------------------ */

rf_code live_send(rf_live *live, struct live_node *node, struct ask *ask, rf_error *error)
{
    rf_error why;
    rf_code code = make_way(live, node, ask->expected, error);
    if (code != RF_OK) {
        ask_free(ask);
        return code;
    }
    asks_append(&node->waiting, ask);
    node->expected += ask->expected;
    code = connect_node(live, node, &why);
    if (code == RF_OK)
        code = answer_request(live, node, ask, &why);
    if (code == RF_OK && client_unsent(node->client) > UNSENT_MAX)
        code = client_flush(node->client, &why);
    if (code == RF_E_TARGET)
        return lose(live, node, node->client ? TROUBLE_LOST : TROUBLE_WAIT, &why, error);
    if (code != RF_OK)
        *error = why;
    return code;
}

/* The reply to one command in a database. */
static rf_code call_once(const rf_live *live, struct live_node *node, int64_t db, const rf_slice *argv,
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

rf_code live_call(rf_live *live, struct live_node *node, int64_t db, const rf_slice *argv, size_t argc,
                  struct reply *head, rf_slice *rest, rf_error *error)
{
    rf_code code = drain_node(live, node, error);
    TRY(code);
    for (int i = 0; i < CALL_TRIES; i++) {
        code = call_once(live, node, db, argv, argc, head, rest, error);
        if (code != RF_E_TARGET)
            return code;
        disconnect(node);
        if (i + 1 < CALL_TRIES)
            live_pause(live);
    }
    return code;
}
