/* SPDX-License-Identifier: MIT */
/* The target of a run: opening it, what the engine reports while it writes, and what is done at times
 * meanwhile. */
#include "base/clock.h"
#include "base/fail.h"
#include "cmd/replay/replay.h"
#include "cmd/replay/stream_flush.h"
#include "cmd/term/message.h"
#include "cmd/term/text.h"
#include <inttypes.h>
#include <rdbferry/command.h>
#include <stdio.h>
#include <string.h>

enum {
    TICK_MS = 100,
    SECOND_MS = 1000,
    DRAIN_MS = 2000,        /* after a signal, for requests in flight */
    CLOCK_CHECK_EVERY = 64, /* between two reads of the clock */
};

/* --- callbacks of the engine --------------------------------------------------------------------------- */

struct failed_command {
    struct replay *replay;
    int64_t db;
};

static bool add_failed_key(void *ctx, rf_slice key)
{
    const struct failed_command *failed = ctx;
    key_set_add(&failed->replay->failed_keys, failed->db, key);
    return true;
}

void replay_note_failure(struct replay *r, const rf_failure *failed)
{
    const rf_entry command = {
        .kind = RF_ENTRY_COMMAND, .db = failed->db, .argv = failed->argv, .argc = failed->argc};
    failures_add(&r->failures, &r->session, failed, r->options->checkpoint != NULL);
    if (!replay_options_compare(r->options) || failed->kind == RF_FAILURE_UNSPLITTABLE)
        return;
    if (!failed->is_command)
        key_set_add(&r->failed_keys, failed->db, failed->key);
    else if (failed->argc > 0)
        rf_command_each_key(&command, add_failed_key, &(struct failed_command){r, failed->db});
}

static void note_failure(void *ctx, const rf_failure *failed)
{
    replay_note_failure(ctx, failed);
}

static void note_skipped(void *ctx, int64_t db, rf_slice key)
{
    struct replay *r = ctx;
    key_set_add(&r->skipped_keys, db, key);
}

static rf_code put_dead_letter(void *ctx, rf_slice bytes)
{
    struct replay *r = ctx;
    dead_letter_put(&r->dead_letter, bytes);
    return r->dead_letter.error == 0 ? RF_OK : RF_E_WRITE;
}

static void log_event(void *ctx, rf_log_level level, const char *text)
{
    const struct replay *r = ctx;
    if (!r->state.cut)
        (level == RF_LOG_NOTE ? message_note : message_warning)("%s", text);
}

/* Bytes of the input files before the oldest entry in flight; about, if they are compressed. */
static uint64_t bytes_acked(const struct replay *r)
{
    const rf_position acked = rf_replay_acked(r->engine);
    const struct input *input = &r->session.inputs[acked.input];
    uint64_t before = 0, decoded = input->decoded, file = input->read;
    if (r->counts.put == 0 || rf_position_before(r->position.last, acked))
        return PROGRESS_READ; /* none is in flight */
    for (uint32_t i = 0; i < acked.input; i++)
        before += r->session.inputs[i].read;
    if (input->reader)
        rf_reader_position(input->reader, &decoded, &file);
    double share = decoded > acked.offset ? (double)acked.offset / (double)decoded : 1;
    return before + (uint64_t)((double)file * share);
}

/* What it waits for, if nothing moves. */
static void note_wait(struct replay *r)
{
    char text[sizeof r->session.progress.waits_for] = "waiting for the target";
    const rf_replay_counts counts = rf_replay_counts_get(r->engine);
    rf_replay_node node;
    atomic_store(&r->session.progress.acked, bytes_acked(r));
    atomic_store(&r->session.progress.activity,
                 counts.bytes + counts.written + counts.skipped + counts.failed + counts.commands);
    if (!r->collisions.can_rescan) /* a pipe */
        snprintf(text, sizeof text, "waiting for the input or the target");
    for (size_t i = 0; rf_replay_node_get(r->engine, i, &node); i++)
        if (node.connections == 0)
            snprintf(text, sizeof text, "waiting for %s",
                     strcmp(r->info.kind, "standalone") == 0 ? node.name : "a primary");
    progress_waits_for(&r->session.progress, text);
}

/* "3 failed  10.0.0.5:6379 34%  10.0.0.6:6379 66%" */
static void note_progress(struct replay *r)
{
    char note[sizeof r->session.progress.note] = "";
    size_t length = 0;
    rf_replay_node node;
    uint64_t bytes = 0;
    if (r->following.begun)
        following_format(&r->following, note, sizeof note);
    length = strlen(note);
    if (r->failures.count > 0)
        length += (size_t)snprintf(note + length, sizeof note - length, "%s%" PRIu64 " failed",
                                   length ? "  " : "", r->failures.count);
    for (size_t i = 0; rf_replay_node_get(r->engine, i, &node); i++)
        bytes += node.bytes;
    for (size_t i = 0; r->info.nodes > 1 && bytes > 0 && rf_replay_node_get(r->engine, i, &node); i++) {
        if (length >= sizeof note)
            break;
        length += (size_t)snprintf(note + length, sizeof note - length, "%s%s %.0f%%", length ? "  " : "",
                                   node.name, text_percent(node.bytes, bytes));
    }
    progress_note(&r->session.progress, note);
}

/* --- ticks --------------------------------------------------------------------------------------------- */

/* The error that stops the reading; it does not count as an error of the run. */
static rf_code stop(struct replay *r, rf_error *error)
{
    r->state.stopped = true;
    return fail(error, RF_E_WRITE, "stopped by a signal");
}

/* AOF commands that are not in transactions are always waited for: it would be unknown which of those in
 * flight were executed. */
static bool is_overdue(struct replay *r, int64_t now)
{
    if (stop_signal() == 0 || r->checkpoint.commands == COMMANDS_PLAIN || following_completes(r))
        return false;
    if (r->ticks.stop_ms == 0)
        r->ticks.stop_ms = now;
    return now - r->ticks.stop_ms >= DRAIN_MS;
}

rf_code replay_engine_tick(void *ctx, rf_error *error)
{
    struct replay *r = ctx;
    int64_t now = clock_monotonic_ms();
    if (now - r->ticks.last_ms < TICK_MS)
        return RF_OK;
    r->ticks.last_ms = now;
    if (r->engine && r->state.writing) {
        note_progress(r);
        note_wait(r);
    }
    metrics_tick(&r->metrics, r->engine, &r->session);
    if (is_overdue(r, now)) {
        r->state.cut = true;
        return stop(r, error);
    }
    if (!r->state.writing || now - r->ticks.second_ms < SECOND_MS)
        return RF_OK;
    r->ticks.second_ms = now;
    return replay_keep(r, error);
}

rf_code replay_tick(struct replay *r, rf_error *error)
{
    if (stop_signal() != 0)
        return stop(r, error);
    return ++r->ticks.entries % CLOCK_CHECK_EVERY == 0 ? replay_engine_tick(r, error) : RF_OK;
}

rf_code replay_wait_tick(void *ctx, rf_error *error)
{
    struct replay *r = ctx;
    return stop_signal() != 0 ? stop(r, error) : replay_engine_tick(r, error);
}

/* --- opening ------------------------------------------------------------------------------------------- */

rf_code replay_open_target(struct replay *r, rf_error *error)
{
    const struct replay_options *options = r->options;
    const rf_replay_options engine = {
        .on_exists = following_restarts(r) ? RF_ON_EXISTS_REPLACE : (rf_on_exists)options->on_exists,
        .mode = (rf_replay_mode)options->mode,
        .fail_fast = options->fail_fast ||
                     (options->follow && !options->dead_letter && !options->skip_unsplittable),
        .drop_detail = options->drop_detail,
        .delete_absent = replay_options_deletes(options),
        .big_key = options->big_key,
        .connections = (unsigned)options->connections,
        .rate = options->rate,
        .retry_for_ms = r->target.wait.retry_for_ms,
        .run = r->checkpoint.run,
        .resumed = r->found.inputs != NULL,
        .written_until = r->position.inherited,
        .commands_until = r->found.commands == COMMANDS_ONCE ? r->position.start : (rf_position){0},
        .streams = following_streams(r),
        .first_stream = (uint32_t)following_first_stream(&r->following),
        .no_transactions = options->no_transactions,
        .notify = notices_listener(&r->session.notices),
        .failed = note_failure,
        .skipped = replay_options_compare(options) ? note_skipped : NULL,
        .flush_stream = stream_flush_is_exact(r) ? stream_flush : NULL,
        .dead_letter = options->dead_letter ? put_dead_letter : NULL,
        .on_log = log_event,
        .tick = replay_engine_tick,
        .ctx = r,
    };
    char server[32];
    TRY(rf_replay_open(&r->target, &engine, &r->engine, error));
    r->info = *rf_replay_info_get(r->engine);
    rf_server_format(r->info.server, server, sizeof server);
    message_detail("%s: %s, %s%s, %zu node%s", r->info.name, r->info.kind,
                   r->info.abilities.assumed ? "assumed to be " : "", server, r->info.nodes,
                   text_plural(r->info.nodes));
    return RF_OK;
}
