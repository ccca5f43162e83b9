/* SPDX-License-Identifier: MIT */
/* Compressing an output: bytes in, bytes of a gzip member or an lz4 frame out to `put`. */
#ifndef IO_OUTPUT_COMPRESS_H
#define IO_OUTPUT_COMPRESS_H

#include <rdbferry/error.h>
#include <rdbferry/sink.h>
#include <rdbferry/slice.h>

/* Where compressed bytes go. */
struct compressed_to {
    rf_code (*put)(void *ctx, rf_slice bytes, rf_error *error);
    void *ctx;
};

struct compressor {
    rf_code (*put)(struct compressor *compressor, rf_slice bytes, rf_error *error);
    /* Ends the stream; once. Also of an output without bytes. */
    rf_code (*end)(struct compressor *compressor, rf_error *error);
    void (*close)(struct compressor *compressor);
    struct compressed_to to;
};

/* NULL when memory is out. `most`: bytes that are put at a time. */
struct compressor *compressor_gzip(struct compressed_to to);
struct compressor *compressor_lz4(struct compressed_to to, size_t most);

#endif
