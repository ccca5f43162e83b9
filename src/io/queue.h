/* SPDX-License-Identifier: MIT */
/* A queue: pointers on their way from one thread to another, in order.
 *
 * Two of them carry a fixed set of blocks round: full ones there, empty ones back. So taking waits,
 * putting never does: a queue holds as many items as there are blocks. */
#ifndef IO_QUEUE_H
#define IO_QUEUE_H

#include <pthread.h>
#include <stdbool.h>

enum { QUEUE_SIZE = 8 };

struct queue {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    void *items[QUEUE_SIZE];
    unsigned first, count;
    bool closed;
};

void queue_init(struct queue *queue);
void queue_free(struct queue *queue);

/* At most QUEUE_SIZE items are in a queue. */
void queue_put(struct queue *queue, void *item);

/* The oldest item; waits for one. NULL once the queue is closed and empty. */
void *queue_take(struct queue *queue);

/* No item comes any more: wakes whoever waits for one. */
void queue_close(struct queue *queue);

#endif
