/* SPDX-License-Identifier: MIT */
/* The event loop: sends and receives on all pipelines, and runs periodic tasks. Everything that waits does so
 * here, in one of two ways. A step is a round of the whole run: sending, receiving, retries, reconciliation.
 * It is made between entries. Where a request is on its way, also within a step, replay_wait_until() only
 * sends and receives, so that retries never begin within others. */
#include "base/clock.h"
#include "base/fail.h"
#include "replay/import_mode.h"
#include "replay/suspect.h"
#include <errno.h>
#include <stdio.h>
#include <sys/epoll.h>

enum {
    TICK_MS = 100,
    BATCH_MS = 1,
    RATE_POLL_MS = 10,      /* how long to wait for the rate limit */
    READY_MAX = 64,         /* events handled at a time */
    TIMEOUT_MS = 60 * 1000, /* for a reply, if the target has no timeout */
};

rf_code loop_add(rf_replay *r, struct pipeline *pipeline, rf_error *error)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = pipeline};
    pipeline->events = EPOLLIN;
    if (epoll_ctl(r->epoll, EPOLL_CTL_ADD, connection_fd(pipeline->connection), &event) == 0)
        return RF_OK;
    return fail_errno(error, RF_E_TARGET, "cannot poll a connection");
}

rf_code loop_watch(const rf_replay *r, int fd, bool watched, uint32_t events, rf_error *error)
{
    struct epoll_event event = {.events = events, .data.ptr = NULL};
    if (epoll_ctl(r->epoll, watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event) == 0)
        return RF_OK;
    return fail_errno(error, RF_E_TARGET, "cannot poll a connection");
}

void loop_unwatch(const rf_replay *r, int fd)
{
    epoll_ctl(r->epoll, EPOLL_CTL_DEL, fd, NULL);
}

/* EPOLLIN and EPOLLOUT are POLLIN and POLLOUT. */
static void update_events(const rf_replay *r, struct pipeline *pipeline, bool wants_write)
{
    uint32_t events = (uint32_t)connection_events(pipeline->connection, wants_write);
    struct epoll_event event = {.events = events, .data.ptr = pipeline};
    if (events == pipeline->events)
        return;
    pipeline->events = events;
    epoll_ctl(r->epoll, EPOLL_CTL_MOD, connection_fd(pipeline->connection), &event);
}

/* --- one pipeline -------------------------------------------------------------------------------------- */

/* Logged once per node until it is connected again. */
static void note_lost(struct node *node, const rf_error *why, int64_t now)
{
    char text[512];
    const rf_replay_options *options = &node->replay->options;
    bool again = node->lost_ms != 0, ended = node->replay->error.code != RF_OK;
    node->lost_ms = again ? node->lost_ms : now;
    if (again || !options->on_log)
        return;
    snprintf(text, sizeof text, "%s", why->message);
    if (!ended)
        snprintf(text, sizeof text, "%.380s; retrying for up to %g s", why->message,
                 (double)options->retry_for_ms / 1000);
    options->on_log(options->ctx, RF_LOG_WARNING, text);
}

void loop_fail_pipeline(rf_replay *r, struct pipeline *pipeline, const rf_error *why)
{
    struct node *node = pipeline->owner;
    int64_t now = clock_monotonic_ms();
    for (uint64_t i = pipeline->head; i < pipeline->tail; i++) {
        struct request *request = pipeline_request(pipeline, i);
        bool sent = request->start < pipeline->sent;
        if (request->done)
            continue;
        request->maybe_applied |= sent;
        if (request->since_ms == 0)
            request->since_ms = now;
        request_lost(r, pipeline, i, why);
    }
    node->fence = node->base.lost = true;
    r->map.stale = r->retry.backoff = true;
    r->counts.lost++;
    note_lost(node, why, now);
    pipeline_disconnect(pipeline);
}

/* The number of bytes that may be sent now. */
static uint64_t allowed_bytes(rf_replay *r)
{
    if (r->options.rate == 0)
        return UINT64_MAX;
    int64_t now = clock_unix_us();
    double rate = (double)r->options.rate, most = rate / 10;
    if (r->limits.allowed_us > 0 && now > r->limits.allowed_us)
        r->limits.allowance += rate * (double)(now - r->limits.allowed_us) / 1e6;
    if (r->limits.allowance > most)
        r->limits.allowance = most;
    r->limits.allowed_us = now;
    return r->limits.allowance > 0 ? (uint64_t)r->limits.allowance : 0;
}

static rf_code send_some(rf_replay *r, struct pipeline *pipeline, rf_error *why)
{
    struct node *node = pipeline->owner;
    uint64_t n = 0;
    rf_code code = pipeline_send(pipeline, allowed_bytes(r), &n, why);
    r->limits.allowance -= r->options.rate ? (double)n : 0;
    r->counts.bytes += n;
    node->bytes += n;
    return code;
}

rf_code loop_pipeline_io(rf_replay *r, struct pipeline *pipeline, rf_error *error)
{
    rf_error why;
    if (!pipeline->connection)
        return RF_OK;
    rf_code code = pipeline_receive(pipeline, &why);
    if (rf_code_is_target(code))
        suspect_note(pipeline);
    if (code == RF_OK && pipeline->broken)
        code = fail(&why, RF_E_TARGET, "%s: %s", ((struct node *)pipeline->owner)->base.name,
                    pipeline->broken);
    if (code == RF_OK && rf_code_is_target(code = send_some(r, pipeline, &why)))
        suspect_note(pipeline);
    release_answered(r, pipeline);
    if (rf_code_is_target(code))
        loop_fail_pipeline(r, pipeline, &why);
    else if (code != RF_OK)
        *error = why;
    else {
        update_events(r, pipeline, pipeline_unsent(pipeline) > 0 && allowed_bytes(r) > 0);
    }
    if (r->error.code != RF_OK)
        return replay_ended(r, error);
    return rf_code_is_target(code) ? RF_OK : code;
}

/* --- all pipelines ------------------------------------------------------------------------------------- */

static int64_t timeout_ms(const rf_replay *r)
{
    return r->target.timeout_ms > 0 ? r->target.timeout_ms : TIMEOUT_MS;
}

static void check_timeout(rf_replay *r, struct pipeline *pipeline, int64_t now)
{
    rf_error why;
    if (!pipeline->connection || now - pipeline->progress.since_ms <= timeout_ms(r))
        return;
    if (pipeline->head == pipeline->tail && !pipeline->streaming)
        return;
    fail(&why, RF_E_UNAVAILABLE, "%s: no reply within %g s", ((struct node *)pipeline->owner)->base.name,
         (double)timeout_ms(r) / 1000);
    suspect_note(pipeline);
    loop_fail_pipeline(r, pipeline, &why);
}

static rf_code poll_pipeline(rf_replay *r, struct pipeline *pipeline, int64_t now, rf_error *error)
{
    if (pipeline_unsent(pipeline) > 0 || now - pipeline->progress.since_ms > timeout_ms(r))
        TRY(loop_pipeline_io(r, pipeline, error));
    check_timeout(r, pipeline, now);
    return RF_OK;
}

static rf_code poll_all(rf_replay *r, rf_error *error)
{
    int64_t now = clock_monotonic_ms();
    for (size_t i = 0; i < r->map.node_count; i++)
        for (unsigned j = 0; j < r->options.connections; j++)
            TRY(poll_pipeline(r, &node_at(r, i)->pipelines[j], now, error));
    return RF_OK;
}

rf_code loop_tick(void *ctx, rf_error *error)
{
    rf_replay *r = ctx;
    int64_t now = clock_monotonic_ms();
    if (!r->options.tick || now - r->clock.last_tick_ms < TICK_MS)
        return RF_OK;
    r->clock.last_tick_ms = now;
    rf_code code = r->options.tick(r->options.ctx, error);
    if (code != RF_OK && r->error.code == RF_OK)
        r->error = *error;
    return code;
}

rf_code loop_run_timers(rf_replay *r, rf_error *error)
{
    int64_t now = clock_monotonic_ms();
    if (now - r->clock.last_poll_ms < TICK_MS)
        return RF_OK;
    r->clock.last_poll_ms = now;
    TRY(poll_all(r, error));
    TRY(nodes_check(r, error));
    return loop_tick(r, error);
}

/* --- waiting ------------------------------------------------------------------------------------------- */

/* Sends and receives until there was progress or the time has passed. Requests of lost connections go to the
 * retry queue; that is not an error here. */
static rf_code run_once(rf_replay *r, int64_t wait_ms, rf_error *error)
{
    struct epoll_event ready[READY_MAX];
    TRY(poll_all(r, error));
    if (wait_ms > TICK_MS)
        wait_ms = TICK_MS;
    if (r->options.rate > 0 && wait_ms > RATE_POLL_MS)
        wait_ms = RATE_POLL_MS;
    int count = epoll_wait(r->epoll, ready, READY_MAX, (int)wait_ms);
    if (count < 0 && errno != EINTR)
        return fail_errno(error, RF_E_TARGET, "cannot poll the connections");
    TRY(nodes_continue_opening(r, error));
    for (int i = 0; i < count; i++)
        if (ready[i].data.ptr)
            TRY(loop_pipeline_io(r, ready[i].data.ptr, error));
    return loop_run_timers(r, error);
}

/* The same for many requests in flight: it waits a little, because waking up for each reply would be costly
 * for both sides. */
static rf_code run_batched(rf_replay *r, int64_t wait_ms, rf_error *error)
{
    struct epoll_event ready;
    TRY(dispatch_send_waits(r, error));
    TRY(poll_all(r, error));
    if (epoll_wait(r->epoll, &ready, 1, (int)(wait_ms < TICK_MS ? wait_ms : TICK_MS)) > 0)
        clock_sleep_ms(BATCH_MS);
    return run_once(r, 0, error);
}

rf_code replay_wait_until(rf_replay *r, const struct wait *wait, rf_error *error)
{
    for (;;) {
        int64_t left = wait->until_ms ? wait->until_ms - clock_monotonic_ms() : TICK_MS;
        if (left <= 0 || (wait->is_over && wait->is_over(wait->ctx)))
            return RF_OK;
        TRY(wait->batched ? run_batched(r, left, error) : run_once(r, left, error));
    }
}

rf_code replay_sleep(rf_replay *r, int64_t ms, rf_error *error)
{
    return replay_wait_until(r, &(struct wait){.until_ms = clock_monotonic_ms() + ms}, error);
}

rf_code replay_step(rf_replay *r, int64_t wait_ms, rf_error *error)
{
    int64_t retry_ms = retry_wait_ms(r);
    TRY(import_mode_ask_again(r, error));
    TRY(dispatch_send_waits(r, error));
    TRY(run_once(r, retry_ms < wait_ms ? retry_ms : wait_ms, error));
    return retry_round(r, error);
}
