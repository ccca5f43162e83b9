/* SPDX-License-Identifier: MIT */
/* Bytes and numbers as people read them. */
#ifndef CMD_TEXT_H
#define CMD_TEXT_H

#include <rdbferry/entry.h>
#include <rdbferry/slice.h>

/* Enough for what text_size() prints. */
enum { SIZE_TEXT = 16 };

/* "912 B", "1.2 KB", "351 KB"; thousands, not 1024s. Returns `out`. */
const char *text_size(uint64_t bytes, char out[SIZE_TEXT]);

/* As TYPE names it: "string", "zset". */
const char *text_type(rf_type type);

/* Copies `bytes` as printable ASCII: anything else, and the backslash, comes out as \xNN; what does not
 * fit is cut and "..." says so. */
void text_escape(rf_slice bytes, char *out, size_t size);

#endif
