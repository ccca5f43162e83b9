/* SPDX-License-Identifier: MIT */
/* Dispatch: chooses the pipeline for the next request, and decides when to send. */
#include "base/bytes.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/number.h"
#include "replay/commands.h"
#include "replay/internal.h"

enum {
    SEND_SIZE = 64 * 1024,          /* bytes that are sent at once */
    WAIT_EVERY_BYTES = 1024 * 1024, /* bytes written between two WAIT commands */
};

/* --- the database -------------------------------------------------------------------------------------- */

static rf_code put_select(struct pipeline *pipeline, int64_t db, rf_error *error)
{
    uint8_t text[NUMBER_TEXT_MAX];
    struct request *request;
    TRY(pipeline_begin(pipeline, &request, error));
    request->kind = REQUEST_SELECT;
    request->db = (int32_t)db;
    request->done = true;
    command_put(&pipeline->out, (const rf_slice[]){SLICE("SELECT"), {text, number_print_i64(text, db)}}, 2);
    return pipeline_end(pipeline, 1, error);
}

/* A connection that may be lost meanwhile. */
struct connected {
    const struct pipeline *pipeline;
    unsigned serial;
};

static bool is_connected(const struct connected *c)
{
    return c->pipeline->connection && c->pipeline->serial == c->serial;
}

static bool is_answered_or_lost(void *ctx)
{
    const struct connected *c = ctx;
    return !is_connected(c) || pipeline_is_answered(c->pipeline);
}

/* Commands after a failed SELECT would go to the wrong database, so its reply is awaited. */
static rf_code select_db(rf_replay *r, struct pipeline *pipeline, int64_t db, rf_error *error)
{
    const struct node *node = pipeline->owner;
    struct connected c = {pipeline, pipeline->serial};
    TRY(put_select(pipeline, db, error));
    TRY(replay_wait_until(r, &(struct wait){.is_over = is_answered_or_lost, .ctx = &c}, error));
    if (is_connected(&c) && pipeline->db == db)
        return RF_OK;
    return fail(error, RF_E_TARGET, "%s: cannot select database %lld", node->base.name, (long long)db);
}

/* --- replicas ------------------------------------------------------------------------------------------ */

static rf_code send_wait(struct pipeline *pipeline, rf_error *error)
{
    struct request *request;
    TRY(pipeline_begin(pipeline, &request, error));
    request->kind = REQUEST_WAIT;
    request->done = true;
    write_wait(pipeline->owner, &pipeline->out);
    TRY(pipeline_end(pipeline, 1, error));
    pipeline->wait_sent_up_to = pipeline->ready;
    return RF_OK;
}

static bool wants_wait(const struct pipeline *pipeline, uint64_t size)
{
    const struct node *node = pipeline->owner;
    return pipeline->connection && node->wait_replicas && !pipeline->streaming &&
           pipeline->head < pipeline->tail && pipeline->ready - pipeline->wait_sent_up_to >= size &&
           (node->next_wait_ms == 0 || clock_monotonic_ms() >= node->next_wait_ms);
}

rf_code dispatch_send_waits(rf_replay *r, rf_error *error)
{
    for (size_t i = 0; i < r->map.node_count; i++)
        for (unsigned j = 0; j < r->options.connections; j++)
            if (wants_wait(&node_at(r, i)->pipelines[j], 1))
                TRY(send_wait(&node_at(r, i)->pipelines[j], error));
    return RF_OK;
}

/* --- pipelines ----------------------------------------------------------------------------------------- */

static struct pipeline *advance_pipeline(struct node *node)
{
    node->current = (node->current + 1) % node->replay->options.connections;
    return &node->pipelines[node->current];
}

static bool has_capacity(void *ctx)
{
    struct pipeline *pipeline = ctx;
    const rf_replay *r = ((struct node *)pipeline->owner)->replay;
    return send_window_has_room(&pipeline->window, pipeline_kept(pipeline), r->limits.window);
}

rf_code pipeline_prepare(rf_replay *r, struct pipeline *pipeline, int64_t db, rf_error *error)
{
    if (UNLIKELY(!has_capacity(pipeline)))
        TRY(replay_wait_until(r, &(struct wait){.is_over = has_capacity, .ctx = pipeline, .batched = true},
                              error));
    TRY(node_connect(pipeline->owner, pipeline, error));
    return LIKELY(pipeline->db == db) ? RF_OK : select_db(r, pipeline, db, error);
}

/* A pipeline with capacity, in turn; one without a connection counts as such. */
static struct pipeline *find_writable(struct node *node)
{
    struct pipeline *pipeline = &node->pipelines[node->current];
    for (unsigned i = 0; i < node->replay->options.connections; i++, pipeline = advance_pipeline(node))
        if (LIKELY(has_capacity(pipeline)))
            return pipeline;
    return NULL;
}

static bool is_writable(void *ctx)
{
    return find_writable(ctx) != NULL;
}

rf_code pipeline_for_node(rf_replay *r, struct node *node, int64_t db, struct pipeline **out, rf_error *error)
{
    if (UNLIKELY(!find_writable(node)))
        TRY(replay_wait_until(r, &(struct wait){.is_over = is_writable, .ctx = node, .batched = true},
                              error));
    *out = &node->pipelines[node->current];
    return pipeline_prepare(r, *out, db, error);
}

/* A slot that is not assigned may be in the middle of a migration. */
static rf_code wait_for_owner(rf_replay *r, unsigned slot, int64_t *since_ms, rf_error *error)
{
    rf_error why;
    fail(&why, RF_E_TARGET, "no node of the cluster serves slot %u", slot);
    return retry_backoff(r, since_ms, &why, error);
}

/* Gets a pipeline to the node of the slot with `find`, as often as necessary. */
static rf_code pipeline_of(rf_replay *r, unsigned slot, int64_t db, struct pipeline **out,
                           rf_code (*find)(rf_replay *r, struct node *node, unsigned slot, int64_t db,
                                           struct pipeline **out, rf_error *error),
                           rf_error *error)
{
    int64_t since_ms = 0;
    for (;;) {
        rf_error why;
        struct node *node = nodes_of_slot(r, slot);
        if (UNLIKELY(retry_precedes(r, node))) {
            TRY(replay_step(r, INT64_MAX, error));
            continue;
        }
        if (UNLIKELY(node_is_unassigned(node))) {
            TRY(wait_for_owner(r, slot, &since_ms, error));
            continue;
        }
        rf_code code = find(r, node, slot, db, out, &why);
        if (LIKELY(code == RF_OK && nodes_of_slot(r, slot) == node))
            return RF_OK;
        if (code == RF_OK)
            continue; /* the slot has moved meanwhile */
        if (code == RF_END) {
            TRY(replay_step(r, INT64_MAX, error));
            continue;
        }
        if (!rf_code_is_target(code) || r->error.code != RF_OK) {
            *error = why;
            return code;
        }
        TRY(retry_backoff(r, &since_ms, &why, error));
    }
}

static rf_code find_any(rf_replay *r, struct node *node, unsigned slot, int64_t db, struct pipeline **out,
                        rf_error *error)
{
    (void)slot;
    return pipeline_for_node(r, node, db, out, error);
}

/* Commands of a slot keep their order in one of the node's pipelines. */
static rf_code find_of_slot(rf_replay *r, struct node *node, unsigned slot, int64_t db, struct pipeline **out,
                            rf_error *error)
{
    *out = &node->pipelines[slot % r->options.connections];
    return pipeline_prepare(r, *out, db, error);
}

rf_code pipeline_for_key(rf_replay *r, rf_slice key, int64_t db, struct pipeline **out, rf_error *error)
{
    unsigned slot = cluster_map_slot(&r->map, key);
    rf_code code = pipeline_of(r, slot, db, out, find_any, error);
    if (UNLIKELY(rf_code_is_target(code) && node_is_unassigned(nodes_of_slot(r, slot)))) {
        error_key(&r->error, db, key);
        *error = r->error;
    }
    return code;
}

rf_code pipeline_for_slot(rf_replay *r, unsigned slot, int64_t db, struct pipeline **out, rf_error *error)
{
    return pipeline_of(r, slot, db, out, find_of_slot, error);
}

/* Only a lost node is not waited for: one that is connected to for the first time is soon there. */
rf_code pipeline_try_slot(rf_replay *r, unsigned slot, struct pipeline **out, rf_error *error)
{
    rf_error why;
    struct node *node = nodes_of_slot(r, slot);
    if (LIKELY(!node->base.lost))
        return pipeline_for_slot(r, slot, 0, out, error);
    if (UNLIKELY(retry_precedes(r, node) || held_is_pausing(node)))
        return RF_END;
    rf_code code = find_of_slot(r, node, slot, 0, out, &why);
    if (LIKELY(code == RF_OK && nodes_of_slot(r, slot) == node)) {
        node->failing_ms = 0;
        return RF_OK;
    }
    r->map.suspect = true;
    if (code == RF_OK || code == RF_END)
        return RF_END;
    *error = why;
    if (!rf_code_is_target(code) || r->error.code != RF_OK)
        return code;
    node->failing_ms = node->failing_ms ? node->failing_ms : clock_monotonic_ms();
    TRY(retry_check_timeout(r, node->failing_ms, why.message, error));
    return RF_END;
}

rf_code pipeline_flush(rf_replay *r, struct pipeline *pipeline, rf_error *error)
{
    if (wants_wait(pipeline, WAIT_EVERY_BYTES))
        TRY(send_wait(pipeline, error));
    return loop_pipeline_io(r, pipeline, error);
}

rf_code pipeline_flush_if_full(rf_replay *r, struct pipeline *pipeline, rf_error *error)
{
    if (pipeline_unsent(pipeline) < SEND_SIZE)
        return RF_OK;
    advance_pipeline(pipeline->owner);
    return pipeline_flush(r, pipeline, error);
}
