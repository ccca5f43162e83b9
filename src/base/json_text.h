/* SPDX-License-Identifier: MIT */
/* Writes strings and numbers as JSON to an outbuf. Each is preceded by one character: a bracket, a comma or a
 * colon. */
#ifndef BASE_JSON_TEXT_H
#define BASE_JSON_TEXT_H

#include "base/outbuf.h"
#include <rdbferry/slice.h>
#include <stdbool.h>

static inline void json_put_char(struct outbuf *out, char c)
{
    uint8_t *p = outbuf_reserve(out, 1);
    *p = (uint8_t)c;
    out->pos = p + 1;
}

#define JSON_PUT(out, literal) outbuf_put(out, "" literal, sizeof(literal) - 1)

/* A string: valid UTF-8 is written unchanged, except for quotes, backslashes and control characters. Any
 * other string is written with each byte from 0x80 on as \u00XX or, if `base64`, as an object with its
 * base64. */
void json_put_text(struct outbuf *out, char before, rf_slice text, bool base64);

/* {"base64":"..."}, and the string in it. */
void json_put_base64_object(struct outbuf *out, char before, rf_slice bytes);
void json_put_base64(struct outbuf *out, char before, rf_slice bytes);

/* Writes the base64 of n bytes, (n + 2) / 3 * 4 bytes. Returns the end. */
uint8_t *base64_print(uint8_t *to, const uint8_t *from, size_t n);

void json_put_u64(struct outbuf *out, char before, uint64_t n);
void json_put_i64(struct outbuf *out, char before, int64_t n);

/* The shortest number that reads back; "inf", "-inf" and "nan" are strings. */
void json_put_double(struct outbuf *out, char before, double d);

#endif
