/* SPDX-License-Identifier: MIT */
/* Retries: requests that have left their pipeline are sent again, to the node that serves their slot now. */
#include "base/bytes.h"
#include "base/clock.h"
#include "base/fail.h"
#include "replay/commands.h"
#include "replay/modules.h"
#include "replay/staging_key.h"
#include "replay/suspect.h"
#include <stdio.h>

enum { LOG_AFTER_MS = 1000 /* shorter waits are not logged */ };

/* --- waiting ------------------------------------------------------------------------------------------- */

/* Errors that a server returns to every new connection. */
static const char *const permanent_errors[] = {
    ": NOAUTH ", ": WRONGPASS ",           ": NOPERM ",
    ": DENIED ", ": ERR invalid password", ": client certificate rejected: "};

/* Sets the error that ends the run, if there is none yet. */
static rf_code end_run(rf_replay *r, rf_code code, const char *why, const char *more, rf_error *error)
{
    if (r->error.code == RF_OK)
        fail(&r->error, code, "%s%s", why, more);
    *error = r->error;
    return error->code;
}

rf_code retry_check_timeout(rf_replay *r, int64_t since_ms, const char *why, rf_error *error)
{
    char suffix[64];
    int64_t timeout_ms = r->options.retry_for_ms, waited_ms = clock_monotonic_ms() - since_ms;
    const rf_target_wait wait = nodes_wait_options(r);
    for (size_t i = 0; i < sizeof permanent_errors / sizeof *permanent_errors; i++)
        if (strstr(why, permanent_errors[i]))
            return end_run(r, RF_E_TARGET, why, "", error);
    if (waited_ms >= LOG_AFTER_MS && waited_ms <= timeout_ms)
        waiting_log(&r->waiting, &wait, timeout_ms, why);
    if (waited_ms <= timeout_ms)
        return RF_OK;
    snprintf(suffix, sizeof suffix, "; gave up after %g s", (double)timeout_ms / 1000);
    return end_run(r, RF_E_UNAVAILABLE, why, suffix, error);
}

static rf_code check_item_timeout(rf_replay *r, const struct retry_item *item, const rf_error *why,
                                  rf_error *error)
{
    char error_text[400];
    const struct node *node = nodes_of_key(r, command_key(buffer_slice(&item->bytes)));
    snprintf(error_text, sizeof error_text, "%s: %s", node->base.name,
             item->request.error_text ? item->request.error_text : "connection lost");
    rf_code code = retry_check_timeout(r, item->request.since_ms, why ? why->message : error_text, error);
    if (code != RF_OK && !why && item->request.error_text) {
        error_key(&r->error, item->request.db, command_key(buffer_slice(&item->bytes)));
        *error = r->error;
    }
    return code;
}

/* --- sending again ------------------------------------------------------------------------------------- */

struct request_writer {
    struct outbuf *out;
    bool asking;
    uint32_t replies;
};

static void begin_command(struct request_writer *e)
{
    if (e->asking)
        outbuf_put(e->out, "*1\r\n$6\r\nASKING\r\n", 16);
    e->replies += e->asking ? 2 : 1;
}

static void emit_word(struct request_writer *e, rf_slice word)
{
    begin_command(e);
    command_put(e->out, &word, 1);
}

/* What earlier attempts have left is removed first. */
static bool emit_removal(rf_replay *r, struct request_writer *e, const struct request *request, rf_slice key)
{
    if (!staging_key_make(key, r->options.run, &r->name))
        return false;
    begin_command(e);
    write_unlink(r, e->out, buffer_slice(&r->name));
    if (request->misnamed) {
        begin_command(e);
        write_unlink(r, e->out, key);
    }
    return true;
}

/* `transacts`: in a transaction that has begun, and not in the one that it may be itself. */
static void emit_commands(struct request_writer *e, const struct retry_item *item, bool transacts)
{
    struct command command;
    rf_slice rest = buffer_slice(&item->bytes);
    while (command_take(&rest, &command)) {
        if (item->request.kind == REQUEST_KEY &&
            (command_is_passing(&command) || (transacts && command.argc == 1)))
            continue;
        begin_command(e);
        outbuf_put(e->out, command.whole.ptr, command.whole.len);
    }
}

/* A staging key is removed in the transaction that renames it: if the server rejects the one command and not
 * yet the other, the key would get what an earlier attempt has left. */
static rf_code resend(rf_replay *r, struct pipeline *pipeline, const struct retry_item *item, rf_error *error)
{
    struct request *request;
    struct request_writer e = {.out = &pipeline->out, .asking = item->request.ask_node != NULL};
    TRY(pipeline_begin_again(pipeline, &item->request, &request, error));
    bool is_staged = request->kind == REQUEST_KEY && request->method == METHOD_STAGED;
    bool transacts = is_staged && r->can.transact;
    if (transacts)
        emit_word(&e, SLICE("MULTI"));
    uint32_t multi = e.replies;
    if ((is_staged || (request->kind == REQUEST_KEY && request->maybe_applied)) &&
        !emit_removal(r, &e, request, command_key(buffer_slice(&item->bytes))))
        pipeline->out.code = RF_E_MEMORY;
    emit_commands(&e, item, transacts);
    if (transacts) {
        request->transaction = true;
        request->queued = e.replies - multi;
        emit_word(&e, SLICE("EXEC"));
    }
    return pipeline_end(pipeline, e.replies, error);
}

/* Requests lost meanwhile, or the connection to be used, may already be in the retry queue. */
static rf_code send_alone(rf_replay *r, struct pipeline *pipeline, const struct retry_item *item,
                          rf_error *error)
{
    unsigned serial = pipeline->serial;
    TRY(suspect_wait(pipeline->owner, error));
    if (!pipeline->connection || pipeline->serial != serial || pipeline->db != item->request.db)
        return fail(error, RF_E_UNAVAILABLE, "%s: connection lost",
                    ((struct node *)pipeline->owner)->base.name);
    TRY(resend(r, pipeline, item, error));
    return suspect_wait(pipeline->owner, error);
}

/* The node may have changed. *missing: it lacks the module, and the key has failed. */
static rf_code check_module(rf_replay *r, const struct retry_item *item, struct node *node, bool *missing,
                            rf_error *error)
{
    char type[10];
    const char *why;
    rf_slice commands = buffer_slice(&item->bytes);
    *missing = false;
    if (LIKELY(!item->request.module) || !modules_type_of(commands, type))
        return RF_OK;
    if (!node->modules_asked)
        TRY(node_connect_control(node, error));
    TRY(modules_learn(node, error));
    *missing = !modules_allow(node, type, &why);
    if (*missing)
        outcome_failed(r, &item->request, RF_FAILURE_UNSUPPORTED, why, command_key(commands), commands);
    return RF_OK;
}

static struct node *node_of(const rf_replay *r, const struct retry_item *item)
{
    struct node *asked = item->request.ask_node;
    return asked ? asked : nodes_of_key(r, command_key(buffer_slice(&item->bytes)));
}

/* After one attempt at the node of an ASK redirection, the key is sent to the slot's node again. RF_END: the
 * node is being connected to. */
static rf_code retry_send_one(rf_replay *r, struct retry_item *item, struct node *node, rf_error *error)
{
    struct pipeline *pipeline;
    bool missing;
    if (held_is_pausing(node))
        return RF_END;
    if (node->held.unconfirmed.first) /* they are older */
        TRY(node_connect_control(node, error));
    TRY(check_module(r, item, node, &missing, error));
    if (missing)
        return RF_OK;
    TRY(pipeline_for_node(r, node, item->request.db, &pipeline, error));
    if (node_of(r, item) != node)
        return fail(error, RF_E_TARGET, "%s: no longer a primary", node->base.name);
    TRY(suspect_check(r, item, pipeline, error));
    if (!suspect_goes_alone(&item->request))
        return resend(r, pipeline, item, error);
    return send_alone(r, pipeline, item, error);
}

/* *into: the queue in which it waits for the next attempt; NULL: it was sent. */
static rf_code retry_try_one(rf_replay *r, struct retry_item *item, struct retry_queue **into,
                             rf_error *error)
{
    rf_error why;
    struct node *node = node_of(r, item);
    *into = &r->retry.queue;
    TRY(check_item_timeout(r, item, NULL, error));
    rf_code code = retry_send_one(r, item, node, &why);
    if (code == RF_OK)
        *into = NULL;
    else if (code == RF_END || held_is_pausing(node))
        *into = &held_at(node)->retry;
    if (code == RF_OK || code == RF_END)
        return RF_OK;
    if (rf_code_is_target(code) && r->error.code == RF_OK) {
        r->map.stale = true;
        r->retry.backoff |= *into == &r->retry.queue;
        return check_item_timeout(r, item, &why, error);
    }
    *error = why;
    return code;
}

/* Items that return to the queue wait for the next round. Every item holds back the acknowledged position. */
static rf_code retry_send_all(rf_replay *r, rf_error *error)
{
    rf_code code = RF_OK;
    r->retry.batch = r->retry.queue;
    r->retry.queue = (struct retry_queue){0};
    while (code == RF_OK && (r->retry.current = retry_queue_pop(&r->retry.batch))) {
        struct retry_queue *into;
        code = retry_try_one(r, r->retry.current, &into, error);
        if (into)
            retry_queue_push(into, r->retry.current);
        else
            retry_item_free(r->retry.current);
    }
    for (struct retry_item *item; (item = retry_queue_pop(&r->retry.batch));)
        retry_queue_push(&r->retry.queue, item);
    r->retry.current = NULL;
    return code;
}

/* A failed refresh is repeated in the next round. RF_END: it is in progress. */
static rf_code refresh(rf_replay *r, rf_error *error)
{
    rf_error why;
    const struct retry_item *first = r->retry.queue.first ? r->retry.queue.first : r->retry.unconfirmed.first;
    first = first ? first : held_first(r);
    rf_code code = nodes_continue_refresh(r, &why);
    if (rf_code_is_target(code) && r->error.code == RF_OK) {
        r->retry.backoff = true;
        return first ? check_item_timeout(r, first, &why, error)
                     : retry_check_timeout(r, command_recover_since(r), why.message, error);
    }
    if (code != RF_OK && code != RF_END)
        *error = why;
    return code;
}

rf_code retry_backoff(rf_replay *r, int64_t *since_ms, const rf_error *why, rf_error *error)
{
    rf_error still;
    if (*since_ms == 0)
        *since_ms = clock_monotonic_ms();
    TRY(retry_check_timeout(r, *since_ms, why->message, error));
    TRY(replay_sleep(r, waiting_next_pause(&r->retry.backoff_ms), error));
    r->map.stale = true;
    rf_code code = nodes_refresh(r, &still);
    if (rf_code_is_target(code) && r->error.code == RF_OK)
        return RF_OK;
    if (code != RF_OK)
        *error = still;
    return code;
}

bool retry_is_pending(const rf_replay *r)
{
    return r->retry.queue.first || r->retry.unconfirmed.first || command_queues_recover(&r->commands) ||
           held_first(r);
}

bool retry_precedes(const rf_replay *r, const struct node *node)
{
    return r->retry.queue.first || r->retry.unconfirmed.first || held_first_of(node);
}

int64_t retry_wait_ms(const rf_replay *r)
{
    enum { RECOVERY_MS = 10 };
    int64_t left = r->retry.until_ms - clock_monotonic_ms();
    if (!retry_is_pending(r))
        return INT64_MAX;
    if (left > 0)
        return left;
    if (cluster_map_is_waiting(&r->map))
        return INT64_MAX;
    if (r->retry.queue.first || r->retry.unconfirmed.first)
        return 0;
    int64_t held_ms = held_wait_ms(r);
    return command_queues_recover(&r->commands) && held_ms > RECOVERY_MS ? RECOVERY_MS : held_ms;
}

/* Whether there is a pause before the next retries. */
static bool is_backing_off(rf_replay *r)
{
    int64_t now = clock_monotonic_ms();
    if (r->retry.backoff && r->retry.until_ms == 0)
        r->retry.until_ms = now + waiting_next_pause(&r->retry.backoff_ms);
    if (now < r->retry.until_ms)
        return true;
    r->retry.backoff = false;
    r->retry.until_ms = 0;
    return false;
}

static rf_code retry_all(rf_replay *r, rf_error *error)
{
    rf_code code = refresh(r, error);
    if (code != RF_OK)
        return code == RF_END ? RF_OK : code;
    TRY(reconcile_pending(r, error));
    if (!r->map.stale)
        TRY(retry_send_all(r, error));
    return r->map.stale ? RF_OK : command_recover(r, error);
}

rf_code retry_round(rf_replay *r, rf_error *error)
{
    if (!retry_is_pending(r) && !r->map.query) {
        r->retry.until_ms = 0;
        return RF_OK;
    }
    if (is_backing_off(r))
        return RF_OK;
    held_release_due(r);
    return retry_all(r, error);
}

rf_code retry_pending(rf_replay *r, rf_error *error)
{
    while (retry_is_pending(r))
        TRY(replay_step(r, INT64_MAX, error));
    return RF_OK;
}

/* --- cleanup after an error ---------------------------------------------------------------------------- */

void retry_take_back(rf_replay *r, struct pipeline *pipeline, uint64_t number)
{
    const struct request *request = pipeline_request(pipeline, number);
    if (request->kind == REQUEST_STRINGS) {
        r->counts.resent += request->strings->count;
        strings_divide(r, pipeline, number);
    } else if (request->kind == REQUEST_COMMAND)
        command_group_take_back(r, pipeline, number);
    else
        retry_enqueue(r, pipeline, number, &r->retry.queue);
}

static void abandon_pipeline(rf_replay *r, struct node *node, struct pipeline *pipeline)
{
    for (uint64_t i = pipeline->head; i < pipeline->tail; i++)
        if (!pipeline_request(pipeline, i)->done)
            retry_take_back(r, pipeline, i);
    node->fence |= pipeline->connection != NULL;
    pipeline_disconnect(pipeline);
}

static void abandon_node(rf_replay *r, struct node *node)
{
    node_cancel_opening(node);
    for (unsigned i = 0; i < r->options.connections; i++)
        abandon_pipeline(r, node, &node->pipelines[i]);
}

/* Requests the removal of one staging key. */
static rf_code cleanup_one(rf_replay *r, struct node *node, const struct retry_item *item, rf_error *error)
{
    struct reply head;
    rf_slice rest, name = command_key(buffer_slice(&item->bytes));
    if (item->request.kind == REQUEST_KEY && staging_key_make(name, r->options.run, &r->name))
        name = buffer_slice(&r->name);
    TRY(reconcile_select_db(node, item->request.db, error));
    TRY(client_put(node->control, (const rf_slice[]){write_unlink_name(r), name}, 2, error));
    return client_reply(node->control, &head, &rest, error);
}

/* A node that cannot be reached is not tried again. */
static void cleanup_all(rf_replay *r, const struct retry_queue *queue)
{
    rf_error ignored;
    for (const struct retry_item *item = queue->first; item; item = item->next) {
        bool staged = item->request.method == METHOD_STAGED || item->request.maybe_applied;
        struct node *node = nodes_of_key(r, command_key(buffer_slice(&item->bytes)));
        if (node->cleanup_failed ||
            !(item->request.kind == REQUEST_CLEANUP || (item->request.kind == REQUEST_KEY && staged)))
            continue;
        node->cleanup_failed = cleanup_one(r, node, item, &ignored) != RF_OK;
    }
}

void retry_abort(rf_replay *r)
{
    r->options.tick = NULL; /* the cleanup is not interrupted */
    r->map.suspect = false; /* nor is the topology refreshed */
    cluster_map_cancel(&r->map);
    held_release_all(r);
    for (size_t i = 0; i < r->map.node_count; i++)
        abandon_node(r, node_at(r, i));
    cleanup_all(r, &r->retry.queue);
    cleanup_all(r, &r->retry.unconfirmed);
}
