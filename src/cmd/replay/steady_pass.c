/* SPDX-License-Identifier: MIT */
#include "cmd/replay/steady_pass.h"
#include "base/clock.h"
#include "base/fail.h"
#include "cmd/replay/replay.h"

enum { REPEATED_FOR_MS = 60 * 1000, PAUSE_MS = 200, NO_DESCRIPTOR = -1 };

static rf_code repeat(struct replay *r, int64_t for_ms, rf_live *live, steady_pass_fn *pass, void *ctx,
                      bool *steady, rf_error *error)
{
    const int64_t until_ms = clock_monotonic_ms() + for_ms;
    uint64_t mark = 0;
    bool was_moving, moved;
    TRY(rf_live_find_moves(live, &mark, &was_moving, error));
    for (;;) {
        TRY(pass(ctx, live, error));
        TRY(rf_live_find_moves(live, &mark, &moved, error));
        *steady = !moved && !was_moving;
        if (*steady || clock_monotonic_ms() >= until_ms)
            return RF_OK;
        TRY(rf_replay_wait(r->engine, NO_DESCRIPTOR, PAUSE_MS, error));
        was_moving = moved;
    }
}

rf_code steady_pass(struct replay *r, steady_pass_fn *pass, void *ctx, bool *steady, rf_error *error)
{
    const rf_live_options options = {.names_only = true, .import_source = r->checkpoint.import_id != 0};
    rf_target target = r->target;
    rf_live *live;
    bool is_steady = false;
    target.wait.tick = replay_engine_tick;
    TRY(rf_live_open(&target, &options, &live, error));
    rf_code code = repeat(r, steady ? 0 : REPEATED_FOR_MS, live, pass, ctx, steady ? steady : &is_steady,
                          error);
    rf_live_close(live);
    if (code != RF_OK || steady || is_steady)
        return code;
    return fail(
        error, RF_E_UNAVAILABLE,
        "%s: its slots are being moved, so that keys may be missed: let that end first (see redis-cli "
        "--cluster check)",
        r->info.name);
}

static rf_code unshift(void *ctx, rf_live *target, rf_error *error)
{
    const struct replay *r = ctx;
    (void)target;
    return rf_replay_unshift_expiries(r->engine, error);
}

rf_code steady_unshift(struct replay *r, bool *steady, rf_error *error)
{
    return steady_pass(r, unshift, r, steady, error);
}
