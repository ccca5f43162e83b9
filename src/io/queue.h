/* SPDX-License-Identifier: MIT */
/* A queue: passes pointers from one thread to another, in order.
 *
 * Two queues circulate a fixed set of blocks: full ones one way, empty ones back. Only taking waits; putting
 * never does, as a queue can hold all blocks. */
#ifndef IO_QUEUE_H
#define IO_QUEUE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

struct queue {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    void **items;
    size_t size, first, count;
    bool closed;
};

/* For at most `size` items. False if out of memory; queue_free() must be called in both cases. */
bool queue_init(struct queue *queue, size_t size);
void queue_free(struct queue *queue);

void queue_put(struct queue *queue, void *item);

/* Waits for the oldest item. NULL once the queue is closed and empty. */
void *queue_pop(struct queue *queue);

/* Ends the queue: wakes a waiting thread. */
void queue_close(struct queue *queue);

#endif
