/* SPDX-License-Identifier: MIT */
/* An output: a fixed number of blocks go round between the encoder and a writer thread.
 *
 *     encoder: fills a block  ->  full blocks  ->  writer: CRC-64, compress, XXH3, write()
 *        ^                                                    |
 *        +------------------- free blocks --------------------+
 *
 * The writer never stops taking blocks: after a failure it throws them away, so that the encoder cannot
 * be left waiting. */
#include "io/output.h"
#include "base/fail.h"
#include "codec/crc64.h"
#include "io/output_compress.h"
#include "io/output_file.h"
#include "io/queue.h"
#include "io/thread.h"
#include <stdatomic.h>
#include <stdlib.h>

enum { BLOCKS = 4, BLOCK_SIZE = 512 * 1024 };

_Static_assert((int)BLOCKS <= (int)QUEUE_SIZE, "a queue must hold every block");
_Static_assert((int)BLOCK_SIZE >= (int)OUTBUF_ROOM_MAX, "a block must have the room an outbuf promises");

struct output_block {
    size_t len;
    uint8_t bytes[BLOCK_SIZE];
};

struct output_state {
    struct output_file file;
    struct compressor *compressor; /* NULL: plain */
    struct queue full, free;
    struct output_block *blocks[BLOCKS];
    struct output_block *filling; /* the encoder's */
    pthread_t thread;
    bool running;

    /* the writer's; read by others once they know that it rests */
    bool wants_crc;
    uint64_t crc;
    rf_error error;
    _Atomic rf_code failed; /* set behind `error` */
};

/* --- the writer's side ------------------------------------------------------------------------------- */

static rf_code put_compressed(void *ctx, rf_slice bytes, rf_error *error)
{
    return output_file_put(ctx, bytes, error);
}

static rf_code write_block(struct output_state *state, rf_slice bytes)
{
    if (state->wants_crc)
        state->crc = crc64(state->crc, bytes.ptr, bytes.len);
    if (state->compressor)
        return state->compressor->put(state->compressor, bytes, &state->error);
    return output_file_put(&state->file, bytes, &state->error);
}

static rf_code write_end(struct output_state *state)
{
    return state->compressor ? state->compressor->end(state->compressor, &state->error) : RF_OK;
}

static void *writer_run(void *arg)
{
    struct output_state *state = arg;
    struct output_block *block;
    rf_code code = RF_OK;
    while ((block = queue_take(&state->full)) != NULL) {
        if (code == RF_OK) {
            code = write_block(state, slice_of(block->bytes, block->len));
            atomic_store_explicit(&state->failed, code, memory_order_release);
        }
        queue_put(&state->free, block);
    }
    if (code == RF_OK)
        atomic_store_explicit(&state->failed, write_end(state), memory_order_release);
    return NULL;
}

/* --- the encoder's side ------------------------------------------------------------------------------ */

static void block_start(struct output *out, struct output_block *block)
{
    out->state->filling = block;
    out->buf.start = out->buf.pos = block->bytes;
    out->buf.end = block->bytes + BLOCK_SIZE;
}

/* outbuf.next: hands the block on and takes a free one; after a failure, empties the one there is. */
static void output_next(struct outbuf *buf)
{
    struct output *out = (struct output *)buf;
    struct output_state *state = out->state;
    size_t len = (size_t)(buf->pos - buf->start);

    buf->code = atomic_load_explicit(&state->failed, memory_order_acquire);
    if (buf->code == RF_OK) {
        state->filling->len = len;
        queue_put(&state->full, state->filling);
        block_start(out, queue_take(&state->free));
    } else {
        buf->pos = buf->start;
    }
}

/* Waits until the writer has nothing to do: it does when every other block is free. */
static void wait_for_writer(struct output_state *state)
{
    struct output_block *blocks[BLOCKS - 1];
    for (int i = 0; i < BLOCKS - 1; i++)
        blocks[i] = queue_take(&state->free);
    for (int i = 0; i < BLOCKS - 1; i++)
        queue_put(&state->free, blocks[i]);
}

rf_code output_failure(struct output *out, rf_error *error)
{
    rf_code code = atomic_load_explicit(&out->state->failed, memory_order_acquire);
    if (code != RF_OK)
        *error = out->state->error;
    return out->buf.code = code;
}

rf_code output_crc(struct output *out, uint64_t *crc, rf_error *error)
{
    output_next(&out->buf);
    wait_for_writer(out->state);
    TRY(output_failure(out, error));
    *crc = out->state->crc;
    return RF_OK;
}

/* --- from open to close ------------------------------------------------------------------------------ */

static bool allocate(struct output_state *state, rf_compression compress)
{
    for (int i = 0; i < BLOCKS; i++) {
        state->blocks[i] = malloc(sizeof *state->blocks[i]);
        if (!state->blocks[i])
            return false;
        if (i > 0)
            queue_put(&state->free, state->blocks[i]);
    }
    struct compressed_to to = {.put = put_compressed, .ctx = &state->file};
    switch (compress) {
    case RF_PLAIN: return true;
    case RF_GZIP: state->compressor = compressor_gzip(to); break;
    case RF_LZ4: state->compressor = compressor_lz4(to); break;
    }
    return state->compressor != NULL;
}

static rf_code state_start(struct output_state *state, const struct output_options *options, rf_error *error)
{
    if (!allocate(state, options->compress))
        return fail(error, RF_E_MEMORY, "out of memory");
    if (thread_start(&state->thread, writer_run, state) != 0)
        return fail(error, RF_E_MEMORY, "cannot start a thread");
    state->running = true;
    return RF_OK;
}

rf_code output_open(const char *path, const struct output_options *options, struct output *out,
                    rf_error *error)
{
    struct output_state *state = calloc(1, sizeof *state);
    if (!state)
        return fail(error, RF_E_MEMORY, "out of memory");
    rf_code code = output_file_open(path, options, &state->file, error);
    if (code != RF_OK) {
        free(state);
        return code;
    }
    queue_init(&state->full);
    queue_init(&state->free);
    state->wants_crc = options->crc;
    struct output made = {.buf = {.next = output_next}, .state = state};
    code = state_start(state, options, error);
    if (code != RF_OK) {
        output_close(&made);
        return code;
    }
    block_start(&made, state->blocks[0]);
    *out = made;
    return RF_OK;
}

static void stop_writer(struct output_state *state)
{
    if (!state->running)
        return;
    queue_close(&state->full);
    pthread_join(state->thread, NULL);
    state->running = false;
}

rf_code output_finish(struct output *out, rf_error *error)
{
    output_next(&out->buf);
    stop_writer(out->state);
    TRY(output_failure(out, error));
    return output_file_sync(&out->state->file, error);
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
    stop_writer(state);
    if (state->compressor)
        state->compressor->close(state->compressor);
    output_file_close(&state->file);
    for (int i = 0; i < BLOCKS; i++)
        free(state->blocks[i]);
    queue_free(&state->full);
    queue_free(&state->free);
    free(state);
    *out = (struct output){.state = NULL};
}
