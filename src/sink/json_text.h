/* SPDX-License-Identifier: MIT */
/* Writes strings and numbers as JSON to an outbuf. Each is preceded by one character: a bracket, a comma or a
 * colon. */
#ifndef SINK_JSON_TEXT_H
#define SINK_JSON_TEXT_H

#include "base/outbuf.h"
#include <rdbferry/sink.h>
#include <rdbferry/value.h>

static inline void json_put_char(struct outbuf *out, char c)
{
    uint8_t *p = outbuf_reserve(out, 1);
    *p = (uint8_t)c;
    out->pos = p + 1;
}

#define JSON_PUT(out, literal) outbuf_put(out, "" literal, sizeof(literal) - 1)

/* A string: valid UTF-8 is written unchanged, except for quotes, backslashes and control characters. In any
 * other string, each byte from 0x80 on is written as \u00XX, or the string as an object with its base64,
 * according to `bytes`. */
void json_put_text(struct outbuf *out, char before, rf_slice text, rf_json_bytes bytes);

/* {"base64":"..."}, and the string in it. */
void json_put_base64_object(struct outbuf *out, char before, rf_slice bytes);
void json_put_base64(struct outbuf *out, char before, rf_slice bytes);

void json_put_u64(struct outbuf *out, char before, uint64_t n);
void json_put_i64(struct outbuf *out, char before, int64_t n);

/* The shortest number that reads back; "inf", "-inf" and "nan" are strings. */
void json_put_double(struct outbuf *out, char before, double d);

/* "1-2" */
void json_put_id(struct outbuf *out, char before, rf_stream_id id);

#endif
