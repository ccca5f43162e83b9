/* SPDX-License-Identifier: MIT */
/* What of that which was put is not done: the oldest entry in flight. */
#include "replay/internal.h"

struct oldest {
    int64_t input; /* only entries of it count; ANY_INPUT: all */
    uint64_t seq;
    rf_position position;
};

enum { ANY_INPUT = -1 };

static void update(struct oldest *oldest, uint64_t seq, rf_position position)
{
    if (seq >= oldest->seq || (oldest->input != ANY_INPUT && position.input != oldest->input))
        return;
    oldest->seq = seq;
    oldest->position = position;
}

static void add_request(struct oldest *oldest, const struct request *request)
{
    update(oldest, request->seq, request->position);
}

static void add_pipeline(struct oldest *oldest, const struct pipeline *pipeline)
{
    for (uint64_t i = pipeline->head; i < pipeline->tail; i++)
        if (!pipeline_request(pipeline, i)->done)
            add_request(oldest, pipeline_request(pipeline, i));
}

static void add_queue(struct oldest *oldest, const struct retry_queue *queue)
{
    for (const struct retry_item *item = queue->first; item; item = item->next)
        add_request(oldest, &item->request);
}

static void add_strings(struct oldest *oldest, const struct open_strings *strings)
{
    if (!strings->batch)
        return;
    const struct request first = strings_first(strings);
    add_request(oldest, &first);
}

static void add_commands(struct oldest *oldest, const struct command_queues *c)
{
    if (c->transaction.open)
        update(oldest, c->transaction.seq, c->transaction.position);
    for (const struct slot_queue *q = c->lists[QUEUES_OPEN].first; q; q = q->links[QUEUES_OPEN].next) {
        const struct request first = command_queue_first(q);
        add_request(oldest, &first);
    }
    for (const struct slot_queue *q = c->lists[QUEUES_RECOVERING].first; q;
         q = q->links[QUEUES_RECOVERING].next)
        for (const struct retry_item *item = q->pending; item; item = item->next)
            add_request(oldest, &item->request);
}

static void find(const rf_replay *r, struct oldest *oldest)
{
    if (r->current.in_progress)
        update(oldest, r->current.seq, r->current.position);
    add_strings(oldest, &r->strings);
    add_commands(oldest, &r->commands);
    for (size_t i = 0; i < r->map.node_count; i++)
        for (unsigned j = 0; j < r->options.connections; j++)
            add_pipeline(oldest, &node_at(r, i)->pipelines[j]);
    for (size_t i = 0; i < r->map.node_count; i++) {
        add_queue(oldest, &node_at(r, i)->held.retry);
        add_queue(oldest, &node_at(r, i)->held.unconfirmed);
    }
    add_queue(oldest, &r->retry.queue);
    add_queue(oldest, &r->retry.fallback);
    add_queue(oldest, &r->retry.batch);
    if (r->retry.current)
        add_request(oldest, &r->retry.current->request);
    add_queue(oldest, &r->retry.unconfirmed);
}

rf_position rf_replay_acked(const rf_replay *r)
{
    const rf_position current = r->current.position;
    struct oldest oldest = {ANY_INPUT, r->current.seq + 1, {current.input, current.offset + 1}};
    if (r->current.seq == r->current.refused)
        return (rf_position){0};
    find(r, &oldest);
    return oldest.position;
}

bool rf_replay_in_flight(const rf_replay *r, uint32_t input, uint64_t *offset)
{
    struct oldest oldest = {.input = input, .seq = r->current.seq + 1};
    find(r, &oldest);
    *offset = oldest.position.offset;
    return oldest.seq <= r->current.seq;
}
