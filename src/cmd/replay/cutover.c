/* SPDX-License-Identifier: MIT */
/* The cut-over: pausing the source, draining, comparing, and switching the clients. */
#include "cmd/replay/cutover.h"
#include "base/clock.h"
#include "base/fail.h"
#include "cmd/replay/replay.h"
#include "cmd/run/spawn.h"
#include "cmd/term/message.h"
#include "cmd/term/text.h"
#include <inttypes.h>
#include <stdio.h>

enum {
    STEADY_MS = 1000, /* in step for so long before the pause */
    MARGIN = 10,      /* this part of the pause is left for those who switch */
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

/* 0 ms: checks that it is permitted. */
static rf_code pause_all(struct following *f, int64_t ms, rf_error *error)
{
    for (size_t i = 0; i < f->count; i++) {
        uint64_t offset;
        TRY(rf_follow_pause(f->sources[i].follow, ms, &offset, error));
        if (ms > 0)
            f->sources[i].paused_offset = offset;
    }
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

rf_code cutover_begin(struct replay *r, rf_error *error)
{
    return r->options->cutover_ms > 0 ? pause_all(&r->following, 0, error) : RF_OK;
}

/* --- the pause ----------------------------------------------------------------------------------------- */

static void unpause(struct replay *r)
{
    struct cutover *c = &r->following.cutover;
    char source[SOURCE_TEXT];
    rf_error why;
    c->paused_ms = 0;
    following_format_source(r, source, sizeof source);
    if (unpause_all(&r->following, &why) == RF_OK)
        message_warning("writes at %s go on", source);
    else
        message_warning("%s: the pause of the writes cannot be ended, and ends by itself: %s", source,
                        why.message);
}

/* What went wrong may have passed when the next run tries it. */
static rf_code give_up(struct replay *r, const char *why)
{
    message_warning("cut-over: %s; the source is followed, but another attempt needs another run", why);
    unpause(r);
    return RF_OK;
}

static rf_code pause_source(struct replay *r)
{
    struct following *f = &r->following;
    char source[SOURCE_TEXT];
    rf_error why;
    f->cutover.tried = true;
    f->cutover.paused_ms = clock_monotonic_ms();
    if (pause_all(f, pause_ms(r), &why) != RF_OK)
        return give_up(r, why.message);
    following_format_source(r, source, sizeof source);
    message_note("cut-over: writes at %s are paused for up to %g s", source, (double)pause_ms(r) / 1000);
    return RF_OK;
}

/* --- comparing and switching --------------------------------------------------------------------------- */

/* In a target that was empty, every key is one of the source. */
static bool is_equal(const struct replay *r)
{
    const struct replay_verification *v = &r->verification;
    bool has_extra = r->options->on_exists == RF_ON_EXISTS_FAIL &&
                     extra_keys_deletable(&v->extra) > v->left_extra;
    return replay_verify_unaccounted(v) == 0 && !has_extra;
}

static rf_code compare(struct replay *r, bool *equal, rf_error *error)
{
    *equal = true;
    if (r->options->cutover_unverified)
        return RF_OK;
    replay_verify_free(&r->verification);
    rf_code code = replay_verify_inputs(r, 0, r->following.count, error);
    progress_phase(&r->session.progress, NULL, 0);
    *equal = code == RF_OK && is_equal(r);
    return code;
}

static rf_code on_wait(void *ctx, rf_error *error)
{
    struct replay *r = ctx;
    if (left_ms(r) <= 0)
        return fail(error, RF_E_UNAVAILABLE, "it takes longer than the pause of the writes");
    return replay_tick(r, error);
}

static rf_code switch_clients(struct replay *r, rf_error *error)
{
    const char *command = r->options->cutover_command;
    rf_error why;
    if (!command)
        return RF_OK;
    rf_code code = spawn_and_wait(command, on_wait, r, &why);
    if (code == RF_OK)
        return RF_OK;
    return fail(error, RF_E_WRITE, "--cutover-command '%.128s': %.160s", command, why.message);
}

/* Everything that was written before the pause is in the target. */
static rf_code complete(struct replay *r, rf_error *error)
{
    struct cutover *c = &r->following.cutover;
    bool equal;
    rf_error why;
    TRY(rf_replay_finish(r->engine, error));
    if (r->checkpoint.shifted)
        TRY(rf_replay_unshift_expiries(r->engine, error));
    rf_code code = compare(r, &equal, &why);
    if (code == RF_OK)
        code = following_check_sources(&r->following, &why);
    if (r->state.stopped) {
        *error = why;
        return code;
    }
    if (left_ms(r) <= 0)
        return give_up(r, "comparing takes longer than the pause of the writes");
    if (code != RF_OK)
        return give_up(r, why.message);
    if (!equal)
        return fail(error, RF_E_TARGET, "cut-over: the target is not the same as the source");
    TRY(switch_clients(r, error));
    c->complete = true;
    c->took_ms = clock_monotonic_ms() - c->paused_ms;
    r->checkpoint.shifted = false;
    return RF_END;
}

static bool is_drained(const struct following *f)
{
    for (size_t i = 0; i < f->count; i++)
        if (f->sources[i].done < f->sources[i].paused_offset)
            return false;
    return true;
}

rf_code cutover_turn(struct replay *r, int64_t now_ms, rf_error *error)
{
    const struct following *f = &r->following;
    const struct cutover *c = &f->cutover;
    if (pause_ms(r) == 0)
        return RF_OK;
    if (c->paused_ms == 0) {
        bool is_due = !c->tried && f->phase == FOLLOWING_IN_STEP && now_ms - f->in_step_ms >= STEADY_MS;
        return is_due ? pause_source(r) : RF_OK;
    }
    if (is_drained(f))
        return complete(r, error);
    return left_ms(r) > 0 ? RF_OK : give_up(r, "the stream was not written within the pause of the writes");
}

void cutover_end(struct replay *r)
{
    const struct cutover *c = &r->following.cutover;
    if (c->paused_ms > 0 && !c->complete)
        unpause(r);
}

/* --- results ------------------------------------------------------------------------------------------- */

/* ", but 2 commands were not written, and 3 keys differ", or "" */
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

void cutover_print(const struct replay *r)
{
    const struct cutover *c = &r->following.cutover;
    int64_t left = c->paused_ms + pause_ms(r) - clock_monotonic_ms();
    char source[SOURCE_TEXT], offsets[FOLLOWING_OFFSETS], failures[128];
    if (!c->complete)
        return;
    format_failures(r, failures, sizeof failures);
    following_format_source(r, source, sizeof source);
    following_format_offsets(&r->following, offsets, sizeof offsets);
    message_summary("complete at %s%s: switch now; writes at %s were paused %.1f s ago, for %.1f s more",
                    offsets, failures, source, (double)(pause_ms(r) - left) / 1000,
                    left > 0 ? (double)left / 1000 : 0);
}

void cutover_report(struct json *json, const struct replay *r)
{
    const struct cutover *c = &r->following.cutover;
    json_object(json, "cutover");
    json_bool(json, "complete", c->complete);
    json_number(json, "took_ms", (uint64_t)c->took_ms);
    json_end_object(json);
}
