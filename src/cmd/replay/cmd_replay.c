/* SPDX-License-Identifier: MIT */
/* `rdbferry replay`: loads data into a live target. */
#include "base/fail.h"
#include "cmd/command.h"
#include "cmd/preflight/replay_preflight.h"
#include "cmd/replay/replay.h"
#include "cmd/replay/steady_pass.h"
#include "cmd/replay/stream_flush.h"
#include "cmd/replay/unsplittable.h"
#include "cmd/run/evaluate.h"
#include "cmd/run/explain_key.h"
#include "cmd/run/report.h"
#include "cmd/term/message.h"
#include "cmd/term/terminal.h"
#include "cmd/term/text.h"
#include <errno.h>
#include <inttypes.h>
#include <rdbferry/command.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

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

static int64_t clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The error that stops the reading; it does not count as an error of the run. */
static rf_code stop(struct replay *r, rf_error *error)
{
    r->state.stopped = true;
    return fail(error, RF_E_WRITE, "stopped by a signal");
}

/* A signal also ends the wait for a source, or the process that writes to a pipe. */
static void note_stop(struct replay *r, rf_code code)
{
    r->state.stopped |= rf_code_is_input(code) && stop_signal() != 0;
}

/* The code of what a signal has not ended. */
static rf_code unless_stopped(struct replay *r, rf_code code)
{
    note_stop(r, code);
    return r->state.stopped ? RF_OK : code;
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
    int64_t now = clock_ms();
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

/* While the target is waited for, nothing is in flight. */
static rf_code wait_tick(void *ctx, rf_error *error)
{
    struct replay *r = ctx;
    return stop_signal() != 0 ? stop(r, error) : replay_engine_tick(r, error);
}

/* --- entries ------------------------------------------------------------------------------------------ */

static rf_code put(struct replay *r, const struct cursor *cursor, rf_entry *entry, rf_error *error)
{
    rf_position position = {(uint32_t)cursor->number, entry->offset};
    bool command = entry->kind == RF_ENTRY_COMMAND;
    if (command && !r->collisions.can_rescan && !r->state.warned && !r->options->follow) {
        message_warning(
            "the AOF commands of a pipe are not checked for keys that expire before later commands "
            "use them: the target deletes such keys in between");
        r->state.warned = true;
    }
    TRY(replay_reserve(r, position, command, error));
    if (command) {
        cutover_compare_note(r, entry, cursor->commands != NULL);
        following_put(&r->following, entry, position.input);
    }
    r->counts.put++;
    r->counts.put_keys += entry->kind == RF_ENTRY_KEY;
    r->position.last = position;
    return rf_replay_put(r->engine, position.input, entry, error);
}

static bool is_for_target(struct replay *r, const rf_entry *entry)
{
    if (entry->kind == RF_ENTRY_MODULE_AUX)
        session_notice(&r->session, RF_NOTICE_DROPPED, entry, "module data stored outside of keys");
    return entry->kind != RF_ENTRY_AUX && entry->kind != RF_ENTRY_KEY_COUNTS &&
           entry->kind != RF_ENTRY_MODULE_AUX;
}

/* Puts an entry, unless it is left out or an earlier run is done with it. */
static rf_code put_entry(struct replay *r, const struct cursor *cursor, rf_entry *entry, rf_error *error)
{
    bool leave_out = false;
    if (cursor->number >= r->position.entered)
        TRY(replay_enter(r, cursor->number, error));
    if (!is_for_target(r, entry))
        return RF_OK;
    TRY(replay_check(r, entry, error));
    if (following_restarts(r))
        TRY(replay_leftovers_note(r, entry, error));
    TRY(collisions_note(&r->collisions, cursor->input, entry, &leave_out, error));
    bool is_unchanged = r->options->since && since_is_unchanged(&r->since, entry);
    if (leave_out)
        return RF_OK;
    if (is_unchanged) {
        r->counts.unchanged += entry->kind == RF_ENTRY_KEY;
        return RF_OK;
    }
    bool sorted_out = entry->kind == RF_ENTRY_COMMAND &&
                      r->checkpoint.commands == COMMANDS_ONCE; /* by the engine */
    if (sorted_out ||
        !rf_position_before((rf_position){(uint32_t)cursor->number, entry->offset}, r->position.start))
        return put(r, cursor, entry, error);
    r->counts.resumed_keys += entry->kind == RF_ENTRY_KEY;
    return RF_OK;
}

/* --- the run ------------------------------------------------------------------------------------------ */

static rf_code open_target(struct replay *r, rf_error *error)
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

/* A position that the input does not reach belongs to another input. */
static rf_code check_start(const struct replay *r, size_t input, rf_error *error)
{
    const struct input *in = &r->session.inputs[input];
    if (input != r->position.start.input || in->decoded >= r->position.start.offset || in->is_stream)
        return RF_OK;
    return fail(error, RF_E_ARGUMENT, "the position in the checkpoint '%.128s' is after the end of '%.128s'",
                r->checkpoint.path, input_name(in));
}

static rf_code put_inputs(struct replay *r, rf_error *error)
{
    struct cursor cursor;
    rf_entry *entry;
    rf_code code = RF_OK;
    r->session.read.accepts_foreign = true;
    cursor_open(&cursor, &r->session, following_first_input(r), r->session.input_count);
    while (code == RF_OK && (code = replay_tick(r, error)) == RF_OK &&
           (code = cursor_next(&cursor, &entry, error)) == RF_OK) {
        code = following_enter(r, &cursor, error);
        if (code == RF_OK && entry)
            code = put_entry(r, &cursor, entry, error);
        else if (code == RF_OK && !cursor.input) /* the end of an input */
            code = check_start(r, cursor.number, error);
        if (code == RF_OK)
            code = following_turn(r, &cursor, error);
    }
    note_stop(r, code);
    code = cursor_close(&cursor, following_ended(r, code, error), error);
    if (code == RF_OK)
        code = check_start(r, cursor.number, error);
    if (code == RF_OK)
        code = collisions_end(&r->collisions, error);
    return unless_stopped(r, code);
}

/* Waits for everything that has been put, even after an error. */
static rf_code finish(struct replay *r, rf_code code, rf_error *error)
{
    rf_error second;
    rf_code finished = rf_replay_finish(r->engine, code == RF_OK ? error : &second);
    r->state.finished = finished == RF_OK;
    if (finished == RF_OK)
        finished = following_finished(r, code == RF_OK ? error : &second);
    if (r->state.cut)
        finished = RF_OK;
    return code == RF_OK ? finished : code;
}

rf_code replay_verify_inputs(struct replay *r, size_t first, size_t end, rf_difference_fn differ,
                             rf_error *error)
{
    struct cursor cursor;
    rf_entry *entry;
    rf_code code = RF_OK;
    r->verification = (struct replay_verification){
        .options = r->options,
        .target = &r->target,
        .session = &r->session,
        .skipped = &r->skipped_keys,
        .failed = &r->failed_keys,
        .skipped_before = r->found.skipped,
        .failed_before = r->found.failed,
        .out = is_dash(r->options->common.report) ? stderr : stdout,
        .shifted = differ && r->checkpoint.shifted,
        .differ = differ,
        .ctx = r,
    };
    TRY(replay_verify_begin(&r->verification, error));
    collisions_rewind(&r->collisions);
    cursor_open_rescan_of(&cursor, &r->session, first, end, "verifying");
    progress_waits_for(&r->session.progress, "waiting for the target");
    while (code == RF_OK && (code = replay_tick(r, error)) == RF_OK &&
           (code = cursor_next(&cursor, &entry, error)) == RF_OK)
        if (entry && !collisions_left_out(&r->collisions, entry))
            code = replay_verify_entry(&r->verification, cursor.number, entry, error);
    TRY(cursor_close(&cursor, code, error));
    return replay_verify_end(&r->verification, error);
}

/* A run that does not get the lock does not write metrics: they belong to the run that holds it. */
static rf_code begin(struct replay *r, rf_error *error)
{
    const struct replay_options *options = r->options;
    TRY(replay_lock(r, error));
    r->metrics = (struct metrics){.path = options->metrics_file,
                                  .target = options->target_name,
                                  .following = &r->following,
                                  .resumed = &r->counts.resumed_keys,
                                  .collided = &r->collisions.dropped_keys,
                                  .unchanged = &r->counts.unchanged};
    TRY(metrics_begin(&r->metrics, &r->session, error));
    return replay_begin(r, error);
}

/* A source cannot be followed on then: its checkpoint says so before. */
static rf_code correct_expiries(struct replay *r, rf_error *error)
{
    r->following.cutover.corrected = r->options->follow;
    if (r->options->follow)
        TRY(replay_keep(r, error));
    return steady_unshift(r, NULL, error);
}

static rf_code write_inputs(struct replay *r, rf_error *error)
{
    rf_error second;
    rf_code ended, code = open_target(r, error);
    if (code == RF_OK)
        code = replay_survey(r, error);
    if (code == RF_OK)
        code = replay_find_deletions(r, error);
    if (code == RF_OK)
        code = following_begin(r, error);
    if (code != RF_OK)
        return unless_stopped(r, code);
    r->ticks.second_ms = clock_ms();
    r->state.writing = true;
    code = following_try_again(r, finish(r, put_inputs(r, error), error), error);
    if (code == RF_OK && !r->state.stopped)
        code = replay_delete(r, error);
    if (code == RF_OK && !r->state.stopped && r->checkpoint.shifted)
        code = correct_expiries(r, error);
    if (code == RF_OK && !r->state.stopped)
        code = rf_replay_check_import_mode(r->engine, error);
    if (code == RF_OK && !r->state.stopped && !r->following.cutover.complete)
        code = rf_replay_check_positions(r->engine, error);
    r->state.writing = false;
    if (code == RF_OK)
        code = log_repair_save(&r->session, NULL, error);
    bool good = code == RF_OK && !r->state.stopped;
    if (!good && r->checkpoint.shifted && !r->attempts->again)
        message_warning(
            "expiries on the target are 317 years late until the run has been resumed and is complete");
    ended = replay_end(r, good, code == RF_OK ? error : &second);
    if (!good)
        following_unmark(r);
    if (good && ended == RF_OK && r->checkpoint.commands == COMMANDS_ONCE)
        ended = replay_remove_positions(r, error);
    return code == RF_OK ? ended : code;
}

/* Of a complete run that was ended before it had removed them. */
static rf_code remove_left_positions(struct replay *r, rf_error *error)
{
    if (r->checkpoint.commands != COMMANDS_ONCE)
        return RF_OK;
    rf_code code = open_target(r, error);
    if (code == RF_OK)
        code = rf_replay_begin_commands(r->engine, error);
    if (code == RF_OK)
        code = replay_remove_positions(r, error);
    return r->state.stopped ? RF_OK : code;
}

/* What an earlier run has written is only verified. */
static rf_code replay(struct replay *r, rf_error *error)
{
    stop_await();
    TRY(begin(r, error));
    bool done = replay_is_done(r);
    TRY(done ? remove_left_positions(r, error) : write_inputs(r, error));
    if (r->state.stopped || !r->options->verify)
        return RF_OK;
    rf_code code = done ? replay_scan(r, false, false, error) : RF_OK;
    if (code == RF_OK)
        code = replay_verify_inputs(r, 0, r->session.input_count, NULL, error);
    return r->state.stopped ? RF_OK : code;
}

/* --- the command --------------------------------------------------------------------------------------- */

static void write_report(const struct replay *r, const rf_error *error, enum status status)
{
    const struct report_part part = {replay_report, r};
    const char *ended = status == STATUS_NO                 ? "failed"
                        : status == STATUS_OUTPUT && !error ? "incomplete"
                                                            : NULL;
    report_write(&(const struct report){.command = "replay",
                                        .session = &r->session,
                                        .result = r->state.stopped && !error ? "stopped" : ended,
                                        .error = error,
                                        .part = &part},
                 r->options->common.report);
}

static enum status exit_status(const struct replay *r, rf_code code)
{
    if (code != RF_OK)
        return status_of(code);
    if (r->state.stopped && !r->following.stopped_in_step)
        return (enum status)(STATUS_SIGNAL + stop_signal());
    if (r->failures.count + r->found.failed > 0)
        return STATUS_OUTPUT;
    return r->verification.complete && replay_verify_unaccounted(&r->verification) > 0 ? STATUS_NO
                                                                                       : STATUS_DONE;
}

static enum status run(struct replay *r)
{
    rf_error error;
    r->target.wait.tick = wait_tick;
    r->target.wait.ctx = r;
    r->session.read.resume = true; /* damaged values are failures; the run continues */
    r->session.read.pauses = true; /* for replay_tick() */
    r->session.read.rewrites_commands = true;
    unsplittable_begin(r);
    session_begin(&r->session);
    rf_code code = replay(r, &error);
    session_end(&r->session);
    r->attempts->again &= stop_signal() == 0;
    enum status status = exit_status(r, code);
    if (r->attempts->again)
        return status;
    notices_summarize(&r->session.notices);
    collisions_summarize(&r->collisions);
    failures_summarize(&r->failures);
    replay_print(r, code == RF_OK ? NULL : &error);
    write_report(r, code == RF_OK ? NULL : &error, status);
    status = (enum status)stdout_flush((int)status);
    metrics_end(&r->metrics, r->engine, &r->session, status);
    return status;
}

static int attempt(const struct replay_options *options, struct following_attempts *attempts)
{
    struct replay r = {.options = options, .target = options->target, .attempts = attempts};
    enum status status = STATUS_OUTPUT;
    bool opened = session_open(&r.session, &options->common);
    r.session.input_count = replay_own_inputs(options);
    if (opened && options->follow)
        opened = following_add_inputs(&r);
    if (opened &&
        collisions_open(&r.collisions, &r.session, (enum collision_policy)options->written.on_collision,
                        options->written.memory, false)) {
        r.session.read.rescans = options->verify || replay_options_deletes(options);
        status = run(&r);
    }
    replay_deletions_free(&r);
    replay_verify_free(&r.verification);
    rf_replay_close(r.engine);
    dead_letter_close(&r.dead_letter);
    failures_free(&r.failures);
    key_set_free(&r.skipped_keys);
    key_set_free(&r.failed_keys);
    checkpoint_free(&r.checkpoint);
    checkpoint_free(&r.found);
    collisions_close(&r.collisions);
    rf_passed_expiries_free(r.passed);
    following_free(&r.following);
    session_close(&r.session);
    return (int)status;
}

static int replay_command(const struct replay_options *options)
{
    struct following_attempts attempts = {0};
    int status = STATUS_OUTPUT;
    do {
        attempts.again = false;
        status = attempt(options, &attempts);
    } while (attempts.again);
    return status;
}

int replay_run(int argc, char **argv)
{
    struct replay_options options;
    int status;
    bool proceeds = replay_options_read(argc, argv, &options, &status);
    if (proceeds && options.written.explain_key)
        status = explain_key(&options.common.keys, &options.written, NULL);
    else if (proceeds && evaluate_inputs_first(&options.common, &status))
        status = options.dry_run ? replay_preflight(&options) : replay_command(&options);
    replay_options_free(&options);
    return status;
}
