/* SPDX-License-Identifier: MIT */
/* The stream of a source that is followed: positions, lag and phases. */
#include "cmd/replay/following.h"
#include "base/clock.h"
#include "base/fail.h"
#include "cmd/replay/replay.h"
#include "cmd/term/message.h"
#include "cmd/term/text.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    WAIT_MS = 100,
    CHECK_MS = 20,         /* between two looks at the lag */
    TURNS = 64,            /* between two looks at the clock */
    IN_STEP_MS = 1000,     /* a lag below it */
    BEHIND_MS = 10 * 1000, /* a lag that is reported, once in step */
    POINT_MS = 20,
    POINT_BYTES = 16 * 1024, /* between two points where the stream can be continued */
};

/* --- the start ----------------------------------------------------------------------------------------- */

void following_add_inputs(struct replay *r)
{
    struct input *inputs = r->session.inputs; /* has space for one more */
    inputs[0].is_followed = true;
    inputs[FOLLOWING_STREAM] = inputs[0];
    inputs[FOLLOWING_STREAM].is_stream = true;
    r->session.input_count = FOLLOWING_INPUTS;
}

rf_code following_check(const struct replay *r, rf_error *error)
{
    const struct session *session = &r->session;
    const rf_command_rewrite_options options = {.filter = session->options->keys.filter,
                                                .rewrite = session->options->keys.rewrite,
                                                .by_slot = session->read.by_slot};
    rf_command_rewrite *commands;
    if (!r->options->follow || session->unfiltered)
        return RF_OK;
    TRY(rf_command_rewrite_open(&options, &commands, error));
    rf_command_rewrite_close(commands);
    return RF_OK;
}

static bool is_continued(const struct replay *r)
{
    return *r->found.stream_id != '\0';
}

static rf_code add_point(struct following *f, struct following_point point, rf_error *error)
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

rf_code following_begin(struct replay *r, rf_error *error)
{
    struct following *f = &r->following;
    const struct replay_options *options = r->options;
    const bool continued = is_continued(r);
    const rf_follow_options follow = {.spool_directory = options->spool_dir,
                                      .spool_limit = options->spool_limit,
                                      .id = continued ? r->found.stream_id : NULL,
                                      .offset = continued ? r->found.position.offset : 0};
    if (!options->follow)
        return RF_OK;
    if (r->found.inputs && !continued)
        return fail(
            error, RF_E_ARGUMENT,
            "the run of the checkpoint '%.128s' was stopped while it wrote the snapshot, which cannot "
            "be continued: empty the target, remove the checkpoint, and start again",
            r->found.path);
    rf_code code = rf_files_follow(&options->common.inputs, 0, &follow, &f->follow, error);
    if (code != RF_OK)
        return code;
    for (size_t i = 0; i < FOLLOWING_INPUTS; i++)
        r->session.inputs[i].follow = f->follow;
    struct input *stream = &r->session.inputs[FOLLOWING_STREAM];
    stream->stream_db = continued ? r->found.stream_db : 0;
    stream->at.offset = stream->settled.offset = rf_follow_start(f->follow);
    return cutover_begin(r, error);
}

size_t following_first_input(const struct replay *r)
{
    return is_continued(r) ? FOLLOWING_STREAM : 0;
}

/* --- positions ----------------------------------------------------------------------------------------- */

static struct following_point point_of(const rf_follow_position *at)
{
    return (struct following_point){at->offset, at->db, at->arrived_ms};
}

static const struct following_point *last_point(const struct following *f)
{
    return &f->points[f->first + f->count - 1];
}

/* `idle`: all that has arrived is put. */
static rf_code note_point(struct following *f, const rf_follow_position *at, bool idle, rf_error *error)
{
    const struct following_point *last = last_point(f);
    bool is_due = idle || at->offset >= last->offset + POINT_BYTES ||
                  at->arrived_ms >= last->arrived_ms + POINT_MS;
    if (at->in_transaction || at->offset == last->offset || !is_due)
        return RF_OK;
    return add_point(f, point_of(at), error);
}

/* The keys of the snapshot are written before the first command, and are not written again. */
static rf_code enter_stream(struct replay *r, const struct input *stream, rf_error *error)
{
    struct following *f = &r->following;
    uint64_t start;
    TRY(rf_replay_finish(r->engine, error));
    if (f->in_stream)
        return RF_OK;
    start = rf_follow_start(f->follow);
    TRY(add_point(f, (struct following_point){start, stream->stream_db, clock_unix_us() / 1000}, error));
    f->in_stream = true;
    f->done = start;
    f->phase = FOLLOWING_CATCHING_UP;
    if (!is_continued(r))
        message_note("snapshot written, up to offset %" PRIu64 " of the source; catching up", start);
    return replay_keep(r, error);
}

static uint64_t done_offset(const struct replay *r, const struct input *stream)
{
    const rf_position acked = rf_replay_acked(r->engine);
    bool none_in_flight = r->counts.put == 0 || rf_position_before(r->position.last, acked);
    if (none_in_flight)
        return stream->settled.offset;
    return acked.input == FOLLOWING_STREAM ? acked.offset : r->following.done;
}

static void measure_lag(struct replay *r, const struct input *stream)
{
    struct following *f = &r->following;
    const uint64_t received = rf_follow_received(f->follow), done = done_offset(r, stream);
    if (done > f->done)
        f->done = done;
    for (; f->count > 1 && f->points[f->first + 1].offset <= f->done; f->count--)
        f->first++;
    f->lag = (struct following_lag){.bytes = received > f->done ? received - f->done : 0};
    if (f->lag.bytes > 0) {
        const struct following_point *oldest = &f->points[f->first + (f->count > 1)];
        int64_t since_ms = f->count > 1 ? oldest->arrived_ms : stream->at.arrived_ms;
        int64_t ms = clock_unix_us() / 1000 - since_ms;
        f->lag.ms = since_ms > 0 && ms > 0 ? ms : 0;
    }
}

/* --- phases -------------------------------------------------------------------------------------------- */

static void format_lag(const struct following_lag *lag, char *out, size_t size)
{
    char bytes[SIZE_TEXT];
    snprintf(out, size, "%s, %.1f s", text_size(lag->bytes, bytes), (double)lag->ms / 1000);
}

static void note_phase(struct following *f, int64_t now)
{
    char lag[64];
    if (!rf_follow_is_connected(f->follow) || f->linked_ms == 0)
        f->linked_ms = now;
    /* what was written while there was no link has just arrived */
    bool is_in_step = f->lag.ms < IN_STEP_MS && now - f->linked_ms >= IN_STEP_MS;
    format_lag(&f->lag, lag, sizeof lag);
    if (is_in_step && f->phase != FOLLOWING_IN_STEP) {
        f->phase = FOLLOWING_IN_STEP;
        f->in_step_ms = now;
        if (!f->was_in_step)
            message_note("in step with the source at offset %" PRIu64, f->done);
        f->was_in_step = true;
    } else if (!is_in_step && f->phase == FOLLOWING_IN_STEP) {
        f->phase = FOLLOWING_CATCHING_UP;
    }
    if (f->was_in_step && f->lag.ms > BEHIND_MS) {
        message_note("behind the source by %s", lag);
        f->was_in_step = false;
    }
}

/* Once it is time to end, what the source has by then is still written. */
static bool has_ended(struct replay *r, int64_t now)
{
    struct following *f = &r->following;
    const int64_t exit_ms = r->options->exit_when_in_step_ms;
    rf_error why;
    if (exit_ms == 0 || f->phase != FOLLOWING_IN_STEP || now - f->in_step_ms < exit_ms) {
        f->exit_offset = 0;
        return false;
    }
    if (f->exit_offset == 0) {
        const uint64_t received = rf_follow_received(f->follow);
        if (rf_follow_ask_offset(f->follow, &f->exit_offset, &why) != RF_OK || f->exit_offset < received)
            f->exit_offset = received;
    }
    return f->done >= f->exit_offset;
}

static rf_code check(struct replay *r, const struct input *stream, int64_t now, rf_error *error)
{
    struct following *f = &r->following;
    f->checked_ms = now;
    measure_lag(r, stream);
    note_phase(f, now);
    return has_ended(r, now) ? RF_END : cutover_turn(r, now, error);
}

rf_code following_turn(struct replay *r, struct cursor *cursor, rf_error *error)
{
    struct following *f = &r->following;
    struct input *stream = cursor->input;
    if (!f->follow || !stream || !stream->is_stream)
        return RF_OK;
    if (!f->in_stream)
        TRY(enter_stream(r, stream, error));
    const bool idle = stream->settled.offset == stream->at.offset;
    TRY(note_point(f, &stream->settled, idle, error));
    if (idle)
        TRY(rf_replay_wait(r->engine, rf_follow_descriptor(f->follow), WAIT_MS, error));
    if (!idle && ++f->turns % TURNS != 0)
        return RF_OK;
    int64_t now = clock_monotonic_ms();
    return now - f->checked_ms >= CHECK_MS ? check(r, stream, now, error) : RF_OK;
}

rf_code following_ended(struct replay *r, rf_code code)
{
    struct following *f = &r->following;
    cutover_end(r);
    f->stopped_in_step = f->follow && r->state.stopped && f->phase == FOLLOWING_IN_STEP;
    if (!following_completes(r))
        return code;
    r->state.stopped = false;
    return RF_END;
}

rf_code following_finished(struct replay *r, rf_error *error)
{
    const struct input *stream = &r->session.inputs[FOLLOWING_STREAM];
    if (!r->following.in_stream)
        return RF_OK;
    TRY(note_point(&r->following, &stream->settled, true, error));
    measure_lag(r, stream);
    return RF_OK;
}

bool following_completes(const struct replay *r)
{
    return r->following.stopped_in_step && !r->options->checkpoint;
}

/* --- results ------------------------------------------------------------------------------------------- */

static const char *const phases[] = {[FOLLOWING_SNAPSHOT] = "snapshot",
                                     [FOLLOWING_CATCHING_UP] = "catching up",
                                     [FOLLOWING_IN_STEP] = "in step"};

void following_format(const struct following *f, char *out, size_t size)
{
    char lag[64];
    format_lag(&f->lag, lag, sizeof lag);
    if (f->phase == FOLLOWING_SNAPSHOT)
        snprintf(out, size, "%s", phases[f->phase]);
    else
        snprintf(out, size, "%s, %s behind", phases[f->phase], lag);
}

void following_report(struct json *json, const struct replay *r)
{
    const struct following *f = &r->following;
    char id[41] = "";
    json_object(json, "follow");
    json_string(json, "phase", phases[f->phase]);
    if (f->follow)
        rf_follow_id(f->follow, id);
    json_string(json, "stream", f->follow ? id : NULL);
    json_number(json, "offset", f->done);
    json_number(json, "lag_bytes", f->lag.bytes);
    json_number(json, "lag_ms", (uint64_t)f->lag.ms);
    if (r->options->cutover_ms > 0)
        cutover_report(json, r);
    json_end_object(json);
}

void following_free(struct following *f)
{
    rf_follow_close(f->follow);
    free(f->points);
}
