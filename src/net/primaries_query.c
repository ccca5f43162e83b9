/* SPDX-License-Identifier: MIT */
/* The waits of the thread end when the query is cancelled. */
#include "net/primaries_query.h"

#include "base/fail.h"
#include "base/thread.h"
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct primaries_query {
    rf_target target;
    const rf_address *first;
    size_t count;
    pthread_t thread;
    bool running;
    int event_fd;
    atomic_bool cancelled;
    atomic_bool over; /* the result is complete: */
    rf_code code;
    rf_error error;
    struct primaries found;
};

static rf_code check_cancelled(void *ctx, rf_error *error)
{
    const struct primaries_query *query = ctx;
    return atomic_load(&query->cancelled) ? fail(error, RF_E_READ, "cancelled") : RF_OK;
}

static rf_code find(struct primaries_query *query)
{
    const rf_target *target = &query->target;
    if (query->count > 0 &&
        primaries_find(target, query->first, query->count, &query->found, &query->error) == RF_OK)
        return RF_OK;
    return primaries_find(target, target->addresses, target->address_count, &query->found, &query->error);
}

static void *run(void *arg)
{
    struct primaries_query *query = arg;
    query->code = find(query);
    atomic_store(&query->over, true);
    eventfd_write(query->event_fd, 1);
    return NULL;
}

static rf_code start(struct primaries_query *query, rf_error *error)
{
    if (query->event_fd < 0)
        return fail_errno(error, RF_E_MEMORY, "cannot create an eventfd");
    errno = thread_start(&query->thread, run, query);
    query->running = errno == 0;
    return query->running ? RF_OK : fail_errno(error, RF_E_MEMORY, "cannot start a thread");
}

rf_code primaries_query_begin(const rf_target *target, const rf_address *first, size_t count,
                              struct primaries_query **out, rf_error *error)
{
    struct primaries_query *query = calloc(1, sizeof *query);
    if (!query)
        return fail(error, RF_E_MEMORY, "out of memory");
    query->target = *target;
    query->target.wait = (rf_target_wait){.tick = check_cancelled, .ctx = query};
    query->first = first;
    query->count = count;
    query->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    rf_code code = start(query, error);
    if (code != RF_OK)
        primaries_query_end(query);
    else
        *out = query;
    return code;
}

int primaries_query_fd(const struct primaries_query *query)
{
    return query->event_fd;
}

bool primaries_query_is_over(const struct primaries_query *query)
{
    return atomic_load(&query->over);
}

rf_code primaries_query_result(struct primaries_query *query, struct primaries *out, rf_error *error)
{
    if (!primaries_query_is_over(query))
        return RF_END;
    *out = query->found;
    query->found = (struct primaries){0};
    if (query->code != RF_OK)
        *error = query->error;
    return query->code;
}

void primaries_query_end(struct primaries_query *query)
{
    if (!query)
        return;
    atomic_store(&query->cancelled, true);
    if (query->running)
        pthread_join(query->thread, NULL);
    if (query->event_fd >= 0)
        close(query->event_fd);
    primaries_free(&query->found);
    free(query);
}
