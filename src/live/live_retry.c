/* SPDX-License-Identifier: MIT */
/* Queues of queries, and what is done after a transient error: the query is queued to be sent again, for a
 * limited time, with growing pauses. */
#include "base/clock.h"
#include "live/internal.h"
#include <stdlib.h>

enum {
    RETRY_TIMEOUT_MS = 30 * 1000, /* for transient errors, if the target has no timeout */
    LOSSES_MAX = 3,               /* lost connections per query */
};

/* --- queues -------------------------------------------------------------------------------------------- */

void query_queue_push(struct query_queue *queue, struct query *query)
{
    if (!queue->first)
        queue->end = &queue->first;
    *queue->end = query;
    queue->end = &query->next;
    query->next = NULL;
    queue->count++;
}

struct query *query_queue_pop(struct query_queue *queue)
{
    struct query *query = queue->first;
    if (!query)
        return NULL;
    queue->first = query->next;
    queue->count--;
    return query;
}

void query_free(struct query *query)
{
    if (!query)
        return;
    address_free(&query->ask_address);
    free(query);
}

void query_queue_free(struct query_queue *queue)
{
    for (struct query *query; (query = query_queue_pop(queue));)
        query_free(query);
}

/* --- retries ------------------------------------------------------------------------------------------- */

int64_t live_retry_timeout_ms(const rf_live *live)
{
    const rf_target *target = live->target;
    return target->wait.retry_for_ms > 0 ? target->wait.retry_for_ms
           : target->timeout_ms > 0      ? target->timeout_ms
                                         : RETRY_TIMEOUT_MS;
}

rf_code live_pause(rf_live *live, rf_error *error)
{
    return waiting_pause(&live->target->wait, waiting_next_pause(&live->pause_ms), error);
}

rf_code live_retry(rf_live *live, struct query *query, enum retry_reason reason, const rf_error *why,
                   rf_error *error)
{
    bool lost = reason == RETRY_CONN_LOST || reason == RETRY_CONN_SHARED;
    int64_t now = clock_monotonic_ms();
    if (query->since_ms == 0 && !lost)
        query->since_ms = now;
    query->losses += reason == RETRY_CONN_LOST;
    query->redirects += reason == RETRY_MOVED || reason == RETRY_ASK;
    query_queue_push(&live->retry, query);
    live->map.stale |= reason != RETRY_ASK;
    live->map.moves += reason == RETRY_MOVED || reason == RETRY_ASK;
    live->pause |= lost || reason == RETRY_LATER || query->redirects > 1;
    bool too_long = query->since_ms > 0 && now - query->since_ms > live_retry_timeout_ms(live);
    if (query->losses <= LOSSES_MAX && !too_long) {
        if (lost || reason == RETRY_LATER)
            waiting_log(&live->waiting, &live->target->wait, live_retry_timeout_ms(live), why->message);
        return RF_OK;
    }
    *error = *why;
    return why->code;
}
