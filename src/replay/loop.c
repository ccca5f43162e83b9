/* SPDX-License-Identifier: MIT */
/* The event loop: sends and receives on all pipelines, and runs periodic tasks. */
#include "base/clock.h"
#include "base/fail.h"
#include "replay/suspect.h"
#include <errno.h>
#include <sys/epoll.h>

enum {
    TICK_MS = 100,
    GATHER_MS = 1,
    RATE_TURN_MS = 10,      /* how long to wait for the rate limit */
    READY_MAX = 64,         /* events handled at a time */
    TIMEOUT_MS = 60 * 1000, /* for a reply, if the target has no timeout */
};

rf_code loop_watch(rf_replay *r, struct pipe *pipe, rf_error *error)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = pipe};
    pipe->events = EPOLLIN;
    if (epoll_ctl(r->epoll, EPOLL_CTL_ADD, connection_fd(pipe->connection), &event) == 0)
        return RF_OK;
    return fail_errno(error, RF_E_TARGET, "cannot poll a connection");
}

/* EPOLLIN and EPOLLOUT are POLLIN and POLLOUT. */
static void watch_for(const rf_replay *r, struct pipe *pipe, bool wants_write)
{
    uint32_t events = (uint32_t)connection_events(pipe->connection, wants_write);
    struct epoll_event event = {.events = events, .data.ptr = pipe};
    if (events == pipe->events)
        return;
    pipe->events = events;
    epoll_ctl(r->epoll, EPOLL_CTL_MOD, connection_fd(pipe->connection), &event);
}

/* --- one pipeline -------------------------------------------------------------------------------------- */

void loop_lose(rf_replay *r, struct pipe *pipe, const rf_error *why)
{
    struct node *node = pipe->owner;
    int64_t now = clock_monotonic_ms();
    for (uint64_t i = pipe->head; i < pipe->tail; i++) {
        struct parcel *parcel = pipe_parcel(pipe, i);
        bool sent = parcel->start < pipe->sent;
        if (parcel->settled)
            continue;
        parcel->doubtful |= sent;
        if (parcel->since_ms == 0)
            parcel->since_ms = now;
        answer_lost(r, pipe, i, why);
    }
    node->fence = true;
    r->stale = r->pause = true;
    r->counts.lost++;
    if (r->options.news)
        r->options.news(r->options.ctx, why->message);
    pipe_disconnect(pipe);
}

/* The number of bytes that may be sent now. */
static uint64_t allowed(rf_replay *r)
{
    if (r->options.rate == 0)
        return UINT64_MAX;
    int64_t now = clock_unix_us();
    double rate = (double)r->options.rate, most = rate / 10;
    if (r->allowed_us > 0 && now > r->allowed_us)
        r->allowance += rate * (double)(now - r->allowed_us) / 1e6;
    if (r->allowance > most)
        r->allowance = most;
    r->allowed_us = now;
    return r->allowance > 0 ? (uint64_t)r->allowance : 0;
}

static rf_code send_some(rf_replay *r, struct pipe *pipe, rf_error *why)
{
    struct node *node = pipe->owner;
    uint64_t n = 0;
    rf_code code = pipe_send(pipe, allowed(r), &n, why);
    r->allowance -= r->options.rate ? (double)n : 0;
    r->counts.bytes += n;
    node->bytes += n;
    return code;
}

rf_code loop_serve(rf_replay *r, struct pipe *pipe, rf_error *error)
{
    rf_error why;
    if (!pipe->connection)
        return RF_OK;
    rf_code code = pipe_receive(pipe, &why);
    if (code == RF_E_TARGET)
        suspect_note(pipe);
    if (code == RF_OK && pipe->broken)
        code = fail(&why, RF_E_TARGET, "%s: %s", ((struct node *)pipe->owner)->name, pipe->broken);
    if (code == RF_OK && (code = send_some(r, pipe, &why)) == RF_E_TARGET)
        suspect_note(pipe);
    answer_release(r, pipe);
    if (code == RF_E_TARGET)
        loop_lose(r, pipe, &why);
    else if (code != RF_OK)
        *error = why;
    else {
        watch_for(r, pipe, pipe_unsent(pipe) > 0 && allowed(r) > 0);
    }
    if (r->error.code != RF_OK)
        return replay_ended(r, error);
    return code == RF_E_TARGET ? RF_OK : code;
}

/* --- all pipelines ------------------------------------------------------------------------------------- */

static int64_t timeout_ms(const rf_replay *r)
{
    return r->target->timeout_ms > 0 ? r->target->timeout_ms : TIMEOUT_MS;
}

static void check_timeout(rf_replay *r, struct pipe *pipe, int64_t now)
{
    rf_error why;
    if (!pipe->connection || now - pipe->progress.since_ms <= timeout_ms(r))
        return;
    if (pipe->head == pipe->tail && !pipe->streaming)
        return;
    fail(&why, RF_E_TARGET, "%s: no reply within %g s", ((struct node *)pipe->owner)->name,
         (double)timeout_ms(r) / 1000);
    suspect_note(pipe);
    loop_lose(r, pipe, &why);
}

static rf_code tend_pipe(rf_replay *r, struct pipe *pipe, int64_t now, rf_error *error)
{
    if (pipe_unsent(pipe) > 0 || now - pipe->progress.since_ms > timeout_ms(r))
        TRY(loop_serve(r, pipe, error));
    check_timeout(r, pipe, now);
    return RF_OK;
}

static rf_code tend(rf_replay *r, rf_error *error)
{
    int64_t now = clock_monotonic_ms();
    for (size_t i = 0; i < r->node_count; i++)
        for (unsigned j = 0; j < r->options.connections; j++)
            TRY(tend_pipe(r, &r->nodes[i]->pipes[j], now, error));
    return RF_OK;
}

rf_code loop_tick(rf_replay *r, rf_error *error)
{
    int64_t now = clock_monotonic_ms();
    if (now - r->ticked_ms < TICK_MS)
        return RF_OK;
    r->ticked_ms = now;
    TRY(tend(r, error));
    TRY(nodes_check(r, error));
    rf_code code = r->options.tick ? r->options.tick(r->options.ctx, error) : RF_OK;
    if (code != RF_OK && r->error.code == RF_OK)
        r->error = *error;
    return code;
}

rf_code loop_gather(rf_replay *r, rf_error *error)
{
    struct epoll_event ready;
    TRY(tend(r, error));
    if (epoll_wait(r->epoll, &ready, 1, TICK_MS) > 0)
        clock_sleep_ms(GATHER_MS);
    return loop_turn(r, 0, error);
}

rf_code loop_turn(rf_replay *r, int64_t wait_ms, rf_error *error)
{
    struct epoll_event ready[READY_MAX];
    TRY(tend(r, error));
    if (wait_ms > TICK_MS)
        wait_ms = TICK_MS;
    if (r->options.rate > 0 && wait_ms > RATE_TURN_MS)
        wait_ms = RATE_TURN_MS;
    int count = epoll_wait(r->epoll, ready, READY_MAX, (int)wait_ms);
    if (count < 0 && errno != EINTR)
        return fail_errno(error, RF_E_TARGET, "cannot poll the connections");
    for (int i = 0; i < count; i++)
        TRY(loop_serve(r, ready[i].data.ptr, error));
    return loop_tick(r, error);
}

rf_code loop_pause(rf_replay *r, int64_t ms, rf_error *error)
{
    int64_t deadline = clock_monotonic_ms() + ms;
    for (int64_t left = ms; left > 0; left = deadline - clock_monotonic_ms())
        TRY(loop_turn(r, left, error));
    return RF_OK;
}
