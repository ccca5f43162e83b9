/* SPDX-License-Identifier: MIT */
/* The slow path of an outbuf: data that does not fit is passed on block by block. */
#include "base/outbuf.h"

void outbuf_put_slow(struct outbuf *out, const void *bytes, size_t n)
{
    const uint8_t *from = bytes;
    for (;;) {
        size_t available = (size_t)(out->end - out->pos);
        size_t part = n < available ? n : available;
        if (part)
            memcpy(out->pos, from, part);
        out->pos += part;
        from += part;
        n -= part;
        if (n == 0)
            return;
        out->next(out);
    }
}
