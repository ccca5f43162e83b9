/* SPDX-License-Identifier: MIT */
/* An output: the encoder's blocks, and their processing by the writer thread.
 *
 *     encoder: fills a block  ->  writer: CRC-64, compress, XXH3, write()
 *
 * The writer never stops taking blocks: after a failure it discards them, so that the encoder is not blocked.
 * The encoder has no block until there is data to put into it. */
#include "io/output.h"
#include "base/fail.h"
#include "codec/crc64.h"
#include "io/output_compress.h"
#include "io/output_file.h"
#include "io/output_group.h"
#include "io/vcs.h"
#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { COMPRESSED_CHUNK = 128 * 1024 };

struct output_state {
    struct output_channel channel; /* first: it is cast back */
    struct output_group *own;      /* closed with it; NULL: shared */
    struct output_file file;
    struct compressor *compressor; /* NULL: plain */
    uint8_t *chunk;                /* what it is to compress next; full, except at the end */
    size_t chunk_len;
    struct output_block *filling; /* the encoder's; NULL: none */
    uint64_t handed_on;           /* bytes put in before that block */

    /* the writer's; read by others only while the writer is idle */
    bool wants_crc;
    uint64_t crc;
    rf_error error;
    _Atomic rf_code failed; /* set after `error` */
};

/* --- the writer's side ------------------------------------------------------------------------------- */

static rf_code put_compressed(void *ctx, rf_slice bytes, rf_error *error)
{
    return output_file_put(ctx, bytes, error);
}

static rf_code compress_chunk(struct output_state *state)
{
    rf_slice chunk = {state->chunk, state->chunk_len};
    state->chunk_len = 0;
    return chunk.len > 0 ? state->compressor->put(state->compressor, chunk, &state->error) : RF_OK;
}

/* The result must not depend on the blocks in which the bytes arrive. */
static rf_code compress(struct output_state *state, rf_slice bytes, bool last)
{
    while (bytes.len > 0) {
        size_t space = COMPRESSED_CHUNK - state->chunk_len, n = bytes.len < space ? bytes.len : space;
        memcpy(state->chunk + state->chunk_len, bytes.ptr, n);
        state->chunk_len += n;
        bytes = slice_of(bytes.ptr + n, bytes.len - n);
        if (state->chunk_len == COMPRESSED_CHUNK)
            TRY(compress_chunk(state));
    }
    if (!last)
        return RF_OK;
    TRY(compress_chunk(state));
    return state->compressor->end(state->compressor, &state->error);
}

static rf_code write_bytes(struct output_state *state, rf_slice bytes, bool last)
{
    if (state->wants_crc)
        state->crc = crc64(state->crc, bytes.ptr, bytes.len);
    return state->compressor ? compress(state, bytes, last)
                             : output_file_put(&state->file, bytes, &state->error);
}

static rf_code write_entered(struct output_state *state, rf_slice bytes, bool last)
{
    TRY(output_file_enter(&state->file, &state->error));
    return output_file_leave(&state->file, write_bytes(state, bytes, last), &state->error);
}

static void write_block(struct output_channel *channel, const uint8_t *bytes, size_t len, bool last)
{
    struct output_state *state = (struct output_state *)channel;
    if (atomic_load_explicit(&state->failed, memory_order_relaxed) != RF_OK)
        return;
    rf_code code = write_entered(state, slice_of(bytes, len), last);
    atomic_store_explicit(&state->failed, code, memory_order_release);
}

/* --- the encoder's side ------------------------------------------------------------------------------ */

static uint8_t no_space[1]; /* for an output without a block */

static void block_start(struct output *out)
{
    struct output_state *state = out->state;
    state->filling = output_group_take(state->channel.group);
    out->buf.start = out->buf.pos = state->filling->bytes;
    out->buf.end = out->buf.start + output_group_block_size(state->channel.group);
}

/* Passes the block to the writer; after a failure, empties it. */
static void hand_on(struct output *out, bool last)
{
    struct output_state *state = out->state;
    struct output_block *block = state->filling;
    size_t len = (size_t)(out->buf.pos - out->buf.start);

    state->handed_on += len;
    out->buf.code = atomic_load_explicit(&state->failed, memory_order_acquire);
    if (out->buf.code != RF_OK) {
        out->buf.pos = out->buf.start;
        return;
    }
    block->len = len;
    block->last = last;
    output_group_hand_on(&state->channel, block);
    state->filling = NULL;
    out->buf.start = out->buf.pos = out->buf.end = no_space;
}

/* outbuf.next */
static void output_next(struct outbuf *buf)
{
    struct output *out = (struct output *)buf;
    if (out->state->filling)
        hand_on(out, false);
    if (!out->state->filling)
        block_start(out);
}

rf_code output_failure(struct output *out, rf_error *error)
{
    rf_code code = atomic_load_explicit(&out->state->failed, memory_order_acquire);
    if (code != RF_OK)
        *error = out->state->error;
    return out->buf.code = code;
}

/* Waits until the writer has processed everything that was put in. */
static rf_code flush(struct output *out, rf_error *error)
{
    if (out->state->filling)
        hand_on(out, false);
    output_group_await(&out->state->channel);
    return output_failure(out, error);
}

rf_code output_crc(struct output *out, uint64_t *crc, rf_error *error)
{
    TRY(flush(out, error));
    *crc = out->state->crc;
    return RF_OK;
}

uint64_t output_offset(const struct output *out)
{
    return out->state->handed_on + (uint64_t)(out->buf.pos - out->buf.start);
}

bool output_can_patch(const struct output *out)
{
    return !out->state->compressor && output_file_can_patch(&out->state->file);
}

rf_code output_patch(struct output *out, uint64_t offset, rf_slice bytes, rf_error *error)
{
    assert(output_can_patch(out) && offset + bytes.len <= output_offset(out));
    TRY(flush(out, error));
    return output_file_patch(&out->state->file, offset, bytes, error);
}

/* --- from open to close ------------------------------------------------------------------------------ */

static rf_code make_compressor(struct output_state *state, rf_compression compress, rf_error *error)
{
    struct compressed_to to = {.put = put_compressed, .ctx = &state->file};
    switch (compress) {
    case RF_PLAIN: return RF_OK;
    case RF_GZIP: state->compressor = compressor_gzip(to); break;
    case RF_LZ4: state->compressor = compressor_lz4(to, COMPRESSED_CHUNK); break;
    case RF_ZSTD: state->compressor = compressor_zstd(to); break;
    }
    state->chunk = malloc(COMPRESSED_CHUNK);
    return state->compressor && state->chunk ? RF_OK : fail(error, RF_E_MEMORY, "out of memory");
}

static rf_code put_envelope(struct output_state *state, rf_compression codec, rf_error *error)
{
    const uint8_t envelope[VCS_SIZE] = {'V', 'C',    'S', VCS_VERSION, codec == RF_LZ4 ? VCS_LZ4 : VCS_ZSTD,
                                        0,   VCS_RDB};
    return put_compressed(&state->file, slice_of(envelope, sizeof envelope), error);
}

static rf_code state_open(struct output_state *state, const char *path, const struct output_options *options,
                          rf_error *error)
{
    TRY(output_file_open(path, options, &state->file, error));
    if (!options->group)
        TRY(output_group_open(1, &state->own, error));
    state->channel.group = state->own ? state->own : options->group;
    TRY(make_compressor(state, options->compress, error));
    return options->in_envelope ? put_envelope(state, options->compress, error) : RF_OK;
}

rf_code output_open(const char *path, const struct output_options *options, struct output *out,
                    rf_error *error)
{
    struct output_state *state = calloc(1, sizeof *state);
    if (!state)
        return fail(error, RF_E_MEMORY, "out of memory");
    state->channel.write = write_block;
    state->wants_crc = options->crc;
    struct output made = {.buf = {.start = no_space, .pos = no_space, .end = no_space, .next = output_next},
                          .state = state};
    rf_code code = state_open(state, path, options, error);
    if (code == RF_OK)
        *out = made;
    else
        output_close(&made);
    return code;
}

rf_code output_finish(struct output *out, rf_error *error)
{
    if (!out->state->filling)
        block_start(out);
    hand_on(out, true);
    output_group_await(&out->state->channel);
    TRY(output_failure(out, error));
    return output_file_finish(&out->state->file, error);
}

rf_code output_commit(struct output *out, rf_error *error)
{
    return output_file_commit(&out->state->file, error);
}

void output_info(const struct output *out, rf_output_info *info)
{
    const struct output_file *file = &out->state->file;
    *info = (rf_output_info){.path = file->path, .bytes = file->size, .xxh3 = output_file_xxh3(file)};
}

void output_close(struct output *out)
{
    struct output_state *state = out->state;
    if (!state)
        return;
    if (state->channel.group) {
        output_group_await(&state->channel);
        if (state->filling)
            output_group_give_back(state->channel.group, state->filling);
    }
    output_group_close(state->own);
    if (state->compressor)
        state->compressor->close(state->compressor);
    output_file_close(&state->file);
    free(state->chunk);
    free(state);
    *out = (struct output){.state = NULL};
}
