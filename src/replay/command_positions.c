/* SPDX-License-Identifier: MIT */
/* The position keys at the start and at the end of a run. */
#include "base/bytes.h"
#include "base/fail.h"
#include "replay/internal.h"

#define ADVICE "use --no-transactions, which cannot be resumed after a lost connection"

/* --- the start ----------------------------------------------------------------------------------------- */

/* All positions of the earlier run. */
static rf_code read_all(rf_replay *r, rf_error *error)
{
    struct command_queues *c = &r->commands;
    for (unsigned i = 0; i < c->count; i++) {
        c->queues[i].unknown = true;
        command_queue_recovers(r, &c->queues[i], true);
    }
    TRY(retry_pending(r, error));
    for (unsigned i = 0; i < c->count; i++) {
        struct slot_queue *q = &c->queues[i];
        q->done = q->safe = q->applied = position_later(q->applied, c->flushed);
    }
    return RF_OK;
}

static struct node *any_owner(const rf_replay *r, unsigned *slot)
{
    for (*slot = 0; *slot + 1 < r->commands.slots && node_is_unassigned(nodes_of_slot(r, *slot));)
        ++*slot;
    return nodes_of_slot(r, *slot);
}

/* Writes a position key, and removes it again, in a transaction: *reply is the first error, or EXEC's reply.
 */
static rf_code try_position(rf_replay *r, struct reply *reply, struct node **node, rf_error *error)
{
    enum { COMMANDS = 4 };
    unsigned slot;
    rf_slice rest;
    bool cluster = r->commands.slots > 1;
    *node = any_owner(r, &slot);
    TRY(reconcile_select_db(*node, 0, error));
    if (!position_key_make(r->options.run, 0, cluster ? (int)slot : NO_SLOT, &r->name))
        return fail(error, RF_E_MEMORY, "out of memory");
    struct client *client = (*node)->control;
    const rf_slice key = buffer_slice(&r->name);
    TRY(client_put(client, (const rf_slice[]){SLICE("MULTI")}, 1, error));
    TRY(client_put(client, (const rf_slice[]){SLICE("SET"), key, SLICE("0 0 0 0")}, 3, error));
    TRY(client_put(client, (const rf_slice[]){write_unlink_name(r), key}, 2, error));
    TRY(client_put(client, (const rf_slice[]){SLICE("EXEC")}, 1, error));
    bool failed = false;
    for (int i = 0; i < COMMANDS; i++) {
        struct reply next;
        TRY(client_reply(client, &next, &rest, error));
        if (failed)
            continue;
        failed = next.kind == REPLY_ERROR;
        *reply = next;
        if (failed) {
            reply_text(next, r->commands.refusal, sizeof r->commands.refusal);
            *reply = (struct reply){.kind = REPLY_ERROR,
                                    .text = slice_of(r->commands.refusal, strlen(r->commands.refusal))};
        }
    }
    return RF_OK;
}

/* Errors that a retry can cure show later, if they last. */
static rf_code check_permission(rf_replay *r, rf_error *error)
{
    struct node *node, *named;
    struct reply reply = {.kind = REPLY_NIL};
    rf_error why;
    if (!r->can.transact)
        return fail(error, RF_E_TARGET,
                    "%s: MULTI is not available, so that AOF commands cannot be written exactly "
                    "once: " ADVICE,
                    nodes_primary(r, 0)->base.name);
    rf_code code = try_position(r, &reply, &node, &why);
    if (code != RF_OK)
        node_close_control(node);
    if (code != RF_OK && !rf_code_is_target(code)) {
        *error = why;
        return code;
    }
    if (code != RF_OK || reply.kind != REPLY_ERROR)
        return RF_OK;
    enum request_result result = classify_reply(r, node, reply, &named);
    if (result != RESULT_REJECTED && result != RESULT_FATAL)
        return RF_OK;
    return fail(error, RF_E_TARGET, "%s: AOF commands cannot be written exactly once: %s: " ADVICE,
                node->base.name, r->commands.refusal);
}

rf_code command_positions_begin(rf_replay *r, rf_error *error)
{
    return r->options.resumed ? read_all(r, error) : check_permission(r, error);
}

/* --- removing ------------------------------------------------------------------------------------------ */

/* The keys of positions after `kept`. */
static rf_code remove_after(rf_replay *r, rf_position kept, rf_error *error)
{
    const struct command_queues *c = &r->commands;
    const struct request of = {.seq = r->current.seq, .position = r->current.position};
    for (unsigned i = 0; i < c->count && !r->options.no_transactions; i++) {
        struct slot_queue *q = &c->queues[i];
        if (!rf_position_before(kept, q->applied))
            continue;
        if (!command_group_key(r, q))
            return fail(error, RF_E_MEMORY, "out of memory");
        retry_delete_key(r, &of, buffer_slice(&r->name));
        q->applied = q->safe = q->done = (rf_position){0};
    }
    return replay_drain(r, error);
}

/* --- marks ---------------------------------------------------------------------------------------------- */

/* A position before that of any command. */
static const rf_position mark = {0, 1};

static rf_code mark_node(void *ctx, struct node *node, bool retrying, rf_error *error)
{
    rf_replay *r = ctx;
    uint8_t text[POSITION_TEXT];
    struct reply reply;
    rf_slice rest;
    const struct slot_position start = {.after = mark};
    const unsigned slot = cluster_map_first_slot(&r->map, &node->base);
    (void)retrying;
    if (slot == RF_SLOTS)
        return RF_OK;
    TRY(reconcile_select_db(node, 0, error));
    struct slot_queue *q = &r->commands.queues[slot];
    if (!command_group_key(r, q))
        return fail(error, RF_E_MEMORY, "out of memory");
    const rf_slice set[] = {SLICE("SET"), buffer_slice(&r->name),
                            slice_of(text, position_print(text, &start))};
    TRY(control_call(node->control, set, 3, &reply, &rest, error));
    if (reply.kind == REPLY_ERROR)
        return client_refused(node->control, "SET", reply, error);
    TRY(control_replicate(node, error));
    q->applied = q->safe = q->done = mark;
    return RF_OK;
}

rf_code command_positions_mark(rf_replay *r, rf_error *error)
{
    TRY(on_each_primary(r, mark_node, r, error));
    r->commands.flushed = (rf_position){0};
    return remove_after(r, mark, error);
}

bool rf_replay_is_marked(const rf_replay *r)
{
    for (unsigned i = 0; i < r->commands.count; i++)
        if (rf_position_before((rf_position){0}, r->commands.queues[i].safe))
            return true;
    return false;
}

/* --- the end ------------------------------------------------------------------------------------------- */

rf_code command_positions_check(rf_replay *r, rf_error *error)
{
    command_recover_node(r, NULL);
    return retry_pending(r, error);
}

rf_code command_positions_remove(rf_replay *r, rf_error *error)
{
    return remove_after(r, (rf_position){0}, error);
}
