/* SPDX-License-Identifier: MIT */
/* Growable buffers: capacity doubles, so that appending is linear overall. */
#include "base/buffer.h"

#include <stdlib.h>
#include <string.h>

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

bool buffer_reserve(struct buffer *buffer, size_t n)
{
    return buffer_reserve_within(buffer, n, SIZE_MAX);
}

bool buffer_append(struct buffer *buffer, rf_slice bytes)
{
    if (!buffer_reserve(buffer, bytes.len))
        return false;
    if (bytes.len)
        memcpy(buffer->data + buffer->len, bytes.ptr, bytes.len);
    buffer->len += bytes.len;
    return true;
}

void buffer_free(struct buffer *buffer)
{
    free(buffer->data);
    *buffer = (struct buffer){0};
}
