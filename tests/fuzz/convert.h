/* SPDX-License-Identifier: MIT */
/* What the fuzz targets do with an input: all of it through the encoder or the null sink, in memory. */
#ifndef TESTS_CONVERT_H
#define TESTS_CONVERT_H

#include "base/buffer.h"
#include "command/encoder.h"
#include "io/output.h"
#include <rdbferry/reader.h>
#include <rdbferry/sink.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An output of which only the outbuf is used, over one block, whose bytes are thrown away or kept. */
struct drain {
    struct output output;
    struct buffer *kept; /* NULL: thrown away */
    uint8_t block[OUTBUF_RESERVE_MAX];
};

static inline void drain_next(struct outbuf *out)
{
    struct drain *drain = (struct drain *)out;
    if (drain->kept && !buffer_append(drain->kept, slice_of(out->start, (size_t)(out->pos - out->start))))
        abort();
    out->pos = out->start;
}

static inline void drain_open(struct drain *drain, struct buffer *kept)
{
    drain->kept = kept;
    drain->output.buf = (struct outbuf){.start = drain->block,
                                        .pos = drain->block,
                                        .end = drain->block + sizeof drain->block,
                                        .next = drain_next};
}

typedef rf_code convert_put(void *to, rf_entry *entry, rf_error *error);

/* Hands every entry of an input to `put`. RF_OK at the end of a sound one. */
static inline rf_code convert(const uint8_t *data, size_t size, convert_put *put, void *to)
{
    rf_source *source;
    rf_reader *reader;
    rf_entry entry = {0};
    rf_error error = {0};
    rf_reader_options options = {.block_size = size % 8 ? 4096 : 7};
    rf_code code = rf_source_open_memory(data, size, "fuzz", &source, &error);
    if (code == RF_OK)
        code = rf_reader_open(source, &options, &reader, &error);
    if (code != RF_OK)
        return code;
    while (code == RF_OK) {
        code = rf_reader_next(reader, &entry, &error);
        if (code == RF_OK)
            code = put(to, &entry, &error);
    }
    if (code != RF_END && (error.code != code || !error.message[0]))
        abort();
    rf_reader_close(reader);
    return code == RF_END ? RF_OK : code;
}

static inline rf_code convert_to_encoder(void *encoder, rf_entry *entry, rf_error *error)
{
    return encoder_put(encoder, entry, error);
}

/* Encodes an input; what comes out goes to `kept`, which may be NULL. */
static inline rf_code convert_encode(const uint8_t *data, size_t size, const struct encoder_options *options,
                                     struct buffer *kept)
{
    static struct drain drain;
    struct encoder encoder;
    drain_open(&drain, kept);
    encoder_open(&encoder, &drain.output.buf, options);
    rf_code code = convert(data, size, convert_to_encoder, &encoder);
    drain_next(&drain.output.buf);
    encoder_close(&encoder);
    return code;
}

static inline rf_code convert_to_sink(void *sink, rf_entry *entry, rf_error *error)
{
    return rf_sink_put(sink, entry, error);
}

/* Checks an input wholly. */
static inline rf_code convert_check(const uint8_t *data, size_t size)
{
    rf_sink *sink;
    rf_error error;
    if (rf_sink_open_null(&sink, &error) != RF_OK)
        abort();
    rf_code code = convert(data, size, convert_to_sink, sink);
    rf_sink_close(sink);
    return code;
}

#endif
