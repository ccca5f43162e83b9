/* SPDX-License-Identifier: MIT */
#include "cmd/replay/followed.h"
#include "base/clock.h"
#include "base/fail.h"
#include <rdbferry/slot.h>
#include <stdlib.h>
#include <string.h>

enum {
    POINT_MS = 20,
    POINT_BYTES = 16 * 1024, /* between two points where the stream can be continued */
};

static rf_code add_point(struct followed *f, struct following_point point, rf_error *error)
{
    if (f->first + f->count == f->capacity && f->first > f->count) {
        memmove(f->points, f->points + f->first, f->count * sizeof *f->points);
        f->first = 0;
    }
    if (f->first + f->count == f->capacity) {
        size_t capacity = f->capacity ? 2 * f->capacity : 64;
        struct following_point *grown = realloc(f->points, capacity * sizeof *grown);
        if (!grown)
            return fail(error, RF_E_MEMORY, "out of memory");
        f->points = grown;
        f->capacity = capacity;
    }
    f->points[f->first + f->count++] = point;
    return RF_OK;
}

rf_code followed_enter(struct followed *f, rf_error *error)
{
    f->done = rf_follow_start(f->follow);
    return add_point(f, (struct following_point){f->done, f->stream->stream_db, clock_unix_us() / 1000, {0}},
                     error);
}

void followed_put(struct followed *f, uint64_t offset, int slot)
{
    const struct checkpoint_mark mark = {offset + 1, slot < 0 ? 0 : (unsigned)slot};
    if (f->put[0].offset != mark.offset) /* a command may become several */
        f->put[1] = f->put[0];
    f->put[0] = mark;
}

rf_code followed_note(struct followed *f, bool last, rf_error *error)
{
    const struct following_point *before = &f->points[f->first + f->count - 1];
    const rf_follow_position *at = &f->stream->settled;
    bool is_due = last || at->offset >= before->offset + POINT_BYTES ||
                  at->arrived_ms >= before->arrived_ms + POINT_MS;
    if (at->in_transaction || at->offset == before->offset || !is_due)
        return RF_OK;
    const struct checkpoint_mark mark = f->put[f->put[0].offset > at->offset];
    return add_point(f, (struct following_point){at->offset, at->db, at->arrived_ms, mark}, error);
}

/* A command that was not applied, such as one that failed, leaves no trace. */
static void keep_mark(struct followed *f, const rf_replay *engine, struct checkpoint_mark mark)
{
    const rf_position position = {f->number, mark.offset};
    if (mark.offset > 0 && !rf_position_before(rf_replay_applied(engine, f->number, mark.slot), position))
        f->marks[mark.slot * CHECKPOINT_MARKS / RF_SLOTS] = mark;
}

void followed_measure(struct followed *f, const rf_replay *engine)
{
    const uint64_t received = rf_follow_received(f->follow);
    uint64_t done;
    if (!rf_replay_in_flight(engine, f->number, &done))
        done = f->stream->settled.offset;
    if (done > f->done)
        f->done = done;
    for (; f->count > 1 && f->points[f->first + 1].offset <= f->done; f->count--)
        keep_mark(f, engine, f->points[++f->first].mark);
    f->lag = (struct following_lag){.bytes = received > f->done ? received - f->done : 0};
    int64_t now_ms = clock_unix_us() / 1000;
    if (f->lag.bytes == 0) {
        f->level_ms = now_ms;
        return;
    }
    int64_t since_ms = f->count > 1 ? f->points[f->first + 1].arrived_ms : f->stream->at.arrived_ms;
    since_ms = since_ms > f->level_ms ? since_ms : f->level_ms;
    f->lag.ms = since_ms > 0 && now_ms > since_ms ? now_ms - since_ms : 0;
}

void followed_free(struct followed *f)
{
    rf_follow_close(f->follow);
    free(f->points);
}
