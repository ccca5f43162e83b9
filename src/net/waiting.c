/* SPDX-License-Identifier: MIT */
/* Repeats what fails while a target is not available, with growing pauses. */
#include "net/waiting.h"

#include "base/clock.h"
#include "base/fail.h"
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

enum { FIRST_PAUSE_MS = 20, LAST_PAUSE_MS = 1000, TICK_MS = 100 };

static bool is_new(struct waiting *waiting, const char *why)
{
    uint64_t hash = XXH3_64bits(why, strlen(why));
    for (unsigned i = 0; i < waiting->count; i++)
        if (waiting->logged[i] == hash)
            return false;
    if (waiting->count == WAITING_REASONS_MAX)
        return false;
    waiting->logged[waiting->count++] = hash;
    return true;
}

void waiting_log(struct waiting *waiting, const rf_target_wait *options, int64_t most_ms, const char *why)
{
    char text[512];
    const char *colon = strstr(why, ": ");
    if (waiting->since_ms == 0)
        waiting->since_ms = clock_monotonic_ms();
    if (!options->on_log || !is_new(waiting, why))
        return;
    int name = colon ? (int)(colon - why) : (int)strlen(why);
    snprintf(text, sizeof text, "waiting%s %.*s%s%.380s%s, for up to %g s", colon ? " for" : ":", name, why,
             colon ? " (" : "", colon ? colon + 2 : "", colon ? ")" : "", (double)most_ms / 1000);
    options->on_log(options->ctx, RF_LOG_WARNING, text);
}

void waiting_end(struct waiting *waiting, const rf_target_wait *options, const char *name)
{
    char text[512];
    int64_t seconds = (clock_monotonic_ms() - waiting->since_ms + 500) / 1000;
    bool logged = waiting->count > 0;
    *waiting = (struct waiting){0};
    if (!options->on_log || !logged)
        return;
    snprintf(text, sizeof text, "connected to %.400s after %lld s", name, (long long)seconds);
    options->on_log(options->ctx, RF_LOG_NOTE, text);
}

int64_t waiting_next_pause(int64_t *last_ms)
{
    int64_t doubled = 2 * *last_ms;
    *last_ms = doubled < FIRST_PAUSE_MS ? FIRST_PAUSE_MS : doubled < LAST_PAUSE_MS ? doubled : LAST_PAUSE_MS;
    return *last_ms;
}

rf_code waiting_pause(const rf_target_wait *options, int64_t ms, rf_error *error)
{
    for (; ms > 0; ms -= TICK_MS) {
        if (options->tick)
            TRY(options->tick(options->ctx, error));
        clock_sleep_ms(ms < TICK_MS ? ms : TICK_MS);
    }
    return options->tick ? options->tick(options->ctx, error) : RF_OK;
}

static rf_code give_up(const rf_target_wait *options, rf_error *error)
{
    const rf_error why = *error;
    return fail(error, RF_E_UNAVAILABLE, "%.340s; gave up after %g s", why.message,
                (double)options->retry_for_ms / 1000);
}

rf_code waiting_attempt(const rf_target *target, rf_code (*attempt)(void *ctx, rf_error *error), void *ctx,
                        rf_error *error)
{
    const rf_target_wait *options = &target->wait;
    struct waiting waiting = {0};
    char name[256];
    int64_t last_ms = 0;
    rf_code code;
    while ((code = attempt(ctx, error)) == RF_E_UNAVAILABLE && options->retry_for_ms >= FIRST_PAUSE_MS) {
        const int64_t now_ms = clock_monotonic_ms();
        waiting.since_ms = waiting.since_ms ? waiting.since_ms : now_ms;
        int64_t left_ms = waiting.since_ms + options->retry_for_ms - now_ms;
        if (left_ms <= 0)
            return give_up(options, error);
        waiting_log(&waiting, options, options->retry_for_ms, error->message);
        int64_t pause_ms = waiting_next_pause(&last_ms);
        TRY(waiting_pause(options, pause_ms < left_ms ? pause_ms : left_ms, error));
    }
    rf_target_format(target, name, sizeof name);
    if (code == RF_OK)
        waiting_end(&waiting, options, name);
    return code;
}
