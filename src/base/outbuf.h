/* SPDX-License-Identifier: MIT */
/* An outbuf: the destination of encoders, one block of memory at a time.
 *
 *    start          pos                end
 *      | written     | free              |
 *
 * When a block has too little space left, `next` passes the written part on (to a writer thread, a socket)
 * and provides an empty block, or moves it to a larger one. Failures do not interrupt encoders: the outbuf
 * then keeps providing a block whose contents are discarded, and `code` is set; callers check it once per
 * entry. The structure that embeds an outbuf owns the block. */
#ifndef BASE_OUTBUF_H
#define BASE_OUTBUF_H

#include "base/bytes.h"
#include <rdbferry/error.h>
#include <stddef.h>
#include <stdint.h>

enum { OUTBUF_RESERVE_MAX = 128 * 1024 }; /* the maximum that outbuf_reserve() may be asked for */

struct outbuf {
    uint8_t *start, *pos, *end;
    void (*next)(struct outbuf *out); /* postcondition: end - pos >= OUTBUF_RESERVE_MAX */
    rf_code code;                     /* RF_OK, or why output is discarded */
};

/* Returns a pointer to at least n contiguous writable bytes; the caller then sets `pos` after the bytes
 * written. Never fails. */
static inline uint8_t *outbuf_reserve(struct outbuf *out, size_t n)
{
    if (UNLIKELY((size_t)(out->end - out->pos) < n))
        out->next(out);
    return out->pos;
}

/* Appends n bytes, however many. */
void outbuf_put_slow(struct outbuf *out, const void *bytes, size_t n);

static inline void outbuf_put(struct outbuf *out, const void *bytes, size_t n)
{
    if (LIKELY((size_t)(out->end - out->pos) >= n)) {
        if (n)
            memcpy(out->pos, bytes, n);
        out->pos += n;
    } else {
        outbuf_put_slow(out, bytes, n);
    }
}

/* The same for bytes after which more can be read, up to `end`: up to `few`, a constant, are copied at once
 * with what comes after them, without a branch on n. */
static inline void outbuf_put_few(struct outbuf *out, const uint8_t *bytes, size_t n, const uint8_t *end,
                                  size_t few)
{
    if (LIKELY(n <= few && (size_t)(end - bytes) >= few && (size_t)(out->end - out->pos) >= few)) {
        memcpy(out->pos, bytes, few);
        out->pos += n;
    } else {
        outbuf_put(out, bytes, n);
    }
}

#endif
