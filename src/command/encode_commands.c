/* SPDX-License-Identifier: MIT */
/* Plain commands: all bytes between two keys that have changed are copied as one. */
#include "command/encoder.h"

enum { FEW = 128 /* bytes, which are copied at once, with what comes after them */ };

/* Bytes of an input that ends at `end`, and then a key. */
static inline void put_before_key(struct outbuf *out, rf_slice bytes, const uint8_t *end, rf_slice key)
{
    if (UNLIKELY(bytes.len > FEW || end - bytes.ptr < FEW ||
                 (size_t)(out->end - out->pos) < FEW + key.len + BULK_EXTRA)) {
        outbuf_put(out, bytes.ptr, bytes.len);
        resp_bulk(out, key);
        return;
    }
    memcpy(out->pos, bytes.ptr, FEW);
    out->pos = resp_print_bulk(out->pos + bytes.len, key);
}

void encoder_put_commands(struct encoder *e, const rf_plain_commands *run)
{
    const rf_plain_command *last = &run->commands[run->count - 1];
    const uint8_t *end = last->rest.ptr + last->rest.len;
    const uint8_t *from = NULL, *to = NULL; /* what is to be copied */
    struct outbuf *out = e->out;
    encoder_append(e, run->db, (rf_slice){0});
    for (const rf_plain_command *c = run->commands; c <= last; c++) {
        if (c->head.ptr != to) {
            if (from)
                outbuf_put_few(out, from, (size_t)(to - from), end, FEW);
            from = c->head.ptr;
        }
        if (!rf_plain_command_is_whole(c)) {
            put_before_key(out, slice_of(from, (size_t)(c->head.ptr + c->head.len - from)), end, c->key);
            from = c->rest.ptr;
        }
        to = c->rest.ptr + c->rest.len;
    }
    outbuf_put(out, from, (size_t)(to - from));
}
