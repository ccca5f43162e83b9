/* SPDX-License-Identifier: MIT */
/* Bytes and numbers as people read them. */
#ifndef CMD_TEXT_H
#define CMD_TEXT_H

#include <rdbferry/entry.h>
#include <rdbferry/slice.h>
#include <stdio.h>

/* Enough for what text_size() prints. */
enum { SIZE_TEXT = 16 };

/* "912 B", "1.2 KB", "351 KB"; thousands, not 1024s. Returns `out`. */
const char *text_size(uint64_t bytes, char out[SIZE_TEXT]);

/* "s", unless there is one. */
const char *text_plural(uint64_t count);

/* As TYPE names it: "string", "zset"; "?" for RF_TYPE_COUNT, which is none. */
const char *text_type(rf_type type);

/* Prints text so that it stays on its line and does nothing to a terminal: the bytes of control characters
 * (utf8_is_control) and bytes that are not UTF-8 as \xNN. */
void text_put(FILE *out, const char *text);

/* Copies `bytes` as printable ASCII: anything else, and the backslash, comes out as \xNN; what does not
 * fit is cut and "..." says so. */
void text_escape(rf_slice bytes, char *out, size_t size);

/* The character that `bytes`, which is not empty, begins with, as people read it: UTF-8 as it is; control
 * characters (utf8_is_control), bytes that are not UTF-8 and the backslash as \xNN, of which only the first
 * byte is taken then. Writes it to `out`; returns how many bytes it is made of. */
enum { CHARACTER_TEXT = 5 };
size_t text_character(rf_slice bytes, char out[CHARACTER_TEXT]);

/* Copies `bytes` character by character; what does not fit is cut and "..." says so. Returns `out`. */
const char *text_readable(rf_slice bytes, char *out, size_t size);

#endif
