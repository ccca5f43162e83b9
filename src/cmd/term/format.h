/* SPDX-License-Identifier: MIT */
/* Bytes, scores and times in lines of data; and the inverse for bytes. */
#ifndef CMD_TERM_FORMAT_H
#define CMD_TERM_FORMAT_H

#include <rdbferry/slice.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Prints 'text' in quotes: printable ASCII as it is; anything else, quotes and backslashes as \xNN. */
void print_bytes(FILE *out, rf_slice bytes);

/* The same for at most `most` bytes; if the text is cut, "..." follows the closing quote. */
void print_bytes_cut(FILE *out, rf_slice bytes, size_t most);

/* Enough for the result of format_score(). */
enum { SCORE_TEXT = 32 };

/* Formats the shortest text that identifies the number. Returns `out`. */
const char *format_score(double score, char out[SCORE_TEXT]);

/* Replaces \xNN by the byte, in place; anything else is unchanged. The result starts at `text`. */
rf_slice unescape(char *text);

/* Enough for the result of format_time(). */
enum { TIME_TEXT = 40 };

/* Formats Unix milliseconds as "2026-01-01T00:00:00.000Z", RF_NO_EXPIRY as "none". Returns `out`. */
const char *format_time(int64_t ms, char out[TIME_TEXT]);

#endif
