/* SPDX-License-Identifier: MIT */
/* Streams for tests: compressed bytes, sources that deliver a few bytes at a time, whole sources read. */
#ifndef TESTS_STREAM_H
#define TESTS_STREAM_H

#include "base/buffer.h"
#include <rdbferry/source.h>

/* n bytes that can be compressed, but not away; the caller's to free with exact_free(). */
rf_slice sample_bytes(size_t n, uint64_t seed);

/* Append one gzip member, one lz4 or zstd frame with a checksum, one skippable frame. */
void gzip_append(struct buffer *out, rf_slice bytes);
void lz4_append(struct buffer *out, rf_slice bytes);
void zstd_append(struct buffer *out, rf_slice bytes);
void lz4_append_skippable(struct buffer *out, rf_slice bytes);

/* Reads all of the source, at most `step` bytes at a time, from blocks of exactly that size. */
rf_code source_read_all(rf_source *source, size_t step, struct buffer *out, rf_error *error);

/* A source whose bottom gives at most `step` bytes at a time. */
rf_code source_open_dribble(rf_slice bytes, size_t step, rf_source **out, rf_error *error);

#endif
