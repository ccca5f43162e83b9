/* SPDX-License-Identifier: MIT */
/* Printing RESP: "*<n>\r\n" and "$<length>\r\n<bytes>\r\n" into an outbuf, and whole commands. */
#ifndef RESP_RESP_WRITE_H
#define RESP_RESP_WRITE_H

#include "base/buffer.h"
#include "base/number.h"
#include "base/outbuf.h"

enum {
    RESP_HEADER_MAX = 1 + NUMBER_TEXT_MAX + 2,
    BULK_EXTRA = RESP_HEADER_MAX + 2, /* the maximum overhead of a bulk string */
};

/* "<mark><n>\r\n"; returns the position after it. `p` has RESP_HEADER_MAX bytes. */
static inline uint8_t *resp_print_header(uint8_t *p, char mark, uint64_t n)
{
    *p++ = (uint8_t)mark;
    if (LIKELY(n < 10))
        *p++ = (uint8_t)('0' + n);
    else
        p += number_print_u64(p, n);
    *p++ = '\r';
    *p++ = '\n';
    return p;
}

enum { RESP_SHORT = 100 };

/* "$<n>\r\n" for n below RESP_SHORT, in eight bytes each. */
extern const char resp_short_headers[RESP_SHORT][8];

/* "$<length>\r\n<bytes>\r\n"; returns the position after it. `p` has RESP_HEADER_MAX + length + 2 bytes. */
static inline uint8_t *resp_print_bulk(uint8_t *p, rf_slice bytes)
{
    if (LIKELY(bytes.len < RESP_SHORT)) {
        memcpy(p, resp_short_headers[bytes.len], 8);
        p += bytes.len < 10 ? 4 : 5;
    } else {
        p = resp_print_header(p, '$', bytes.len);
    }
    bytes_copy(p, bytes.ptr, bytes.len);
    p += bytes.len;
    *p++ = '\r';
    *p++ = '\n';
    return p;
}

static inline void resp_array(struct outbuf *out, uint64_t n)
{
    out->pos = resp_print_header(outbuf_reserve(out, RESP_HEADER_MAX), '*', n);
}

void resp_bulk_large(struct outbuf *out, rf_slice bytes);

static inline void resp_bulk(struct outbuf *out, rf_slice bytes)
{
    if (UNLIKELY((size_t)(out->end - out->pos) < bytes.len + RESP_HEADER_MAX + 2)) {
        resp_bulk_large(out, bytes);
        return;
    }
    out->pos = resp_print_bulk(out->pos, bytes);
}

/* Appends a command. Returns false if out of memory: nothing is appended then. */
bool resp_append_command(struct buffer *out, const rf_slice *argv, size_t argc);

void resp_bulk_i64(struct outbuf *out, int64_t n);
void resp_bulk_u64(struct outbuf *out, uint64_t n);

#endif
