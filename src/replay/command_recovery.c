/* SPDX-License-Identifier: MIT */
/* After a lost connection or a failover, and when a run is resumed: the position keys tell which groups have
 * been applied.
 *
 * A group that is covered by its slot's position key is applied, but the replicas may not have it yet. So the
 * position is written once more, and the group is released when they have acknowledged that. */
#include "base/bytes.h"
#include "base/clock.h"
#include "base/fail.h"
#include "replay/internal.h"
#include "replay/suspect.h"
#include <stdio.h>

enum { READ_AHEAD = 256 }; /* position keys that are read at a time */

void command_queue_recovers(rf_replay *r, struct slot_queue *q, bool recovers)
{
    if (command_queue_set_listed(&r->commands, QUEUES_RECOVERING, q, recovers) && recovers)
        q->since_ms = clock_monotonic_ms();
}

int64_t command_recover_since(const rf_replay *r)
{
    const struct slot_queue *oldest = r->commands.lists[QUEUES_RECOVERING].first;
    return oldest ? oldest->since_ms : clock_monotonic_ms();
}

static bool is_doubted(const rf_replay *r, const struct slot_queue *q, const struct node *node)
{
    const struct node *owner = nodes_of_slot(r, command_queue_slot(r, q));
    return (!node || owner == node) && !owner->evicts && rf_position_before((rf_position){0}, q->safe);
}

void command_recover_node(rf_replay *r, const struct node *node)
{
    struct command_queues *c = &r->commands;
    for (unsigned i = 0; i < c->count && !r->options.no_transactions; i++)
        if (is_doubted(r, &c->queues[i], node)) {
            c->queues[i].unknown = true;
            command_queue_recovers(r, &c->queues[i], true);
        }
}

/* --- positions ----------------------------------------------------------------------------------------- */

static rf_code fail_position(rf_replay *r, const struct node *node, const char *what, rf_error *error)
{
    fail(&r->error, RF_E_TARGET, "%s: %s '%.*s': empty the target, and start again", node->base.name, what,
         (int)r->name.len, (const char *)r->name.data);
    return replay_ended(r, error);
}

/* A target that has lost acknowledged writes cannot be mended: it is not known which others are lost. */
static rf_code set_position(rf_replay *r, const struct node *node, struct slot_queue *q,
                            const struct slot_position *found, rf_error *error)
{
    rf_position applied = position_later(found->after, r->commands.flushed);
    if (rf_position_before(applied, q->safe)) {
        r->commands.has_lost_writes = true;
        return fail_position(r, node, "the target has lost writes that it had acknowledged, according to",
                             error);
    }
    q->applied = applied;
    q->unknown = false;
    return RF_OK;
}

static rf_code take_position(rf_replay *r, struct node *node, struct slot_queue *q, struct reply reply,
                             struct slot_position *found, rf_error *error)
{
    *found = (struct slot_position){0};
    if (!command_group_key(r, q))
        return fail(error, RF_E_MEMORY, "out of memory");
    if (reply.kind != REPLY_NIL && (reply.kind != REPLY_STRING || !position_parse(reply.text, found)))
        return fail_position(r, node, "not a position:", error);
    return set_position(r, node, q, found, error);
}

static rf_code put_get(rf_replay *r, struct client *client, struct slot_queue *q, rf_error *error)
{
    if (!command_group_key(r, q))
        return fail(error, RF_E_MEMORY, "out of memory");
    return client_put(client, (const rf_slice[]){SLICE("GET"), buffer_slice(&r->name)}, 2, error);
}

/* The slot is moving, and its position key has moved already. */
static rf_code ask(rf_replay *r, struct node *node, struct slot_queue *q, struct slot_position *found,
                   rf_error *error)
{
    struct reply reply;
    rf_slice rest;
    TRY(reconcile_select_db(node, 0, error));
    TRY(client_put(node->control, (const rf_slice[]){SLICE("ASKING")}, 1, error));
    TRY(put_get(r, node->control, q, error));
    TRY(client_reply(node->control, &reply, &rest, error));
    TRY(client_reply(node->control, &reply, &rest, error));
    if (reply.kind == REPLY_ERROR)
        return client_refused(node->control, "GET", reply, error);
    return take_position(r, node, q, reply, found, error);
}

/* *named: the position is at this node. */
static rf_code receive(rf_replay *r, struct node *node, struct slot_queue *q, struct node **named,
                       char text[256], rf_error *error)
{
    struct slot_position found;
    struct reply reply;
    rf_slice rest;
    *named = NULL;
    TRY(client_reply(node->control, &reply, &rest, error));
    if (reply.kind != REPLY_ERROR) {
        TRY(take_position(r, node, q, reply, &found, error));
        r->commands.flushed = position_later(r->commands.flushed, found.flushed);
        return RF_OK;
    }
    enum request_result result = classify_reply(r, node, reply, named);
    *named = result == RESULT_ASK ? *named : NULL;
    if (!*named)
        reply_text(reply, text, 256);
    if (result == RESULT_FATAL || result == RESULT_REJECTED)
        return replay_fail(r, node, text, 0, buffer_slice(&r->name)), replay_ended(r, error);
    return RF_OK;
}

/* Reads the positions of some queues of one node, at most READ_AHEAD. RF_END: it is being connected to. */
static rf_code read_batch(rf_replay *r, struct node *node, struct slot_queue *const *queues, size_t count,
                          rf_error *error)
{
    struct node *named[READ_AHEAD];
    struct slot_position found;
    char text[256] = "";
    TRY(node_connect_control(node, error));
    TRY(reconcile_select_db(node, 0, error));
    for (size_t i = 0; i < count; i++)
        TRY(put_get(r, node->control, queues[i], error));
    for (size_t i = 0; i < count; i++)
        TRY(receive(r, node, queues[i], &named[i], text, error));
    for (size_t i = 0; i < count; i++)
        if (named[i])
            TRY(ask(r, named[i], queues[i], &found, error));
    return *text ? fail(error, RF_E_TARGET, "%s: %s", node->base.name, text) : RF_OK;
}

static rf_code read_of_node(rf_replay *r, struct node *node, rf_error *error)
{
    struct slot_queue *queues[READ_AHEAD];
    size_t count = 0;
    rf_code code = RF_OK;
    for (unsigned i = 0; i < r->commands.count && code == RF_OK; i++) {
        struct slot_queue *q = &r->commands.queues[i];
        if (q->unknown && !q->unanswered && nodes_of_slot(r, command_queue_slot(r, q)) == node)
            queues[count++] = q;
        if (count == READ_AHEAD || (i + 1 == r->commands.count && count > 0)) {
            code = read_batch(r, node, queues, count, error);
            count = 0;
        }
    }
    return code;
}

/* Of several results that which counts: an error, or else RF_END. */
static rf_code combine(rf_code before, rf_code code, const rf_error *why, rf_error *error)
{
    if (code == RF_OK || (before != RF_OK && before != RF_END) || (before == RF_END && code == RF_END))
        return before;
    if (code != RF_END)
        *error = *why;
    return code;
}

/* What is sent over lost connections must not be applied after a position has been read. RF_END: a node is
 * being connected to. */
static rf_code fence_all(rf_replay *r, rf_error *error)
{
    rf_code code = RF_OK;
    for (size_t i = 0; i < r->map.node_count; i++) {
        rf_error why;
        if (node_at(r, i)->base.primary && node_at(r, i)->fence)
            code = combine(code, node_connect_control(node_at(r, i), &why), &why, error);
    }
    return code;
}

static bool has_unknown(const rf_replay *r)
{
    const struct slot_queue *q = r->commands.lists[QUEUES_RECOVERING].first;
    while (q && !q->unknown)
        q = q->links[QUEUES_RECOVERING].next;
    return q != NULL;
}

/* RF_END: not all of them, because nodes are being connected to. */
static rf_code read_positions(rf_replay *r, rf_error *error)
{
    rf_code code = RF_OK;
    if (!has_unknown(r))
        return RF_OK;
    TRY(fence_all(r, error));
    for (size_t i = 0; i < r->map.node_count; i++) {
        rf_error why;
        struct node *node = node_at(r, i);
        rf_code read = node->base.primary ? read_of_node(r, node, &why) : RF_OK;
        if (rf_code_is_target(read))
            node_close_control(node);
        code = combine(code, read, &why, error);
    }
    return code;
}

/* --- pending groups ------------------------------------------------------------------------------------ */

/* RF_END: the node is being connected to. */
static rf_code send_pending(rf_replay *r, struct slot_queue *q, rf_error *error)
{
    unsigned slot = command_queue_slot(r, q);
    struct node *asked = q->pending->request.ask_node, *node = asked ? asked : nodes_of_slot(r, slot);
    struct pipeline *pipeline = &node->pipelines[slot % r->options.connections];
    if (node_is_unassigned(node))
        return fail(error, RF_E_TARGET, "no node of the cluster serves slot %u", slot);
    TRY(pipeline_prepare(r, pipeline, 0, error));
    if (!q->pending || !command_group_may_send(q, pipeline) || (!asked && nodes_of_slot(r, slot) != node))
        return RF_OK;
    if (!rf_position_before(q->applied, q->pending->request.group->after))
        return q->kept == 0 ? command_group_confirm(r, q, pipeline, error) : RF_OK;
    TRY(suspect_check(r, q->pending, pipeline, error));
    if (!suspect_goes_alone(&q->pending->request))
        return command_group_resend(r, q, pipeline, error);
    unsigned serial = pipeline->serial;
    TRY(suspect_wait(node, error));
    if (!q->pending || !command_group_may_send(q, pipeline) || pipeline->serial != serial ||
        !pipeline->connection)
        return RF_OK;
    TRY(command_group_resend(r, q, pipeline, error));
    return suspect_wait(node, error);
}

static rf_code check_timeout(rf_replay *r, const struct slot_queue *q, rf_error *error)
{
    char text[400];
    const struct request *request = &q->pending->request;
    snprintf(text, sizeof text, "%s: %s", nodes_of_slot(r, command_queue_slot(r, q))->base.name,
             request->error_text ? request->error_text : "connection lost");
    return retry_check_timeout(r, request->since_ms, text, error);
}

/* A node that cannot be reached does not keep the slots of the others from being recovered. */
static rf_code recover_all(rf_replay *r, rf_error *error)
{
    rf_code code = read_positions(r, error);
    for (unsigned i = 0; i < r->commands.count && r->error.code == RF_OK; i++) {
        rf_error why;
        struct slot_queue *q = &r->commands.queues[i];
        if (q->pending && !q->unknown && !q->unanswered) {
            TRY(check_timeout(r, q, error));
            code = combine(code, send_pending(r, q, &why), &why, error);
        }
        command_queue_recovers(r, q, q->unknown || q->pending);
    }
    return code == RF_END ? RF_OK : code;
}

rf_code command_recover(rf_replay *r, rf_error *error)
{
    rf_error why;
    if (!command_queues_recover(&r->commands))
        return RF_OK;
    rf_code code = recover_all(r, &why);
    if (rf_code_is_target(code) && r->error.code == RF_OK) {
        r->map.stale = r->retry.backoff = true;
        return retry_check_timeout(r, command_recover_since(r), why.message, error);
    }
    if (code != RF_OK)
        *error = why;
    return code;
}
