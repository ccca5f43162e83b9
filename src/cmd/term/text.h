/* SPDX-License-Identifier: MIT */
/* Bytes, numbers and times in readable form. */
#ifndef CMD_TERM_TEXT_H
#define CMD_TERM_TEXT_H

#include <rdbferry/entry.h>
#include <rdbferry/slice.h>
#include <stdio.h>

/* Enough for the result of text_size(). */
enum { SIZE_TEXT = 16 };

/* "912 B", "1.2 KB", "351 KB"; powers of 1000, not 1024. Returns `out`. */
const char *text_size(uint64_t bytes, char out[SIZE_TEXT]);

/* 0 of 0. */
double text_percent(uint64_t part, uint64_t total);

/* "45 s", "12 min", "5.3 h", "30 d", "1.5 y". Returns `out`. */
enum { DURATION_TEXT = 32 };
const char *text_duration(uint64_t seconds, char out[DURATION_TEXT]);

/* "s", or "" for 1. */
const char *text_plural(uint64_t count);

/* Enough for the result of format_score(). */
enum { SCORE_TEXT = 32 };

/* Formats the shortest text that identifies the number. Returns `out`. */
const char *format_score(double score, char out[SCORE_TEXT]);

/* Enough for the result of format_time(). */
enum { TIME_TEXT = 40 };

/* Formats Unix milliseconds as "2026-01-01T00:00:00.000Z", RF_NO_EXPIRY as "none". Returns `out`. */
const char *format_time(int64_t ms, char out[TIME_TEXT]);

/* Prints text so that it stays on one line and cannot affect a terminal: the bytes of control characters
 * (utf8_is_control) and bytes that are not valid UTF-8 as \xNN. */
void text_put(FILE *out, const char *text);

/* Writes the first character of `bytes`, which is not empty, to `out` in readable form: UTF-8 as it is; a
 * control character (utf8_is_control), a byte that is not valid UTF-8 or a backslash as \xNN of its first
 * byte. Returns how many bytes it consumed. */
enum { CHARACTER_TEXT = 5 };
size_t text_character(rf_slice bytes, char out[CHARACTER_TEXT]);

/* Copies `bytes` character by character; if the result does not fit, it is cut and ends with "...". Returns
 * `out`. */
const char *text_readable(rf_slice bytes, char *out, size_t size);

/* Prints a name in quotes, escaped as by escape_name(). */
void print_bytes(FILE *out, rf_slice bytes);

/* The same for at most `most` bytes; if the text is cut, "..." follows the closing quote. */
void print_bytes_cut(FILE *out, rf_slice bytes, size_t most);

#endif
