/* SPDX-License-Identifier: MIT */
/* A run that was stopped in its snapshots, and is resumed, or whose source has ended them: which target
 * another one may be written over. */
#include "base/clock.h"
#include "base/fail.h"
#include "cmd/replay/replay.h"
#include "cmd/term/message.h"
#include "cmd/term/text.h"
#include <inttypes.h>
#include <rdbferry/snapshot.h>
#include <stdio.h>
#include <string.h>

enum { FIRST_PAUSE_MS = 50, DOUBLED = 4, NO_DESCRIPTOR = -1 };

bool following_restarts(const struct replay *r)
{
    return r->options->follow && (r->found.inputs || r->attempts->written) && r->found.stream_count == 0;
}

/* The earlier run may have followed more nodes, each of which is two inputs. */
uint32_t following_streams(const struct replay *r)
{
    const size_t before = following_restarts(r) ? r->found.input_count / 2 : 0, now = r->following.count;
    const size_t streams = before > now ? before : now;
    return streams > 1 ? (uint32_t)streams : 0;
}

bool following_can_replace(const struct replay *r)
{
    const struct key_options *keys = &r->options->common.keys;
    return r->options->on_exists == RF_ON_EXISTS_FAIL && rf_rewrite_can_cover(keys->rewrite, keys->filter);
}

static const char *why_not(const struct replay *r)
{
    return r->options->on_exists == RF_ON_EXISTS_FAIL ? "if names are both filtered and rewritten"
                                                      : "with --on-exists skip or replace";
}

/* --- another run --------------------------------------------------------------------------------------- */

static rf_code check_restart(const struct replay *r, rf_error *error)
{
    if (following_can_replace(r))
        return RF_OK;
    return fail(
        error, RF_E_ARGUMENT,
        "the run of the checkpoint '%.128s' needs another snapshot, which cannot be written over what "
        "is there %s: empty the target, remove the checkpoint, and start again",
        r->found.path, why_not(r));
}

rf_code following_recognize(const struct replay *r, uint64_t keys, rf_error *error)
{
    if (!following_restarts(r) || !r->found.inputs)
        return RF_OK;
    TRY(check_restart(r, error));
    if (keys == 0 || rf_replay_is_marked(r->engine))
        return RF_OK;
    return fail(error, RF_E_TARGET,
                "the target has %" PRIu64 " key%s, and none by which the run of the checkpoint '%.128s' "
                "recognizes it: empty it, remove the checkpoint, and start again",
                keys, text_plural(keys), r->found.path);
}

rf_code following_pause(struct replay *r, rf_error *error)
{
    const unsigned failed = r->attempts->failed;
    const int ms = FIRST_PAUSE_MS << (failed < DOUBLED ? failed : DOUBLED);
    return failed == 0 ? RF_OK : rf_replay_wait(r->engine, NO_DESCRIPTOR, ms, error);
}

/* The checkpoint is there before the marks are, so that a run that is killed leaves none that are unknown. By
 * its marks another run that begins sees that the target is not empty, also before the first key is written.
 */
rf_code following_begin_snapshots(struct replay *r, rf_error *error)
{
    const bool was_empty = r->options->on_exists == RF_ON_EXISTS_FAIL;
    if (following_restarts(r))
        TRY(replay_leftovers_begin(r, error));
    if (r->found.stream_count > 0 || !was_empty)
        return RF_OK;
    if (r->options->checkpoint)
        TRY(replay_begin_snapshot(r, error));
    return rf_replay_mark_target(r->engine, error);
}

void following_unmark(struct replay *r)
{
    rf_error ignored;
    const bool are_alone = r->attempts->again || r->counts.put == 0;
    if (r->options->follow && !r->options->checkpoint && are_alone)
        rf_replay_remove_positions(r->engine, &ignored);
}

/* --- another attempt ----------------------------------------------------------------------------------- */

bool following_needs_snapshot(const struct replay *r)
{
    const struct following *f = &r->following;
    for (size_t i = 0; f->begun && i < f->count; i++)
        if (rf_follow_needs_snapshot(f->sources[i].follow))
            return true;
    return f->cutover.corrected || (r->engine && rf_replay_has_lost_import_mode(r->engine));
}

static rf_code give_up(rf_error *error, const char *why)
{
    const size_t length = strlen(error->message);
    snprintf(error->message + length, sizeof error->message - length, "; %s", why);
    return error->code;
}

/* Whether this one came further than those before it. */
static bool has_progressed(struct replay *r)
{
    struct following_attempts *attempts = r->attempts;
    if (attempts->failed > 0 &&
        (r->counts.put == 0 || !rf_position_before(attempts->furthest, r->position.last)))
        return false;
    attempts->furthest = r->position.last;
    attempts->since_ms = clock_monotonic_ms();
    return true;
}

rf_code following_try_again(struct replay *r, rf_code code, rf_error *error)
{
    struct following_attempts *attempts = r->attempts;
    char why[96];
    if (code != RF_E_READ || r->following.in_stream || !following_needs_snapshot(r))
        return code;
    const int64_t retry_for_ms = rf_files_source(&r->options->common.inputs, 0)->wait.retry_for_ms;
    error->code = RF_E_UNAVAILABLE;
    attempts->written |= r->counts.put > 0;
    if (r->state.stopped || !r->state.finished)
        return error->code;
    if (attempts->written && !following_can_replace(r)) {
        snprintf(why, sizeof why, "another one cannot be written over what is there %s", why_not(r));
        return give_up(error, why);
    }
    if (!has_progressed(r) && clock_monotonic_ms() - attempts->since_ms >= retry_for_ms) {
        snprintf(why, sizeof why, "gave up after %g s", (double)retry_for_ms / 1000);
        return give_up(error, why);
    }
    attempts->again = true;
    attempts->failed++;
    message_warning("%s; another snapshot is asked for", error->message);
    return error->code;
}
