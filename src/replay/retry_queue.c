/* SPDX-License-Identifier: MIT */
/* Queues of requests to be sent again, and how requests get into them. */
#include "base/bytes.h"
#include "base/clock.h"
#include "base/fail.h"
#include "replay/internal.h"
#include "replay/staging_key.h"
#include "resp/resp_write.h"
#include <stdlib.h>

void retry_queue_push(struct retry_queue *queue, struct retry_item *item)
{
    if (!queue->first)
        queue->end = &queue->first;
    *queue->end = item;
    queue->end = &item->next;
    item->next = NULL;
}

struct retry_item *retry_queue_pop(struct retry_queue *queue)
{
    struct retry_item *item = queue->first;
    if (item)
        queue->first = item->next;
    return item;
}

void retry_item_free(struct retry_item *item)
{
    if (!item)
        return;
    free(item->request.error_text);
    free(item->request.group);
    buffer_free(&item->bytes);
    free(item);
}

void retry_queue_prepend(struct retry_queue *queue, struct retry_queue *from)
{
    if (!from->first)
        return;
    if (!queue->first)
        queue->end = from->end;
    *from->end = queue->first;
    queue->first = from->first;
    from->first = NULL;
}

void retry_queue_free(struct retry_queue *queue)
{
    for (struct retry_item *item; (item = retry_queue_pop(queue));)
        retry_item_free(item);
}

static struct retry_item *out_of_memory(rf_replay *r, struct retry_item *item)
{
    retry_item_free(item);
    if (r->error.code == RF_OK)
        fail(&r->error, RF_E_MEMORY, "out of memory for retries");
    return NULL;
}

/* After a redirection it is sent again at once, unless that was redirected, too. */
void retry_note(rf_replay *r, struct request *request)
{
    if (request->result == RESULT_MOVED || request->ask_node)
        r->retry.backoff |= request->redirects++ > 0;
    else
        r->map.stale = r->retry.backoff = true;
}

struct retry_item *retry_take(rf_replay *r, struct pipeline *pipeline, uint64_t number)
{
    struct request *request = pipeline_request(pipeline, number);
    struct retry_item *item = calloc(1, sizeof *item);
    if (!item || !pipeline_copy(pipeline, number, &item->bytes))
        return out_of_memory(r, item);
    item->request = *request;
    item->request.confirmed_on = NULL;
    if (item->request.since_ms == 0)
        item->request.since_ms = clock_monotonic_ms();
    request->error_text = NULL;
    request->group = NULL;
    request->done = true;
    return item;
}

struct retry_item *retry_enqueue(rf_replay *r, struct pipeline *pipeline, uint64_t number,
                                 struct retry_queue *into)
{
    const struct request *request = pipeline_request(pipeline, number);
    struct retry_item *item = retry_take(r, pipeline, number);
    if (!item)
        return NULL;
    retry_queue_push(into, item);
    if (request->method == METHOD_STAGED && request->kind == REQUEST_KEY)
        item->request.ask_node = NULL; /* a rename requires that both keys are on the same node, after the
                                        slot migration */
    if (request->result == RESULT_MOVED || item->request.ask_node || into == &r->retry.queue)
        retry_note(r, &item->request);
    r->counts.resent += request->kind == REQUEST_KEY && into == &r->retry.queue;
    return item;
}

void retry_delete_key(rf_replay *r, const struct request *of, rf_slice key)
{
    struct retry_item *item = calloc(1, sizeof *item);
    if (!item || !resp_append_command(&item->bytes, (const rf_slice[]){write_unlink_name(r), key}, 2)) {
        out_of_memory(r, item);
        return;
    }
    item->request = (struct request){.kind = REQUEST_CLEANUP,
                                     .seq = of->seq,
                                     .position = of->position,
                                     .db = of->db,
                                     .since_ms = clock_monotonic_ms()};
    retry_queue_push(&r->retry.queue, item);
}

void retry_delete_staging_key(rf_replay *r, const struct request *of, rf_slice key)
{
    if (staging_key_make(key, r->options.run, &r->name))
        retry_delete_key(r, of, buffer_slice(&r->name));
    else
        out_of_memory(r, NULL);
}
