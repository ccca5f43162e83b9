/* SPDX-License-Identifier: MIT */
/* Numbers as options take them. What makes no sense, or is too large, is false and leaves the rest as it
 * was. */
#ifndef CMD_PARSE_H
#define CMD_PARSE_H

#include <stdbool.h>
#include <stdint.h>

/* Digits alone. */
bool parse_count(const char *text, uint64_t *count);

/* "65536", "512M", "1g": bytes; K, M, G and T are powers of 1024, with or without "B" or "iB" behind. */
bool parse_size(const char *text, uint64_t *bytes);

/* "500ms", "1s", "90m", "26h", "2d"; a number alone is seconds. */
bool parse_duration(const char *text, int64_t *ms);

/* "90000..", "..5", "3..7", or "12" for exactly that; both ends belong to it. An end that is left out is 0 or
 * UINT64_MAX. */
bool parse_range(const char *text, uint64_t *least, uint64_t *most);

#endif
