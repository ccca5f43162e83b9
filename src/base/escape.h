/* SPDX-License-Identifier: MIT */
/* Bytes as printable ASCII, for names and texts within a line; and back. */
#ifndef BASE_ESCAPE_H
#define BASE_ESCAPE_H

#include <rdbferry/slice.h>
#include <stddef.h>
#include <stdint.h>

enum { ESCAPED_BYTE = 4 }; /* "\xNN" */

/* Writes a byte of a name: printable ASCII as it is; any other byte, backslashes and quotes ('), between
 * which names are printed, as \xNN. Returns the length; no terminator. */
size_t escape_byte(uint8_t byte, char out[ESCAPED_BYTE]);

/* Writes a name; if it does not fit, it is cut and ends with "...". `size` is at least 8. */
void escape_name(rf_slice name, char *out, size_t size);

/* The same for text that is not printed between quotes: quotes are left as they are. */
void escape_text(rf_slice text, char *out, size_t size);

/* Replaces \xNN by the byte, in place; anything else is unchanged. The result starts at `text`. */
rf_slice unescape(char *text);

#endif
