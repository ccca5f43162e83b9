/* SPDX-License-Identifier: MIT */
/* Parsing of RESP commands as stored in an AOF: arrays of bulk strings.
 *
 *   *<n>\r\n  then n times  $<length>\r\n<bytes>\r\n
 *
 * As in the server's loader, a header line may end in a bare LF. The loader also accepts any two bytes as the
 * terminator of a string; here they must be CR LF, as a wrong length would otherwise result in different
 * data. (Valkey src/aof.c: loadSingleAppendOnlyFile) */
#ifndef RESP_RESP_READ_H
#define RESP_RESP_READ_H

#include "base/buffer.h"
#include "io/window.h"

/* Reads one command. `argv` is cleared and filled with rf_slices, which are valid until window_release();
 * *argc receives their number, at least one. */
rf_code resp_read_command(struct window *w, struct buffer *argv, size_t *argc);

#endif
