/* SPDX-License-Identifier: MIT */
/* Parsers of numbers in options. If a number is invalid or too large, they return false and change nothing.
 */
#ifndef CMD_OPTIONS_PARSE_H
#define CMD_OPTIONS_PARSE_H

#include <stdbool.h>
#include <stdint.h>

/* Digits only. */
bool parse_count(const char *text, uint64_t *count);

/* "65536", "512M", "1g": bytes; K, M, G and T are powers of 1024, optionally followed by "B" or "iB". */
bool parse_size(const char *text, uint64_t *bytes);

/* "500ms", "1s", "90m", "26h", "2d"; a number without a unit is in seconds. */
bool parse_duration(const char *text, int64_t *ms);

/* "90000..", "..5", "3..7", or "12" for exactly that; both ends are inclusive. An omitted end is 0 or
 * UINT64_MAX. */
bool parse_range(const char *text, uint64_t *least, uint64_t *most);

#endif
