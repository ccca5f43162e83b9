/* SPDX-License-Identifier: MIT */
/* Growable buffers: capacity doubles, so that appending is linear overall. */
#include "base/buffer.h"

#include <stdlib.h>

bool buffer_reserve_within(struct buffer *buffer, size_t n, size_t most)
{
    if (buffer->cap - buffer->len >= n)
        return true;
    size_t cap = buffer->cap ? buffer->cap : 64;
    while (cap - buffer->len < n) {
        if (cap > SIZE_MAX / 2)
            return false;
        cap *= 2;
    }
    if (cap > most && most >= buffer->len + n)
        cap = most;
    uint8_t *data = realloc(buffer->data, cap);
    if (!data)
        return false;
    buffer->data = data;
    buffer->cap = cap;
    return true;
}

void buffer_free(struct buffer *buffer)
{
    free(buffer->data);
    *buffer = (struct buffer){0};
}
