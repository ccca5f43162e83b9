/* SPDX-License-Identifier: MIT */
/* Bytes and numbers in readable form. */
#ifndef CMD_TERM_TEXT_H
#define CMD_TERM_TEXT_H

#include <rdbferry/entry.h>
#include <rdbferry/slice.h>
#include <stdio.h>

/* Enough for the result of text_size(). */
enum { SIZE_TEXT = 16 };

/* "912 B", "1.2 KB", "351 KB"; powers of 1000, not 1024. Returns `out`. */
const char *text_size(uint64_t bytes, char out[SIZE_TEXT]);

/* "s", or "" for 1. */
const char *text_plural(uint64_t count);

/* The name as in the TYPE command: "string", "zset"; "?" for RF_TYPE_COUNT, which is no type. */
const char *text_type(rf_type type);

/* Prints text so that it stays on one line and cannot affect a terminal: the bytes of control characters
 * (utf8_is_control) and bytes that are not valid UTF-8 as \xNN. */
void text_put(FILE *out, const char *text);

/* Copies `bytes` as printable ASCII: other bytes and backslashes become \xNN; if the result does not fit, it
 * is cut and ends with "...". */
void text_escape(rf_slice bytes, char *out, size_t size);

/* Writes the first character of `bytes`, which is not empty, to `out` in readable form: UTF-8 as it is; a
 * control character (utf8_is_control), a byte that is not valid UTF-8 or a backslash as \xNN of its first
 * byte. Returns how many bytes it consumed. */
enum { CHARACTER_TEXT = 5 };
size_t text_character(rf_slice bytes, char out[CHARACTER_TEXT]);

/* Copies `bytes` character by character; if the result does not fit, it is cut and ends with "...". Returns
 * `out`. */
const char *text_readable(rf_slice bytes, char *out, size_t size);

#endif
