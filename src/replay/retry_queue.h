/* SPDX-License-Identifier: MIT */
/* Queues of requests to be sent again. */
#ifndef REPLAY_RETRY_QUEUE_H
#define REPLAY_RETRY_QUEUE_H

#include "base/buffer.h"
#include "replay/pipeline.h"

/* A request that waits to be sent again. */
struct retry_item {
    struct retry_item *next;
    struct request request;
    struct buffer bytes;
};

struct retry_queue {
    struct retry_item *first, **end;
};

void retry_queue_push(struct retry_queue *queue, struct retry_item *item);
struct retry_item *retry_queue_pop(struct retry_queue *queue);
void retry_queue_prepend(struct retry_queue *queue, struct retry_queue *from);
void retry_queue_free(struct retry_queue *queue);
void retry_item_free(struct retry_item *item);

/* Takes a request out of its pipeline. NULL: out of memory, and r->error is set. */
struct retry_item *retry_take(rf_replay *r, struct pipeline *pipeline, uint64_t number);

/* Moves a request from its pipeline to the retry queue. NULL: out of memory, and r->error is set. */
struct retry_item *retry_enqueue(rf_replay *r, struct pipeline *pipeline, uint64_t number,
                                 struct retry_queue *into);

/* Notes that a request has to be sent again, because of its result: refreshes the topology, and waits before
 * that, if necessary. */
void retry_note(rf_replay *r, struct request *request);

/* Queue the removal of a key, or of its staging key. The request `of` is not done before. */
void retry_delete_key(rf_replay *r, const struct request *of, rf_slice key);
void retry_delete_staging_key(rf_replay *r, const struct request *of, rf_slice key);

#endif
