/* SPDX-License-Identifier: MIT */
/* The rarer ways to print a bulk string. */
#include "resp/resp_write.h"

void resp_bulk_large(struct outbuf *out, rf_slice bytes)
{
    out->pos = resp_print_header(outbuf_room(out, RESP_HEADER_MAX), '$', bytes.len);
    outbuf_put(out, bytes.ptr, bytes.len);
    outbuf_put(out, "\r\n", 2);
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
