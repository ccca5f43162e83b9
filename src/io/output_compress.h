/* SPDX-License-Identifier: MIT */
/* Compression of an output: takes bytes and passes a gzip member, or an lz4 or zstd frame, to `put`. */
#ifndef IO_OUTPUT_COMPRESS_H
#define IO_OUTPUT_COMPRESS_H

#include <rdbferry/error.h>
#include <rdbferry/sink.h>
#include <rdbferry/slice.h>

/* The destination of compressed bytes. */
struct compressed_to {
    rf_code (*put)(void *ctx, rf_slice bytes, rf_error *error);
    void *ctx;
};

struct compressor {
    rf_code (*put)(struct compressor *compressor, rf_slice bytes, rf_error *error);
    /* Ends the stream; to be called once, also for an output without bytes. */
    rf_code (*end)(struct compressor *compressor, rf_error *error);
    void (*close)(struct compressor *compressor);
    struct compressed_to to;
};

/* Returns NULL if out of memory. `most`: maximum number of bytes per put. */
struct compressor *compressor_gzip(struct compressed_to to);
struct compressor *compressor_lz4(struct compressed_to to, size_t most);
struct compressor *compressor_zstd(struct compressed_to to);

#endif
