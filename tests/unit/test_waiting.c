/* SPDX-License-Identifier: MIT */
/* Waiting for a target: what is tried again, for how long, and what is logged. */
#include "net/waiting.h"

#include "base/fail.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

struct trial {
    rf_target target;
    const char *const *errors; /* of each attempt; "": success; the last one is repeated */
    unsigned attempts, ticks, stop_at;
    char log[1024];
};

static rf_code attempt(void *ctx, rf_error *error)
{
    struct trial *t = ctx;
    const char *text = *t->errors;
    t->attempts++;
    if (t->errors[1])
        t->errors++;
    if (*text == '\0')
        return RF_OK;
    return fail(error, *text == '!' ? RF_E_TARGET : RF_E_UNAVAILABLE, "%s", text);
}

static void note(void *ctx, rf_log_level level, const char *text)
{
    struct trial *t = ctx;
    size_t length = strlen(t->log);
    snprintf(t->log + length, sizeof t->log - length, "%s%s\n", level == RF_LOG_NOTE ? "note: " : "", text);
}

static rf_code tick(void *ctx, rf_error *error)
{
    struct trial *t = ctx;
    return ++t->ticks == t->stop_at ? fail(error, RF_E_WRITE, "stopped") : RF_OK;
}

static rf_code run(struct trial *t, int64_t retry_for_ms, rf_error *error)
{
    rf_address address = {.host = (char[]){"10.0.0.5"}, .port = 6379};
    t->target = (rf_target){.addresses = &address,
                            .address_count = 1,
                            .wait = {.retry_for_ms = retry_for_ms, .on_log = note, .tick = tick, .ctx = t}};
    return waiting_attempt(&t->target, attempt, t, error);
}

#define TRIAL(...)                      \
    {                                   \
        .errors = (const char *const[]) \
        {                               \
            __VA_ARGS__, NULL           \
        }                               \
    }

Test(waiting, until_it_is_available)
{
    struct trial t = TRIAL("a:1: refused", "a:1: refused", "b:2: loading", "a:1: refused", "a:1: refused",
                           "");
    rf_error error;
    cr_assert_eq(run(&t, 60000, &error), RF_OK);
    cr_expect_eq(t.attempts, 6);
    cr_expect_str_eq(t.log, "waiting for a:1 (refused), for up to 60 s\n"
                            "waiting for b:2 (loading), for up to 60 s\n"
                            "note: connected to redis://10.0.0.5:6379 after 1 s\n");
}

Test(waiting, not_at_all)
{
    struct trial at_once = TRIAL(""), never = TRIAL("a:1: refused", ""),
                 refused = TRIAL("!a:1: WRONGPASS", "");
    rf_error error;
    cr_expect_eq(run(&at_once, 60000, &error), RF_OK);
    cr_expect_str_eq(at_once.log, "");
    cr_expect_eq(run(&never, 1, &error), RF_E_UNAVAILABLE);
    cr_expect_str_eq(error.message, "a:1: refused");
    cr_expect_str_eq(never.log, "");
    cr_expect_eq(run(&refused, 60000, &error), RF_E_TARGET);
    cr_expect_eq(refused.attempts, 1);
    cr_expect_str_eq(refused.log, "");
}

Test(waiting, for_a_limited_time)
{
    struct trial t = TRIAL("a:1: refused");
    rf_error error;
    cr_expect_eq(run(&t, 300, &error), RF_E_UNAVAILABLE);
    cr_expect_str_eq(error.message, "a:1: refused; gave up after 0.3 s");
    cr_expect_gt(t.attempts, 1);
    cr_expect_str_eq(t.log, "waiting for a:1 (refused), for up to 0.3 s\n");
}

Test(waiting, until_it_is_stopped)
{
    struct trial t = TRIAL("a:1: refused");
    t.stop_at = 3;
    rf_error error;
    cr_expect_eq(run(&t, 60000, &error), RF_E_WRITE);
    cr_expect_str_eq(error.message, "stopped");
}

Test(waiting, longer_each_time)
{
    static const int64_t pauses[] = {20, 40, 80, 160, 320, 640, 1000, 1000};
    int64_t last_ms = 0;
    for (size_t i = 0; i < sizeof pauses / sizeof *pauses; i++)
        cr_expect_eq(waiting_next_pause(&last_ms), pauses[i], "%zu", i);
}

Test(waiting, does_not_log_without_end)
{
    struct waiting waiting = {0};
    struct trial t = {0};
    const rf_target_wait options = {.on_log = note, .ctx = &t};
    for (int i = 0; i < 100; i++) {
        char why[16];
        snprintf(why, sizeof why, "a: %d", i);
        waiting_log(&waiting, &options, 1000, why);
    }
    unsigned lines = 0;
    for (const char *c = t.log; *c; c++)
        lines += *c == '\n';
    cr_expect_eq(lines, WAITING_REASONS_MAX);
}
