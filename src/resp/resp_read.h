/* SPDX-License-Identifier: MIT */
/* Parsing RESP commands, as an AOF holds them: arrays of bulk strings.
 *
 *   *<n>\r\n  then n times  $<length>\r\n<bytes>\r\n
 *
 * As the server's loader has it, a header line may end in a bare LF. The loader also takes any two bytes
 * behind a string for its end; here they have to be CR LF: a length that is wrong would come out as other
 * data. (Valkey src/aof.c: loadSingleAppendOnlyFile) */
#ifndef RESP_RESP_READ_H
#define RESP_RESP_READ_H

#include "base/buffer.h"
#include "io/window.h"

/* Reads one command. `argv` is cleared and filled with rf_slices, which stay until window_release(); *argc
 * says how many. At least one. */
rf_code resp_read_command(struct window *w, struct buffer *argv, size_t *argc);

#endif
