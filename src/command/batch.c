/* SPDX-License-Identifier: MIT */
/* Opening and closing batches. */
#include "command/batch.h"

static bool append_bulk(struct buffer *out, rf_slice bytes)
{
    if (!buffer_reserve(out, RESP_HEADER_MAX + bytes.len + 2))
        return false;
    out->len = (size_t)(resp_print_bulk(out->data + out->len, bytes) - out->data);
    return true;
}

bool batch_prepare(struct batch *batch, rf_slice command, rf_slice key, unsigned item_args)
{
    batch->item_args = item_args;
    batch->items = 0;
    batch->opening.len = 0;
    return append_bulk(&batch->opening, command) && append_bulk(&batch->opening, key);
}

void batch_open(struct batch *batch)
{
    batch_count(batch);
    batch->start = outbuf_reserve(batch->out, BATCH_BYTES);
    batch->limit = batch->start + BATCH_BYTES;
    memcpy(batch->start + BATCH_HEADER, batch->opening.data, batch->opening.len);
    batch->out->pos = batch->start + BATCH_HEADER + batch->opening.len;
}

void batch_close(struct batch *batch)
{
    uint8_t header[RESP_HEADER_MAX];
    uint8_t *body = batch->start + BATCH_HEADER;
    size_t width = (size_t)(resp_print_header(header, '*', 2 + batch->items * batch->item_args) - header);
    memcpy(batch->start, header, width);
    if (width < BATCH_HEADER)
        memmove(batch->start + width, body, (size_t)(batch->out->pos - body));
    batch->out->pos -= BATCH_HEADER - width;
    batch->items = 0;
}

void batch_single(struct batch *batch)
{
    batch_count(batch);
    resp_array(batch->out, 2 + batch->item_args);
    outbuf_put(batch->out, batch->opening.data, batch->opening.len);
}
