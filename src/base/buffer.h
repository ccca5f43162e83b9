/* SPDX-License-Identifier: MIT */
/* A growable run of bytes. A zeroed buffer is empty and ready. */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include <rdbferry/slice.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct buffer {
    uint8_t *data;
    size_t len, cap;
};

/* Reserves n more bytes after len, in a buffer that never needs more than `most` bytes: it does not grow
 * beyond that. False if out of memory; the buffer is then unchanged. */
bool buffer_reserve_within(struct buffer *buffer, size_t n, size_t most);

/* The same without that limit. */
static inline bool buffer_reserve(struct buffer *buffer, size_t n)
{
    return buffer->cap - buffer->len >= n || buffer_reserve_within(buffer, n, SIZE_MAX);
}

static inline bool buffer_append(struct buffer *buffer, rf_slice bytes)
{
    if (!buffer_reserve(buffer, bytes.len))
        return false;
    if (bytes.len)
        memcpy(buffer->data + buffer->len, bytes.ptr, bytes.len);
    buffer->len += bytes.len;
    return true;
}

static inline rf_slice buffer_slice(const struct buffer *buffer)
{
    return (rf_slice){buffer->data, buffer->len};
}

void buffer_free(struct buffer *buffer);

#endif
