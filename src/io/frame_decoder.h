/* SPDX-License-Identifier: MIT */
/* Decompression frame by frame, for the layers of source_frames.c. Skippable frames count as empty ones. */
#ifndef IO_FRAME_DECODER_H
#define IO_FRAME_DECODER_H

#include <rdbferry/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct frame_decoder {
    /* Consumes at most *taken bytes of `in`, produces at most *made bytes, and sets both to what it did.
     * *in_frame: the frame is incomplete. After an error the decoder can only be closed. */
    rf_code (*run)(struct frame_decoder *decoder, const uint8_t *in, size_t *taken, uint8_t *out,
                   size_t *made, bool *in_frame, rf_error *error);
    void (*close)(struct frame_decoder *decoder);
};

/* Return NULL if out of memory. */
struct frame_decoder *frame_decoder_lz4(void);
struct frame_decoder *frame_decoder_zstd(void);

#endif
