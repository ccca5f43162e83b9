/* SPDX-License-Identifier: MIT */
/* Whole inputs, in memory: read, with every entry as text; encoded; converted by a sink. */
#ifndef TESTS_RUN_H
#define TESTS_RUN_H

#include "base/buffer.h"
#include "command/encoder.h"
#include <rdbferry/error.h>
#include <rdbferry/reader.h>
#include <rdbferry/sink.h>

/* Reads an input block by block. What is found goes to `text`, a line for each entry and notice, a value's
 * own lines (see record.h) behind its key; NULL: values are skipped.
 *
 *   aux name text | function code | module_aux name hex | counts db keys expiring
 *   key db name type [expire ms] [idle s] [freq n] [meta hex] | command db arg ... | notice id
 *
 * RF_OK at the end of a sound input. */
rf_code run_read(rf_slice input, size_t block_size, struct buffer *text, rf_error *error);

/* The same in batches as far as possible; without notices. */
rf_code run_read_batches(rf_slice input, struct buffer *text, rf_error *error);

/* What the reader says of an input once it has read it. */
rf_code run_info(rf_slice input, rf_reader_info *info, rf_error *error);

/* Encodes an input; the RESP goes to `out`, which may be NULL. */
rf_code run_encode(rf_slice input, size_t block_size, const struct encoder_options *options,
                   struct buffer *out, rf_error *error);

/* The same, for the newest Redis, as text: the arguments of each command separated by blanks, one command on
 * a line. Fails the test if the input is refused. */
const char *run_commands(rf_slice input, struct buffer *text);

/* RESP as such text. */
void resp_as_text(rf_slice resp, struct buffer *text);

/* Hands an input to a sink, which is closed; finished first if all went well. */
rf_code run_sink(rf_slice input, size_t block_size, rf_sink *sink, rf_error *error);

/* A notify function that counts; its ctx is an array of RF_NOTICE_COUNT. */
void count_notice(void *ctx, const rf_notice *notice);

#endif
