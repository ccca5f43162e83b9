/* SPDX-License-Identifier: MIT */
/* The cut-over: pausing the source, draining, comparing, and switching the clients. */
#include "cmd/replay/cutover.h"
#include "base/clock.h"
#include "base/fail.h"
#include "cmd/replay/replay.h"
#include "cmd/replay/steady_pass.h"
#include "cmd/run/signals.h"
#include "cmd/run/spawn.h"
#include "cmd/term/message.h"
#include "cmd/term/text.h"
#include <inttypes.h>
#include <rdbferry/snapshot.h>
#include <stdio.h>
#include <string.h>

enum {
    STEADY_MS = 1000, /* in step for so long before the pause */
    CAUGHT_UP_MS = 50,
    MARGIN = 10, /* this part of the pause is left for those who switch */
    SOURCE_TEXT = 512,
};

static int64_t pause_ms(const struct replay *r)
{
    return r->options->cutover_ms;
}

/* How long the pause lasts that can be relied on. */
static int64_t left_ms(const struct replay *r)
{
    return r->following.cutover.paused_ms + pause_ms(r) - pause_ms(r) / MARGIN - clock_monotonic_ms();
}

/* Again: the primary that a server has taken over from may not know it yet. */
static rf_code pause_one(struct followed *source, int64_t ms, rf_error *error)
{
    rf_follow_paused now;
    TRY(rf_follow_pause(source->follow, ms, &now, error));
    if (now.replicas < source->paused.replicas)
        return fail(error, RF_E_UNAVAILABLE, "a replica has left the source: it may have taken over");
    source->paused = now;
    return RF_OK;
}

static rf_code pause_all(struct following *f, int64_t ms, rf_error *error)
{
    for (size_t i = 0; i < f->count; i++)
        TRY(pause_one(&f->sources[i], ms, error));
    return RF_OK;
}

static rf_code unpause_all(const struct following *f, rf_error *error)
{
    rf_error second;
    rf_code code = RF_OK;
    for (size_t i = 0; i < f->count; i++) {
        rf_code one = rf_follow_unpause(f->sources[i].follow, code == RF_OK ? error : &second);
        code = code == RF_OK ? one : code;
    }
    return code;
}

static void warn_of_sentinels(const struct replay *r)
{
    char source[SOURCE_TEXT];
    following_format_source(r, source, sizeof source);
    message_warning(
        "Sentinels watch %s: they lose their connections to it while its writes are paused, and have "
        "another server take over after their down-after-milliseconds: give the source as "
        "redis+sentinel://, and a shorter --cutover",
        source);
}

rf_code cutover_begin(struct replay *r, rf_error *error)
{
    const struct following *f = &r->following;
    const bool by_sentinel = rf_files_source(&r->options->common.inputs, 0)->kind == RF_TARGET_SENTINEL;
    bool watched = false;
    cutover_compare_begin(r);
    for (size_t i = 0; i < f->count && r->options->cutover_ms > 0; i++) {
        rf_follow_paused permitted;
        TRY(rf_follow_pause(f->sources[i].follow, 0, &permitted, error));
        watched |= permitted.watched;
    }
    if (watched && !by_sentinel)
        warn_of_sentinels(r);
    return RF_OK;
}

/* --- the pause ----------------------------------------------------------------------------------------- */

static void unpause(struct replay *r)
{
    struct cutover *c = &r->following.cutover;
    char source[SOURCE_TEXT];
    rf_error why;
    c->paused_ms = 0;
    c->confirming = false;
    following_format_source(r, source, sizeof source);
    if (unpause_all(&r->following, &why) == RF_OK)
        message_warning("writes at %s go on", source);
    else
        message_warning("%s: the pause of the writes cannot be ended, and ends by itself: %s", source,
                        why.message);
}

/* What went wrong may have passed when the next run tries it. A target that deletes keys by itself cannot be
 * followed on: the source may still prolong them. */
static rf_code give_up(struct replay *r, rf_code code, const char *why, rf_error *error)
{
    TRY(stop_tick(NULL, error));
    if (r->following.cutover.corrected)
        return fail(error, code,
                    "cut-over: %.200s; as the expiries were corrected already, another snapshot is needed",
                    why);
    message_warning("cut-over: %s; the source is followed, but another attempt needs another run", why);
    unpause(r);
    return RF_OK;
}

static rf_code pause_source(struct replay *r, rf_error *error)
{
    struct following *f = &r->following;
    char source[SOURCE_TEXT];
    rf_error why;
    f->cutover.tried = true;
    f->cutover.paused_ms = clock_monotonic_ms();
    if (pause_all(f, pause_ms(r), &why) != RF_OK)
        return give_up(r, RF_E_TARGET, why.message, error);
    following_format_source(r, source, sizeof source);
    for (size_t i = 0; i < f->count; i++)
        rf_follow_id(f->sources[i].follow, f->sources[i].paused_id);
    message_note("cut-over: writes at %s are paused for up to %g s", source, (double)pause_ms(r) / 1000);
    return RF_OK;
}

/* A server that takes over, or is started again, continues the stream with another id. */
static rf_code check_ids(const struct following *f, rf_error *error)
{
    for (size_t i = 0; i < f->count; i++) {
        char id[sizeof f->sources[i].paused_id];
        rf_follow_id(f->sources[i].follow, id);
        if (strcmp(id, f->sources[i].paused_id) != 0)
            return fail(error, RF_E_UNAVAILABLE, "the source was started again, or another server took over");
    }
    return RF_OK;
}

/* --- comparing and switching --------------------------------------------------------------------------- */

static rf_code on_wait(void *ctx, rf_error *error)
{
    struct replay *r = ctx;
    const rf_code code = left_ms(r) > 0
                             ? replay_tick(r, error)
                             : fail(error, RF_E_UNAVAILABLE, "it takes longer than the pause of the writes");
    r->following.cutover.killed = code != RF_OK;
    return code;
}

/* If the command is killed, or this program is, the clients may have been switched nevertheless: that is
 * saved before, as nothing of the source may be written to the target then. */
static rf_code switch_clients(struct replay *r, rf_error *error)
{
    struct cutover *c = &r->following.cutover;
    const char *command = r->options->cutover_command;
    rf_error why;
    if (!command)
        return RF_OK;
    c->switching = true;
    TRY(replay_keep(r, error));
    rf_code code = spawn_and_wait(command, on_wait, r, &why);
    c->switching = code == RF_OK || c->killed;
    if (code == RF_OK)
        return RF_OK;
    return fail(error, RF_E_WRITE, "--cutover-command '%.128s': %.160s", command, why.message);
}

/* Before that, the checkpoint is saved: a run that is killed now is resumed with another snapshot. */
static rf_code correct_expiries(struct replay *r, bool *equal, rf_error *error)
{
    bool steady = true;
    if (!r->checkpoint.shifted)
        return rf_replay_check_import_mode(r->engine, error);
    r->following.cutover.corrected = true;
    TRY(replay_keep(r, error));
    TRY(steady_unshift(r, &steady, error));
    if (steady)
        return RF_OK;
    if (r->options->cutover_unverified)
        return fail(error, RF_E_UNAVAILABLE, "slots of the target move, so that expiries may be missed");
    cutover_compare_give_up(&r->following.cutover.compare, "slots of the target move");
    *equal = false;
    return RF_OK;
}

typedef rf_code step_fn(struct replay *replay, bool *equal, rf_error *error);

/* What is wrong during the pause is a reason to give up, unless the run is stopped. */
static rf_code take_step(struct replay *r, step_fn *step, bool *equal, bool *gave_up, rf_error *error)
{
    rf_error why;
    if (*gave_up)
        return RF_OK;
    rf_code code = step(r, equal, &why);
    if (code == RF_OK)
        code = following_check_sources(&r->following, &why);
    if (r->state.stopped || (code != RF_OK && rf_replay_has_lost_import_mode(r->engine))) {
        *error = why;
        return code;
    }
    *gave_up = code != RF_OK || left_ms(r) <= 0;
    if (left_ms(r) <= 0)
        return give_up(r, RF_E_TARGET, "it takes longer than the pause of the writes", error);
    return code == RF_OK ? RF_OK : give_up(r, code, why.message, error);
}

/* Whoever ended the pause, the rest of it begins again: what was written meanwhile is in the stream before
 * the new offset. */
static rf_code pause_again(struct replay *r, bool *equal, rf_error *error)
{
    struct cutover *c = &r->following.cutover;
    (void)equal;
    TRY(pause_all(&r->following, c->paused_ms + pause_ms(r) - clock_monotonic_ms(), error));
    TRY(check_ids(&r->following, error));
    c->confirming = true;
    c->put = r->counts.put;
    return RF_OK;
}

/* The pause has lasted, and everything that was written before it is in the target. */
static rf_code complete(struct replay *r, rf_error *error)
{
    struct cutover *c = &r->following.cutover;
    rf_replay_leave_import_mode(r->engine);
    TRY(switch_clients(r, error));
    c->complete = true;
    c->took_ms = clock_monotonic_ms() - c->paused_ms;
    r->checkpoint.shifted = false;
    return RF_END;
}

/* What was written before the pause has been put. */
static rf_code compare(struct replay *r, rf_error *error)
{
    bool equal = r->options->cutover_unverified, gave_up = false;
    TRY(rf_replay_finish(r->engine, error));
    TRY(rf_replay_check_positions(r->engine, error));
    if (!equal)
        TRY(take_step(r, cutover_compare_rest, &equal, &gave_up, error));
    TRY(take_step(r, correct_expiries, &equal, &gave_up, error));
    if (!equal)
        TRY(take_step(r, cutover_compare_fully, &equal, &gave_up, error));
    if (gave_up)
        return RF_OK;
    if (!equal)
        return fail(error, RF_E_TARGET, "cut-over: the target is not the same as the source");
    return take_step(r, pause_again, &equal, &gave_up, error);
}

static bool is_drained(const struct following *f)
{
    for (size_t i = 0; i < f->count; i++)
        if (f->sources[i].done < f->sources[i].paused.offset)
            return false;
    return true;
}

/* After a comparison, for which the stream has waited, it is enough to have caught up. */
static bool is_steady(const struct following *f, int64_t now_ms)
{
    bool has_caught_up = f->cutover.compare.rounds > 0 && f->lag.ms < CAUGHT_UP_MS;
    return f->phase == FOLLOWING_IN_STEP && (has_caught_up || now_ms - f->in_step_ms >= STEADY_MS);
}

rf_code cutover_turn(struct replay *r, int64_t now_ms, rf_error *error)
{
    const struct following *f = &r->following;
    const struct cutover *c = &f->cutover;
    if (pause_ms(r) == 0)
        return RF_OK;
    if (c->paused_ms == 0) {
        if (c->tried || !is_steady(f, now_ms))
            return RF_OK;
        return cutover_compare_helps(r) ? cutover_compare_ahead(r, error) : pause_source(r, error);
    }
    if (c->confirming && r->counts.put != c->put)
        return give_up(r, RF_E_TARGET, "the source was written to during the pause", error);
    if (is_drained(f))
        return c->confirming ? complete(r, error) : compare(r, error);
    return left_ms(r) > 0
               ? RF_OK
               : give_up(r, RF_E_TARGET, "the stream was not written within the pause of the writes", error);
}

void cutover_end(struct replay *r)
{
    const struct cutover *c = &r->following.cutover;
    if (c->paused_ms > 0 && !c->complete)
        unpause(r);
}

/* --- results ------------------------------------------------------------------------------------------- */

/* ", but 2 commands or keys were not written, and 3 differ", or "" */
static void format_failures(const struct replay *r, char *out, size_t size)
{
    const uint64_t failed = r->failures.count + r->found.failed;
    size_t length = 0;
    *out = '\0';
    if (failed == 0)
        return;
    length = (size_t)snprintf(out, size, ", but %" PRIu64 " command%s or key%s %s not written", failed,
                              text_plural(failed), text_plural(failed), failed == 1 ? "was" : "were");
    if (r->verification.complete)
        snprintf(out + length, size - length, ", and %" PRIu64 " differ",
                 differences_total(&r->verification.differences));
}

/* "; 900 keys compared before the pause, and 20 that changed during it", or "" */
static void format_compared(const struct cutover_compare *c, char *out, size_t size)
{
    *out = '\0';
    if (c->keys_before > 0)
        snprintf(out, size,
                 "; %" PRIu64 " key%s compared before the pause, and %" PRIu64 " that changed during it",
                 c->keys_before, text_plural(c->keys_before), c->keys_during);
    else if (c->keys_during > 0)
        snprintf(out, size, "; %" PRIu64 " key%s compared during the pause", c->keys_during,
                 text_plural(c->keys_during));
}

void cutover_print(const struct replay *r)
{
    const struct cutover *c = &r->following.cutover;
    int64_t left = c->paused_ms + pause_ms(r) - clock_monotonic_ms();
    char source[SOURCE_TEXT], offsets[FOLLOWING_OFFSETS], failures[128], compared[128];
    if (!c->complete)
        return;
    format_failures(r, failures, sizeof failures);
    format_compared(&c->compare, compared, sizeof compared);
    following_format_source(r, source, sizeof source);
    following_format_offsets(&r->following, offsets, sizeof offsets);
    message_summary("complete at %s%s: switch now; writes at %s were paused %.1f s ago, for %.1f s more%s",
                    offsets, failures, source, (double)(pause_ms(r) - left) / 1000,
                    left > 0 ? (double)left / 1000 : 0, compared);
}

void cutover_report(struct json *json, const struct replay *r)
{
    const struct cutover *c = &r->following.cutover;
    json_object(json, "cutover");
    json_bool(json, "complete", c->complete);
    json_number(json, "took_ms", (uint64_t)c->took_ms);
    json_number(json, "compared_before", c->compare.keys_before);
    json_number(json, "compared_during", c->compare.keys_during);
    json_end_object(json);
}
