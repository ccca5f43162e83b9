/* SPDX-License-Identifier: MIT */
/* Dispatch: chooses the pipeline for the next request, and decides when to send. */
#include "base/bytes.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/number.h"
#include "replay/commands.h"
#include "replay/replay.h"

enum {
    SEND_SIZE = 64 * 1024,    /* bytes that are sent at once */
    GUARD_SIZE = 1024 * 1024, /* bytes written between two WAIT commands */
    WAIT_MS = 100,
};

/* --- the database -------------------------------------------------------------------------------------- */

static rf_code put_select(struct pipe *pipe, int64_t db, rf_error *error)
{
    uint8_t text[NUMBER_TEXT_MAX];
    struct parcel *parcel;
    TRY(pipe_begin(pipe, &parcel, error));
    parcel->kind = PARCEL_SELECT;
    parcel->db = (int32_t)db;
    parcel->settled = true;
    command_put(&pipe->out, (const rf_slice[]){SLICE("SELECT"), {text, number_print_i64(text, db)}}, 2);
    return pipe_end(pipe, 1, error);
}

/* Commands after a failed SELECT would go to the wrong database, so its reply is awaited. */
static rf_code select_db(rf_replay *r, struct pipe *pipe, int64_t db, rf_error *error)
{
    const struct node *node = pipe->owner;
    unsigned serial = pipe->serial;
    TRY(put_select(pipe, db, error));
    while (pipe->connection && pipe->serial == serial && !pipe_is_answered(pipe))
        TRY(loop_turn(r, WAIT_MS, error));
    if (pipe->connection && pipe->serial == serial && pipe->db == db)
        return RF_OK;
    return fail(error, RF_E_TARGET, "%s: cannot select database %lld", node->name, (long long)db);
}

/* --- replicas ------------------------------------------------------------------------------------------ */

static rf_code guard(struct pipe *pipe, rf_error *error)
{
    struct parcel *parcel;
    TRY(pipe_begin(pipe, &parcel, error));
    parcel->kind = PARCEL_WAIT;
    parcel->settled = true;
    write_wait(pipe->owner, &pipe->out);
    TRY(pipe_end(pipe, 1, error));
    pipe->guarded = pipe->ready;
    return RF_OK;
}

static bool wants_guard(const struct pipe *pipe, uint64_t size)
{
    const struct node *node = pipe->owner;
    return pipe->connection && node->guarded && !pipe->streaming && pipe->head < pipe->tail &&
           pipe->ready - pipe->guarded >= size &&
           (node->guard_after_ms == 0 || clock_monotonic_ms() >= node->guard_after_ms);
}

rf_code room_guard_all(rf_replay *r, rf_error *error)
{
    for (size_t i = 0; i < r->node_count; i++)
        for (unsigned j = 0; j < r->options.connections; j++)
            if (wants_guard(&r->nodes[i]->pipes[j], 1))
                TRY(guard(&r->nodes[i]->pipes[j], error));
    return RF_OK;
}

/* --- pipelines ----------------------------------------------------------------------------------------- */

static struct pipe *next_pipe(struct node *node)
{
    node->turn = (node->turn + 1) % node->replay->options.connections;
    return &node->pipes[node->turn];
}

/* A full pipeline has no capacity until it is half empty, so that work is not done in small pieces. */
static bool has_room(const rf_replay *r, struct pipe *pipe)
{
    uint64_t kept = pipe_kept(pipe);
    pipe->full = kept >= (pipe->full ? r->window / 2 : r->window);
    return !pipe->full;
}

rf_code room_in(rf_replay *r, struct pipe *pipe, int64_t db, rf_error *error)
{
    while (UNLIKELY(!has_room(r, pipe))) {
        TRY(room_guard_all(r, error));
        TRY(loop_gather(r, error));
    }
    TRY(node_fence(pipe->owner, error));
    if (UNLIKELY(!pipe->connection))
        TRY(node_connect(pipe->owner, pipe, error));
    return LIKELY(pipe->db == db) ? RF_OK : select_db(r, pipe, db, error);
}

/* A pipeline with capacity, in turn; one without a connection counts as such. */
static struct pipe *find_room(struct node *node)
{
    struct pipe *pipe = &node->pipes[node->turn];
    for (unsigned i = 0; i < node->replay->options.connections; i++, pipe = next_pipe(node))
        if (LIKELY(has_room(node->replay, pipe)))
            return pipe;
    return NULL;
}

rf_code room_at(rf_replay *r, struct node *node, int64_t db, struct pipe **out, rf_error *error)
{
    while (UNLIKELY(!(*out = find_room(node)))) {
        TRY(room_guard_all(r, error));
        TRY(loop_gather(r, error));
    }
    return room_in(r, *out, db, error);
}

/* A slot that is not assigned may be in the middle of a migration. */
static rf_code await_owner(rf_replay *r, rf_slice key, int64_t db, int64_t *since_ms, rf_error *error)
{
    rf_error why;
    fail(&why, RF_E_TARGET, "no node of the cluster serves slot %u", rf_slot_of(key));
    rf_code code = mend_wait(r, since_ms, &why, error);
    if (code == RF_E_TARGET) {
        error_key(&r->error, db, key);
        *error = r->error;
    }
    return code;
}

rf_code room_for_key(rf_replay *r, rf_slice key, int64_t db, struct pipe **out, rf_error *error)
{
    int64_t since_ms = 0;
    for (;;) {
        rf_error why;
        if (UNLIKELY(r->strays.first || r->doubts.first))
            TRY(mend(r, error));
        struct node *node = nodes_of_key(r, key);
        if (UNLIKELY(node == r->nobody)) {
            TRY(await_owner(r, key, db, &since_ms, error));
            continue;
        }
        rf_code code = room_at(r, node, db, out, &why);
        if (LIKELY(code == RF_OK && nodes_of_key(r, key) == node))
            return RF_OK;
        if (code == RF_OK)
            continue; /* the slot has moved meanwhile */
        if (code != RF_E_TARGET || r->error.code != RF_OK) {
            *error = why;
            return code;
        }
        TRY(mend_wait(r, &since_ms, &why, error));
    }
}

rf_code room_for_command(rf_replay *r, int64_t db, struct pipe **out, rf_error *error)
{
    int64_t since_ms = 0;
    for (;;) {
        rf_error why;
        *out = &r->node_of[0]->pipes[0];
        rf_code code = room_in(r, *out, db, &why);
        if (LIKELY(code == RF_OK))
            return RF_OK;
        if (code != RF_E_TARGET || r->error.code != RF_OK) {
            *error = why;
            return code;
        }
        TRY(mend_wait(r, &since_ms, &why, error));
    }
}

rf_code room_used(rf_replay *r, struct pipe *pipe, rf_error *error)
{
    if (pipe_unsent(pipe) < SEND_SIZE)
        return RF_OK;
    if (wants_guard(pipe, GUARD_SIZE))
        TRY(guard(pipe, error));
    next_pipe(pipe->owner);
    return loop_serve(r, pipe, error);
}
