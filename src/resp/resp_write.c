/* SPDX-License-Identifier: MIT */
/* The less frequent ways to print a bulk string, and commands. */
#include "resp/resp_write.h"

/* clang-format off */
#define HEADER(n) {"$" #n "\r\n"}
#define TEN(t)                                                                  \
    HEADER(t##0), HEADER(t##1), HEADER(t##2), HEADER(t##3), HEADER(t##4),       \
    HEADER(t##5), HEADER(t##6), HEADER(t##7), HEADER(t##8), HEADER(t##9)

const char resp_short_headers[RESP_SHORT][8] = {
    HEADER(0), HEADER(1), HEADER(2), HEADER(3), HEADER(4),
    HEADER(5), HEADER(6), HEADER(7), HEADER(8), HEADER(9),
    TEN(1), TEN(2), TEN(3), TEN(4), TEN(5), TEN(6), TEN(7), TEN(8), TEN(9),
};
/* clang-format on */

void resp_bulk_large(struct outbuf *out, rf_slice bytes)
{
    out->pos = resp_print_header(outbuf_reserve(out, RESP_HEADER_MAX), '$', bytes.len);
    outbuf_put(out, bytes.ptr, bytes.len);
    outbuf_put(out, "\r\n", 2);
}

bool resp_append_command(struct buffer *out, const rf_slice *argv, size_t argc)
{
    size_t size = RESP_HEADER_MAX;
    for (size_t i = 0; i < argc; i++)
        size += argv[i].len + BULK_EXTRA;
    if (!buffer_reserve(out, size))
        return false;
    uint8_t *p = resp_print_header(out->data + out->len, '*', argc);
    for (size_t i = 0; i < argc; i++)
        p = resp_print_bulk(p, argv[i]);
    out->len = (size_t)(p - out->data);
    return true;
}

void resp_bulk_i64(struct outbuf *out, int64_t n)
{
    uint8_t text[NUMBER_TEXT_MAX];
    resp_bulk(out, (rf_slice){text, number_print_i64(text, n)});
}

void resp_bulk_u64(struct outbuf *out, uint64_t n)
{
    uint8_t text[NUMBER_TEXT_MAX];
    resp_bulk(out, (rf_slice){text, number_print_u64(text, n)});
}
