/* SPDX-License-Identifier: MIT */
/* A batch: one command with many items, written in place in an outbuf.
 *
 *     start      body                                         pos
 *       | "*nnn\r\n" | "$5\r\nRPUSH\r\n$3\r\nkey\r\n" | item | item | ...
 *
 * The number of arguments comes first but is known last, because a batch is limited in items and in bytes. So
 * space for the widest header is reserved; if it is narrower, the body is moved by a byte or two. While a
 * batch is open nothing else may write to the outbuf. */
#ifndef COMMAND_BATCH_H
#define COMMAND_BATCH_H

#include "base/buffer.h"
#include "resp/resp_write.h"

enum {
    BATCH_ITEMS = 64,        /* the same number as in a server's own rewrite */
    BATCH_BYTES = 64 * 1024, /* a larger item gets a command of its own */
    BATCH_HEADER = 6,        /* "*nnn\r\n": at most 2 + 64 * 3 arguments */
};

struct batch {
    struct outbuf *out;
    struct buffer opening; /* the command's name and key, as RESP */
    uint8_t *start, *limit;
    unsigned items, item_args;                      /* items so far; 0: closed. Arguments per item */
    uint64_t commands;                              /* so far, of all keys */
    void (*between)(void *ctx, struct outbuf *out); /* called before each command; NULL: not */
    void *ctx;
};

/* Counts the next command, before anything of it is written. */
static inline void batch_count(struct batch *batch)
{
    if (UNLIKELY(batch->between != NULL))
        batch->between(batch->ctx, batch->out);
    batch->commands++;
}

/* Sets the command and key of the next batches, whose items have `item_args` arguments each. False if out of
 * memory. */
bool batch_prepare(struct batch *batch, rf_slice command, rf_slice key, unsigned item_args);

void batch_open(struct batch *batch);
void batch_close(struct batch *batch);

/* Writes the beginning of a command for a single item, up to the item's arguments; for items too large for a
 * batch. */
void batch_single(struct batch *batch);

/* Returns space for n bytes for the next item, or NULL if it is too large: then use batch_single(). */
static inline uint8_t *batch_reserve(struct batch *batch, size_t n)
{
    if (LIKELY(batch->items > 0)) {
        if (LIKELY((size_t)(batch->limit - batch->out->pos) >= n))
            return batch->out->pos;
        batch_close(batch);
    }
    if (UNLIKELY(n + batch->opening.len + BATCH_HEADER > BATCH_BYTES))
        return NULL;
    batch_open(batch);
    return batch->out->pos;
}

/* The item has been written up to `end`. */
static inline void batch_add(struct batch *batch, uint8_t *end)
{
    batch->out->pos = end;
    if (++batch->items == BATCH_ITEMS)
        batch_close(batch);
}

/* Closes the batch if one is open. */
static inline void batch_end(struct batch *batch)
{
    if (batch->items > 0)
        batch_close(batch);
}

#endif
