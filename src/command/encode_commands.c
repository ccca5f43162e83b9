/* SPDX-License-Identifier: MIT */
/* Plain commands: all bytes between two keys that have changed are copied as one. */
#include "command/encoder.h"

/* Bytes of the input, and then a key. */
static inline void put_before_key(struct outbuf *out, const uint8_t *from, const uint8_t *to, rf_slice key)
{
    const size_t n = (size_t)(to - from);
    if (UNLIKELY((size_t)(out->end - out->pos) < n + key.len + BULK_EXTRA)) {
        outbuf_put(out, from, n);
        resp_bulk(out, key);
        return;
    }
    bytes_copy(out->pos, from, n);
    out->pos = resp_print_bulk(out->pos + n, key);
}

void encoder_put_commands(struct encoder *e, const rf_plain_commands *run)
{
    const uint8_t *from = NULL, *to = NULL; /* what is to be copied */
    struct outbuf *out = e->out;
    encoder_append(e, run->db, (rf_slice){0});
    for (const rf_plain_command *c = run->commands; c < run->commands + run->count; c++) {
        if (c->head.ptr != to) {
            outbuf_put(out, from, (size_t)(to - from));
            from = c->head.ptr;
        }
        if (!rf_plain_command_is_whole(c)) {
            put_before_key(out, from, c->head.ptr + c->head.len, c->key);
            from = c->rest.ptr;
        }
        to = c->rest.ptr + c->rest.len;
    }
    outbuf_put(out, from, (size_t)(to - from));
}
