/* SPDX-License-Identifier: MIT */
/* Bytes, scores and moments as they stand on lines of data; and bytes read back. */
#ifndef CMD_SHOW_H
#define CMD_SHOW_H

#include <rdbferry/slice.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* 'text' in its quotes: printable ASCII as it is; anything else, a quote and a backslash as \xNN. */
void show_bytes(FILE *out, rf_slice bytes);

/* The same for at most `most` bytes, with "..." behind the closing quote of what was cut. */
void show_bytes_cut(FILE *out, rf_slice bytes, size_t most);

/* Enough for what show_score() prints. */
enum { SCORE_TEXT = 32 };

/* As few digits as tell the number from every other one. Returns `out`. */
const char *show_score(double score, char out[SCORE_TEXT]);

/* Turns \xNN into the byte, in place; what is no such escape stands for itself. The result begins at `text`.
 */
rf_slice unescape(char *text);

/* Enough for what show_time() prints. */
enum { TIME_TEXT = 40 };

/* "2026-01-01T00:00:00.000Z" for Unix milliseconds, "none" for RF_NO_EXPIRY. Returns `out`. */
const char *show_time(int64_t ms, char out[TIME_TEXT]);

#endif
