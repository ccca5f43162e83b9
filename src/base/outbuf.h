/* SPDX-License-Identifier: MIT */
/* An outbuf: the place encoders write to, a block of memory at a time.
 *
 *    start          pos                end
 *      | written     | room             |
 *
 * When a block has not enough room left, `next` hands the written part on (to a writer thread, a
 * socket, a growing buffer) and provides a block with room again. Failure does not interrupt encoders:
 * the outbuf then keeps providing a block whose contents are thrown away, and `code` is set; callers
 * check it once for each entry. Whoever embeds an outbuf owns the block. */
#ifndef BASE_OUTBUF_H
#define BASE_OUTBUF_H

#include "base/bytes.h"
#include <rdbferry/error.h>
#include <stddef.h>
#include <stdint.h>

enum { OUTBUF_ROOM_MAX = 128 * 1024 }; /* the most that outbuf_room() may be asked for */

struct outbuf {
    uint8_t *start, *pos, *end;
    void (*next)(struct outbuf *out); /* afterwards start == pos and end - pos >= OUTBUF_ROOM_MAX */
    rf_code code;                     /* RF_OK, or why nothing is written any more */
};

/* At least n contiguous bytes to write to, at the returned place; then set `pos` behind what was written.
 * Never fails. */
static inline uint8_t *outbuf_room(struct outbuf *out, size_t n)
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

#endif
