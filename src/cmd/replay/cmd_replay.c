/* SPDX-License-Identifier: MIT */
/* `rdbferry replay`: loads data into a live target. */
#include "base/clock.h"
#include "base/fail.h"
#include "cmd/command.h"
#include "cmd/preflight/replay_preflight.h"
#include "cmd/replay/replay.h"
#include "cmd/replay/steady_pass.h"
#include "cmd/replay/unsplittable.h"
#include "cmd/run/evaluate.h"
#include "cmd/run/explain_key.h"
#include "cmd/run/report.h"
#include "cmd/term/message.h"
#include "cmd/term/terminal.h"
#include <stdio.h>

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

/* --- the run ------------------------------------------------------------------------------------------ */

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
    rf_code ended, code = replay_open_target(r, error);
    if (code == RF_OK)
        code = replay_survey(r, error);
    if (code == RF_OK)
        code = replay_find_deletions(r, error);
    if (code == RF_OK)
        code = following_begin(r, error);
    if (code != RF_OK)
        return unless_stopped(r, code);
    r->ticks.second_ms = clock_monotonic_ms();
    r->state.writing = true;
    code = following_try_again(r, finish(r, put_inputs(r, error), error), error);
    if (code == RF_OK && !r->state.stopped)
        code = replay_delete(r, error);
    if (code == RF_OK && !r->state.stopped && r->checkpoint.shifted)
        code = correct_expiries(r, error);
    if (code == RF_OK && !r->state.stopped)
        code = rf_replay_check_import_mode(r->engine, error);
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
    rf_code code = replay_open_target(r, error);
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
    r->target.wait.tick = replay_wait_tick;
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
