/* SPDX-License-Identifier: MIT */
/* Parsing RESP commands, as an AOF holds them: arrays of bulk strings.
 *
 *   *<n>\r\n  then n times  $<length>\r\n<bytes>\r\n
 *
 * As the server's loader does, a header line may end in a bare LF. (Valkey src/aof.c:
 * loadSingleAppendOnlyFile) */
#ifndef RESP_RESP_READ_H
#define RESP_RESP_READ_H

#include "base/buffer.h"
#include "io/window.h"

/* Reads one command. `argv` is cleared and filled with rf_slices, which stay until window_release(); *argc
 * says how many. At least one. */
rf_code resp_read_command(struct window *w, struct buffer *argv, size_t *argc);

#endif
