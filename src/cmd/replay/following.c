/* SPDX-License-Identifier: MIT */
/* The streams of a source that is followed: their start, lag, phases and end. */
#include "cmd/replay/following.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/fail.h"
#include "cmd/replay/replay.h"
#include "cmd/run/signals.h"
#include "cmd/term/message.h"
#include "cmd/term/text.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum {
    WAIT_MS = 100,
    CHECK_MS = 20,         /* between two looks at the lag */
    TURNS = 64,            /* between two looks at the clock */
    IN_STEP_MS = 1000,     /* a lag below it */
    BEHIND_MS = 10 * 1000, /* a lag that is reported, once in step */
    SLOTS_MS = 1000,       /* between two checks of the slots of a source, */
    SLOTS_SHARE = 20,      /* and at least so many times as long as one takes */
};

/* --- the start ----------------------------------------------------------------------------------------- */

bool following_add_inputs(struct replay *r)
{
    struct following *f = &r->following;
    struct input *inputs = r->session.inputs; /* has space for as many streams */
    f->count = r->session.input_count;
    f->epoll = -1;
    f->sources = calloc(f->count, sizeof *f->sources);
    if (!f->sources)
        return false;
    for (size_t i = 0; i < f->count; i++) {
        struct input *stream = &inputs[f->count + i];
        inputs[i].is_followed = true;
        *stream = inputs[i];
        stream->is_stream = true;
        inputs[i].stream = stream;
        f->sources[i] = (struct followed){.stream = stream, .number = (uint32_t)(f->count + i)};
    }
    r->session.input_count = 2 * f->count;
    return true;
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
    return r->found.stream_count > 0;
}

static rf_code begin_source(struct replay *r, size_t number, rf_error *error)
{
    struct following *f = &r->following;
    struct followed *source = &f->sources[number];
    struct input *stream = source->stream;
    const struct replay_options *options = r->options;
    const struct checkpoint_stream *found = is_continued(r) ? &r->found.streams[number] : NULL;
    const rf_follow_options follow = {.spool_directory = options->spool_dir,
                                      .spool_limit = options->spool_limit / f->count,
                                      .id = found ? found->id : NULL,
                                      .offset = found ? found->offset : 0};
    TRY(rf_files_follow(&options->common.inputs, number, &follow, &source->follow, error));
    r->session.inputs[number].follow = stream->follow = source->follow;
    stream->stream_db = found ? found->db : 0;
    if (found)
        memcpy(source->marks, found->marks, sizeof source->marks);
    stream->at.offset = stream->settled.offset = rf_follow_start(source->follow);
    struct epoll_event readable = {.events = EPOLLIN};
    return epoll_ctl(f->epoll, EPOLL_CTL_ADD, rf_follow_descriptor(source->follow), &readable) == 0
               ? RF_OK
               : fail_errno(error, RF_E_MEMORY, "cannot wait for the source");
}

rf_code following_begin(struct replay *r, rf_error *error)
{
    struct following *f = &r->following;
    if (f->count == 0)
        return RF_OK;
    f->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (f->epoll < 0)
        return fail_errno(error, RF_E_MEMORY, "cannot create an epoll descriptor");
    TRY(following_pause(r, error));
    for (size_t i = 0; i < f->count; i++)
        TRY(begin_source(r, i, error));
    f->begun = true;
    TRY(cutover_begin(r, error));
    return following_begin_snapshots(r, error);
}

size_t following_first_input(const struct replay *r)
{
    return is_continued(r) ? following_first_stream(&r->following) : 0;
}

/* --- what has been put ---------------------------------------------------------------------------------- */

/* MULTI and EXEC are no commands of a slot. */
void following_put(struct following *f, const rf_entry *command, uint32_t input)
{
    const size_t first = following_first_stream(f);
    const rf_slice name = command->argv[0];
    if (f->count > 0 && input >= first && !slice_is_word(name, "MULTI") && !slice_is_word(name, "EXEC"))
        followed_put(&f->sources[input - first], command->offset, command->slot);
}

static rf_code check_marks(const struct replay *r, size_t number, rf_error *error)
{
    const uint32_t input = r->following.sources[number].number;
    for (size_t i = 0; i < CHECKPOINT_MARKS; i++) {
        const struct checkpoint_mark mark = r->found.streams[number].marks[i];
        const rf_position applied = rf_replay_applied(r->engine, input, mark.slot);
        if (mark.offset > 0 && rf_position_before(applied, (rf_position){input, mark.offset}))
            return fail(error, RF_E_TARGET,
                        "the target has lost writes that it had acknowledged: the command at offset %" PRIu64
                        " of the stream, in slot %u, and perhaps others: empty the target, remove the "
                        "checkpoint '%.128s', and start again",
                        mark.offset - 1, mark.slot, r->found.path);
    }
    return RF_OK;
}

rf_code following_check_target(const struct replay *r, rf_error *error)
{
    for (size_t i = 0; i < r->found.stream_count; i++)
        TRY(check_marks(r, i, error));
    return RF_OK;
}

/* --- positions ----------------------------------------------------------------------------------------- */

/* The keys of the snapshots are written before the first command, and are not written again. */
static rf_code enter_streams(struct replay *r, rf_error *error)
{
    struct following *f = &r->following;
    char offsets[FOLLOWING_OFFSETS];
    TRY(rf_replay_finish(r->engine, error));
    if (following_restarts(r))
        TRY(replay_leftovers_delete(r, error));
    for (size_t i = 0; i < f->count; i++)
        TRY(followed_enter(&f->sources[i], error));
    f->in_stream = true;
    f->phase = FOLLOWING_CATCHING_UP;
    following_format_offsets(f, offsets, sizeof offsets);
    if (!is_continued(r))
        message_note("snapshot written, up to %s of the source; catching up", offsets);
    return replay_keep(r, error);
}

static void measure_lag(struct replay *r)
{
    struct following *f = &r->following;
    f->lag = (struct following_lag){0};
    for (size_t i = 0; i < f->count; i++) {
        struct followed *source = &f->sources[i];
        followed_measure(source, r->engine);
        f->lag.bytes += source->lag.bytes;
        f->lag.ms = source->lag.ms > f->lag.ms ? source->lag.ms : f->lag.ms;
    }
}

/* --- slots --------------------------------------------------------------------------------------------- */

rf_code following_check_sources(const struct following *f, rf_error *error)
{
    for (size_t i = 0; i < f->count; i++)
        TRY(rf_follow_check(f->sources[i].follow, error));
    return RF_OK;
}

/* One source at a time: an answer may take its time. */
static rf_code check_next_slots(struct following *f, int64_t now, rf_error *error)
{
    rf_error why;
    if (now < f->slots_ms)
        return RF_OK;
    rf_code code = rf_follow_check(f->sources[f->slots_source].follow, &why);
    int64_t took = clock_monotonic_ms() - now, pause = SLOTS_MS / (int64_t)f->count;
    f->slots_ms = now + took + (pause > SLOTS_SHARE * took ? pause : SLOTS_SHARE * took);
    f->slots_source = (f->slots_source + 1) % f->count;
    if (code == RF_OK || code == RF_E_UNAVAILABLE)
        return RF_OK;
    *error = why;
    return code;
}

/* --- phases -------------------------------------------------------------------------------------------- */

static void format_lag(const struct following_lag *lag, char *out, size_t size)
{
    char bytes[SIZE_TEXT];
    snprintf(out, size, "%s, %.1f s", text_size(lag->bytes, bytes), (double)lag->ms / 1000);
}

static bool is_connected(const struct following *f)
{
    for (size_t i = 0; i < f->count; i++)
        if (!rf_follow_is_connected(f->sources[i].follow))
            return false;
    return true;
}

static void note_phase(struct following *f, int64_t now)
{
    char lag[64], offsets[FOLLOWING_OFFSETS];
    if (!is_connected(f) || f->linked_ms == 0)
        f->linked_ms = now;
    /* what was written while there was no link has just arrived */
    bool is_in_step = f->lag.ms < IN_STEP_MS && now - f->linked_ms >= IN_STEP_MS;
    format_lag(&f->lag, lag, sizeof lag);
    if (is_in_step && f->phase != FOLLOWING_IN_STEP) {
        f->phase = FOLLOWING_IN_STEP;
        f->in_step_ms = now;
        following_format_offsets(f, offsets, sizeof offsets);
        if (!f->was_in_step)
            message_note("in step with the source at %s", offsets);
        f->was_in_step = true;
    } else if (!is_in_step && f->phase == FOLLOWING_IN_STEP) {
        f->phase = FOLLOWING_CATCHING_UP;
    }
    if (f->was_in_step && f->lag.ms > BEHIND_MS) {
        message_note("behind the source by %s", lag);
        f->was_in_step = false;
    }
}

static void ask_exit_offset(struct followed *source)
{
    const uint64_t received = rf_follow_received(source->follow);
    rf_error why;
    if (source->exit_offset > 0)
        return;
    if (rf_follow_ask_offset(source->follow, &source->exit_offset, &why) != RF_OK ||
        source->exit_offset < received)
        source->exit_offset = received;
}

/* Once it is time to end, what the source has by then is still written. RF_END: that is done. */
static rf_code check_end(struct replay *r, int64_t now, rf_error *error)
{
    struct following *f = &r->following;
    const int64_t exit_ms = r->options->exit_when_in_step_ms;
    const bool is_time = f->phase == FOLLOWING_IN_STEP && now - f->in_step_ms >= exit_ms;
    bool done = true;
    rf_error why;
    for (size_t i = 0; i < f->count && exit_ms > 0; i++) {
        struct followed *source = &f->sources[i];
        if (is_time)
            ask_exit_offset(source);
        else
            source->exit_offset = 0;
        done &= source->done >= source->exit_offset;
    }
    if (exit_ms == 0 || !is_time || !done)
        return RF_OK;
    rf_code code = following_check_sources(f, &why);
    if (code == RF_OK || code == RF_E_UNAVAILABLE) /* then another time */
        return code == RF_OK ? RF_END : RF_OK;
    *error = why;
    return code;
}

static rf_code check(struct replay *r, int64_t now, rf_error *error)
{
    struct following *f = &r->following;
    f->checked_ms = now;
    measure_lag(r);
    note_phase(f, now);
    TRY(check_next_slots(f, now, error));
    TRY(check_end(r, now, error));
    return cutover_turn(r, now, error);
}

rf_code following_enter(struct replay *r, const struct cursor *cursor, rf_error *error)
{
    const bool is_stream = cursor->input && cursor->input->is_stream;
    return is_stream && !r->following.in_stream ? enter_streams(r, error) : RF_OK;
}

/* Nothing can be read now. What to wait for is *descriptor: other streams wait for the end of a transaction.
 */
static bool is_idle(const struct following *f, const struct followed *source, int *descriptor)
{
    const bool in_transaction = source->stream->at.in_transaction;
    *descriptor = in_transaction ? rf_follow_descriptor(source->follow) : f->epoll;
    for (size_t i = 0; i < f->count && !in_transaction; i++)
        if (!followed_is_idle(&f->sources[i]))
            return false;
    return followed_is_idle(source);
}

rf_code following_turn(struct replay *r, struct cursor *cursor, rf_error *error)
{
    struct following *f = &r->following;
    int descriptor;
    if (!cursor->input || !cursor->input->is_stream || cursor_is_within_command(cursor))
        return RF_OK; /* of what results nothing may be read, or compared, before it is written */
    struct followed *source = &f->sources[cursor->number - following_first_stream(f)];
    TRY(followed_note(source, followed_is_idle(source), error));
    const bool idle = is_idle(f, source, &descriptor);
    if (idle)
        TRY(rf_replay_wait(r->engine, descriptor, WAIT_MS, error));
    if (!idle && ++f->turns % TURNS != 0)
        return RF_OK;
    int64_t now = clock_monotonic_ms();
    return now - f->checked_ms >= CHECK_MS ? check(r, now, error) : RF_OK;
}

rf_code following_ended(struct replay *r, rf_code code, rf_error *error)
{
    struct following *f = &r->following;
    stop_heed();
    cutover_end(r);
    f->stopped_in_step = f->begun && r->state.stopped && f->phase == FOLLOWING_IN_STEP;
    if (!following_completes(r))
        return code;
    r->state.stopped = false;
    TRY(following_check_sources(f, error));
    return RF_END;
}

rf_code following_finished(struct replay *r, rf_error *error)
{
    struct following *f = &r->following;
    if (!f->in_stream)
        return RF_OK;
    for (size_t i = 0; i < f->count; i++)
        TRY(followed_note(&f->sources[i], true, error));
    measure_lag(r);
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

void following_format_source(const struct replay *r, char *out, size_t size)
{
    if (r->following.count > 1)
        snprintf(out, size, "%zu servers", r->following.count);
    else
        snprintf(out, size, "%s", input_name(&r->session.inputs[0]));
}

void following_format_offsets(const struct following *f, char *out, size_t size)
{
    size_t length = (size_t)snprintf(out, size, "offset%s ", text_plural(f->count));
    for (size_t i = 0; i < f->count && length < size; i++)
        length += (size_t)snprintf(out + length, size - length, "%s%" PRIu64, i ? ", " : "",
                                   f->sources[i].done);
    if (length >= size)
        memcpy(out + size - 4, "...", 4);
}

static void report_source(struct json *json, const struct followed *source)
{
    char id[41] = "";
    json_object(json, NULL);
    json_string(json, "source", input_name(source->stream));
    if (source->follow)
        rf_follow_id(source->follow, id);
    json_string(json, "stream", source->follow ? id : NULL);
    json_number(json, "offset", source->done);
    json_number(json, "lag_bytes", source->lag.bytes);
    json_number(json, "lag_ms", (uint64_t)source->lag.ms);
    if (source->paused.offset > 0)
        json_number(json, "paused_offset", source->paused.offset);
    json_end_object(json);
}

void following_report(struct json *json, const struct replay *r)
{
    const struct following *f = &r->following;
    json_object(json, "follow");
    json_string(json, "phase", phases[f->phase]);
    json_number(json, "lag_bytes", f->lag.bytes);
    json_number(json, "lag_ms", (uint64_t)f->lag.ms);
    json_array(json, "sources");
    for (size_t i = 0; i < f->count; i++)
        report_source(json, &f->sources[i]);
    json_end_array(json);
    if (r->options->cutover_ms > 0)
        cutover_report(json, r);
    json_end_object(json);
}

void following_free(struct following *f)
{
    for (size_t i = 0; f->sources && i < f->count; i++)
        followed_free(&f->sources[i]);
    if (f->count > 0 && f->epoll >= 0)
        close(f->epoll);
    cutover_compare_free(&f->cutover.compare);
    free(f->sources);
}
