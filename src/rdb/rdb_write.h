/* SPDX-License-Identifier: MIT */
/* The primitives of RDB files for writing: lengths in their shortest form, strings uncompressed. */
#ifndef RDB_RDB_WRITE_H
#define RDB_RDB_WRITE_H

#include "base/buffer.h"
#include "base/bytes.h"

enum { RDB_LENGTH_MAX = 9 };

/* Writes a length, at most RDB_LENGTH_MAX bytes; returns how many. */
static inline size_t rdb_put_length(uint8_t *p, uint64_t n)
{
    if (n < 1 << 6) {
        p[0] = (uint8_t)n;
        return 1;
    }
    if (n < 1 << 14) {
        store_be16(p, (uint16_t)(0x4000 | n));
        return 2;
    }
    if (n <= UINT32_MAX) {
        p[0] = 0x80;
        store_be32(p + 1, (uint32_t)n);
        return 5;
    }
    p[0] = 0x81;
    store_be64(p + 1, n);
    return 9;
}

static inline bool rdb_append_string(struct buffer *out, rf_slice bytes)
{
    if (!buffer_reserve(out, RDB_LENGTH_MAX))
        return false;
    out->len += rdb_put_length(out->data + out->len, bytes.len);
    return buffer_append(out, bytes);
}

#endif
