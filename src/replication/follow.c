/* SPDX-License-Identifier: MIT */
/* The thread that reads a link into queues, acknowledges, and connects again. */
#include "replication/follow.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/thread.h"
#include "net/waiting.h"
#include "replication/refusal.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
    ACK_EVERY_MS = 1000,
    FIRST_ACK_EVERY_MS = 50, /* until the stream begins: the server waits for one, and ignores those that come
                                before it knows that its child process has ended */
    FULL_PAUSE_MS = 50,
};

static rf_code out_of_memory(rf_error *error)
{
    return fail(error, RF_E_MEMORY, "out of memory");
}

/* --- connecting --------------------------------------------------------------------------------------- */

/* A server that sends the RDB without a status has taken PSYNC for SYNC: it does not tell the stream's id. */
static rf_code await_status(struct rf_follow *follow, struct link *link, bool may_be_full, rf_error *error)
{
    enum sync_event event;
    rf_slice piece;
    TRY(link_next(link, &event, &piece, error));
    if (event == SYNC_BEGIN)
        return fail(error, RF_E_TARGET, "%s: PSYNC: the server does not tell the id of its stream",
                    link_name(link));
    if (event == SYNC_FULL && !may_be_full)
        return fail(error, RF_E_TARGET,
                    "%s: the server cannot continue the stream after offset %" PRIu64
                    ": a new snapshot is needed",
                    link_name(link), atomic_load(&follow->received));
    const struct sync *sync = link_sync(link);
    pthread_mutex_lock(&follow->lock);
    if (*sync->id)
        memcpy(follow->id, sync->id, sizeof follow->id);
    pthread_mutex_unlock(&follow->lock);
    if (event == SYNC_FULL)
        atomic_store(&follow->received, sync->offset);
    atomic_store(&follow->connected, true);
    return RF_OK;
}

/* From then on rf_follow_stop() interrupts it. */
static void set_link(struct rf_follow *follow, struct link *link, const struct located *located)
{
    pthread_mutex_lock(&follow->lock);
    follow->link = link;
    snprintf(follow->linked, sizeof follow->linked, "%s", located->id);
    pthread_mutex_unlock(&follow->lock);
}

static void disconnect(struct rf_follow *follow)
{
    atomic_store(&follow->connected, false);
    pthread_mutex_lock(&follow->lock);
    link_close(follow->link);
    follow->link = NULL;
    pthread_mutex_unlock(&follow->lock);
}

static rf_code check_stopped(void *ctx, rf_error *error)
{
    const struct rf_follow *follow = ctx;
    return atomic_load(&follow->stopped) ? fail(error, RF_E_READ, "read cancelled") : RF_OK;
}

/* Tries the addresses in turn. */
static rf_code connect_to(struct rf_follow *follow, const struct located *located, rf_error *error)
{
    const struct link_request request = {.id = follow->in_stream ? follow->id : NULL,
                                         .offset = atomic_load(&follow->received)};
    rf_code code = fail(error, RF_E_ARGUMENT, "missing source address");
    for (size_t i = 0; i < located->count; i++) {
        struct link *link;
        code = link_open(&follow->source, &located->addresses[i], &request, &link, error);
        if (code != RF_OK)
            continue;
        set_link(follow, link, located);
        code = check_stopped(follow, error);
        if (code == RF_OK)
            code = await_status(follow, link, !request.id, error);
        if (code == RF_OK)
            return RF_OK;
        disconnect(follow);
    }
    return code;
}

rf_code follow_locate(rf_follow *follow, const rf_target *source, struct located *out, rf_error *error)
{
    struct place place = follow->place;
    place.source = source;
    rf_code code = place_locate(&place, out, error);
    if (out->moved)
        atomic_store(&follow->needs_snapshot, true);
    return code;
}

static rf_code connect_once(void *ctx, rf_error *error)
{
    struct rf_follow *follow = ctx;
    struct located located;
    TRY(follow_locate(follow, &follow->source, &located, error));
    rf_code code = connect_to(follow, &located, error);
    located_free(&located);
    return code;
}

static rf_code connect_first(void *ctx, rf_error *error)
{
    struct rf_follow *follow = ctx;
    TRY(place_check_migration(&follow->place, error));
    return connect_once(follow, error);
}

static void begin_stream_at(struct rf_follow *follow, uint64_t offset)
{
    atomic_store(&follow->start, offset);
    atomic_store(&follow->complete, offset);
}

/* Until the snapshot begins, for which the server may be long: if it ends the link meanwhile, another one may
 * be asked for, as nothing has been passed on. */
static rf_code begin_snapshot(void *ctx, rf_error *error)
{
    struct rf_follow *follow = ctx;
    enum sync_event event = SYNC_MORE;
    rf_slice piece;
    rf_code code = follow->link ? RF_OK : connect_first(follow, error);
    while (code == RF_OK && event != SYNC_BEGIN)
        code = link_next(follow->link, &event, &piece, error);
    if (code == RF_OK)
        begin_stream_at(follow, atomic_load(&follow->received));
    else
        disconnect(follow);
    return code;
}

/* --- reading ------------------------------------------------------------------------------------------ */

static rf_code on_stream(struct rf_follow *follow, rf_slice piece, rf_error *error)
{
    rf_slice rest = piece;
    enum scan_event event;
    const uint64_t start = atomic_load(&follow->received);
    uint64_t complete = atomic_load(&follow->complete);
    while ((event = stream_scan(&follow->scan, &rest)) == SCAN_COMMAND) {
        follow->asked |= stream_scan_is(&follow->scan, "REPLCONF", "GETACK");
        if (!stream_scan_is(&follow->scan, "SELECT", NULL)) /* the reader does not return it */
            complete = start + (uint64_t)(rest.ptr - piece.ptr);
    }
    if (event == SCAN_INVALID)
        return fail(error, RF_E_CORRUPT, "%s: invalid command at offset %" PRIu64 " of the stream",
                    link_name(follow->link), start + (uint64_t)(rest.ptr - piece.ptr));
    TRY(fifo_put(follow->stream, piece, clock_unix_us() / 1000, error));
    atomic_store(&follow->received, start + piece.len);
    if (complete > atomic_exchange(&follow->complete, complete))
        eventfd_write(follow->event_fd, 1);
    return RF_OK;
}

static rf_code on_event(struct rf_follow *follow, enum sync_event event, rf_slice piece, rf_error *error)
{
    switch (event) {
    case SYNC_RDB: return fifo_put(follow->rdb, piece, 0, error);
    case SYNC_END:
        follow->in_stream = true;
        fifo_finish(follow->rdb, RF_END, error);
        return RF_OK;
    case SYNC_STREAM: return on_stream(follow, piece, error);
    case SYNC_MORE:
    case SYNC_FULL:
    case SYNC_CONTINUE:
    case SYNC_BEGIN:
    case SYNC_REFUSED:
    case SYNC_INVALID: break;
    }
    return RF_OK;
}

static rf_code acknowledge(struct rf_follow *follow, rf_error *error)
{
    uint64_t received = atomic_load(&follow->received);
    int64_t now_ms = clock_monotonic_ms();
    if (!follow->in_stream || (now_ms < follow->next_ack_ms && !follow->asked))
        return RF_OK;
    uint64_t offset = follow->asked || received == 0 ? received : received - 1;
    follow->asked = false;
    bool has_begun = received > atomic_load(&follow->start);
    follow->next_ack_ms = now_ms + (has_begun ? ACK_EVERY_MS : FIRST_ACK_EVERY_MS);
    return link_ack(follow->link, offset, error);
}

/* Until the link is lost. */
static rf_code read_link(struct rf_follow *follow, rf_error *error)
{
    while (!atomic_load(&follow->stopped)) {
        enum sync_event event;
        rf_slice piece;
        TRY(acknowledge(follow, error));
        if (fifo_is_full(follow->in_stream ? follow->stream : follow->rdb)) {
            clock_sleep_ms(FULL_PAUSE_MS);
            continue;
        }
        int64_t until_ms = follow->in_stream ? follow->next_ack_ms : INT64_MAX;
        TRY(link_poll(follow->link, until_ms, &event, &piece, error));
        TRY(on_event(follow, event, piece, error));
    }
    return fail(error, RF_E_READ, "read cancelled");
}

static void *run(void *ctx)
{
    struct rf_follow *follow = ctx;
    rf_error error;
    rf_code code = follow->in_stream ? RF_OK
                                     : waiting_attempt(&follow->source, begin_snapshot, follow, &error);
    while (code == RF_OK) {
        code = read_link(follow, &error);
        disconnect(follow);
        follow->next_ack_ms = 0;
        if (code == RF_E_UNAVAILABLE && follow->in_stream)
            code = waiting_attempt(&follow->source, connect_once, follow, &error);
        else if (code == RF_E_UNAVAILABLE)
            atomic_store(&follow->needs_snapshot, true);
    }
    code = refusal_blame("", code, &error);
    if (!follow->in_stream)
        fifo_finish(follow->rdb, code, &error);
    fifo_finish(follow->stream, code, &error);
    atomic_store(&follow->ended, true);
    eventfd_write(follow->event_fd, 1);
    return NULL;
}

/* --- opening and closing ------------------------------------------------------------------------------ */

static void log_to_caller(void *ctx, rf_log_level level, const char *text)
{
    const struct rf_follow *follow = ctx;
    const rf_target_wait *wait = &follow->caller->wait;
    wait->on_log(wait->ctx, level, text);
}

/* A wait of the thread ends when it is stopped, and not when one of the caller does. */
static void detach_waits(struct rf_follow *follow)
{
    rf_target_wait *wait = &follow->source.wait;
    wait->on_log = wait->on_log ? log_to_caller : NULL;
    wait->tick = check_stopped;
    wait->ctx = follow;
}

static rf_code start(struct rf_follow *follow, const rf_follow_options *options, rf_error *error)
{
    if (follow->event_fd < 0)
        return fail_errno(error, RF_E_MEMORY, "cannot create an eventfd");
    TRY(fifo_open(options->spool_directory, options->spool_limit, &follow->rdb, error));
    TRY(fifo_open(options->spool_directory, options->spool_limit, &follow->stream, error));
    TRY(waiting_attempt(&follow->source, connect_first, follow, error));
    begin_stream_at(follow, atomic_load(&follow->received));
    detach_waits(follow);
    if (thread_start(&follow->thread, run, follow) != 0)
        return fail(error, RF_E_MEMORY, "cannot start a thread");
    follow->running = true;
    return RF_OK;
}

rf_code rf_follow_open(const rf_target *source, const rf_follow_options *options, rf_follow **out,
                       rf_error *error)
{
    return follow_open(source, NULL, 0, options, out, error);
}

rf_code follow_open(const rf_target *source, const struct primaries *cluster, size_t node,
                    const rf_follow_options *options, rf_follow **out, rf_error *error)
{
    struct rf_follow *follow = calloc(1, sizeof *follow);
    if (!follow)
        return out_of_memory(error);
    pthread_mutex_init(&follow->lock, NULL);
    pthread_mutex_init(&follow->marks_lock, NULL);
    follow->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    follow->source = *source;
    follow->caller = source;
    follow->place = (struct place){&follow->source, cluster, node, true};
    follow->in_stream = options->id != NULL;
    if (options->id)
        strncpy(follow->id, options->id, SYNC_ID);
    atomic_store(&follow->received, options->offset);
    rf_code code = start(follow, options, error);
    if (code != RF_OK) {
        rf_follow_close(follow);
        return refusal_blame("", code, error);
    }
    *out = follow;
    return RF_OK;
}

void rf_follow_id(rf_follow *follow, char *id)
{
    pthread_mutex_lock(&follow->lock);
    memcpy(id, follow->id, sizeof follow->id);
    pthread_mutex_unlock(&follow->lock);
}

uint64_t rf_follow_start(const rf_follow *follow)
{
    return atomic_load(&follow->start);
}

bool rf_follow_needs_snapshot(const rf_follow *follow)
{
    return atomic_load(&follow->needs_snapshot);
}

bool rf_follow_is_connected(const rf_follow *follow)
{
    return atomic_load(&follow->connected);
}

uint64_t rf_follow_received(rf_follow *follow)
{
    return atomic_load(&follow->complete);
}

void rf_follow_stop(rf_follow *follow)
{
    atomic_store(&follow->stopped, true);
    fifo_stop(follow->rdb);
    fifo_stop(follow->stream);
    pthread_mutex_lock(&follow->lock);
    if (follow->link)
        link_stop(follow->link);
    pthread_mutex_unlock(&follow->lock);
}

void rf_follow_close(rf_follow *follow)
{
    if (!follow)
        return;
    if (follow->running) {
        rf_follow_stop(follow);
        pthread_join(follow->thread, NULL);
    }
    rf_reader_close(follow->reader);
    link_close(follow->link);
    fifo_close(follow->rdb);
    fifo_close(follow->stream);
    free(follow->marks);
    absolute_expiry_free(&follow->absolute);
    if (follow->event_fd >= 0)
        close(follow->event_fd);
    pthread_mutex_destroy(&follow->lock);
    pthread_mutex_destroy(&follow->marks_lock);
    free(follow);
}
