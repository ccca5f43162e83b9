/* SPDX-License-Identifier: MIT */
/* A batch: one command that takes many items, growing in place in an outbuf.
 *
 *     start      body                                         pos
 *       | "*nnn\r\n" | "$5\r\nRPUSH\r\n$3\r\nkey\r\n" | item | item | ...
 *
 * The number of arguments stands first and is known last, because a batch is bounded in items and in
 * bytes. So room for the widest header is left; where it comes out narrower, the body moves up by a byte or
 * two. While a batch is open nobody else writes to the outbuf. */
#ifndef COMMAND_BATCH_H
#define COMMAND_BATCH_H

#include "base/buffer.h"
#include "resp/resp_write.h"

enum {
    BATCH_ITEMS = 64,        /* as a server's own rewrite does */
    BATCH_BYTES = 64 * 1024, /* beyond that an item goes into a command of its own */
    BATCH_HEADER = 6,        /* "*nnn\r\n": at most 2 + 64 * 3 arguments */
};

struct batch {
    struct outbuf *out;
    struct buffer opening; /* the command's name and key, as RESP */
    uint8_t *start, *limit;
    unsigned items, item_args; /* items so far; 0: closed. Arguments that each takes */
    uint64_t commands;         /* so far, of all keys */
};

/* The command and key of the batches to come, whose items take `item_args` arguments each. Fails only when
 * memory is out. */
bool batch_prepare(struct batch *batch, rf_slice command, rf_slice key, unsigned item_args);

void batch_open(struct batch *batch);
void batch_close(struct batch *batch);

/* Writes the command for one item alone up to where its arguments begin; for items too large for a batch. */
void batch_single(struct batch *batch);

/* A place with n bytes of room for the next item, or NULL if it is too large: then batch_single(). */
static inline uint8_t *batch_room(struct batch *batch, size_t n)
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
