/* SPDX-License-Identifier: MIT */
/* Finds the commands of a batch, and reads them over the memory of the block that they are in, which its feed
 * does not get back before. */
#include "aof/aof_batch.h"
#include "io/feed.h"

enum {
    BATCH_BYTES = 256 * 1024,
    BATCH_LEAST = 16 * 1024, /* of fewer bytes before a command that is in none, another thread is no help: so
                                many are read in order, as more of the kind may follow */
};

void aof_batch_close(struct aof_batch *batch)
{
    aof_reader_close(&batch->reader);
    window_close(&batch->window);
}

/* --- taking ------------------------------------------------------------------------------------------- */

/* Starts the batch's reader at the position of `from`, over the rest of its segment. Memory is kept. */
static void begin(struct aof_batch *batch, const struct aof_reader *from)
{
    struct aof_reader *r = &batch->reader;
    batch->feed = from->w->feed;
    window_open_part(&batch->window, from->w);
    batch->window.error = &batch->error;
    r->w = r->command.w = &batch->window;
    r->command.stream_from = from->command.stream_from;
    batch->mark = (struct aof_place){batch->window.pos, from->db, from->time};
    aof_batch_restart(batch);
}

/* Where the last command of the batch ends; but not much after BATCH_BYTES, unless little is left. */
static struct aof_place frame_commands(struct aof_batch *batch, enum aof_frame *frame)
{
    const struct window *w = &batch->window;
    struct aof_reader *r = &batch->reader;
    struct aof_place last = batch->mark;
    *frame = AOF_FRAME_BEGUN;
    while (w->pos < w->end && (*frame = aof_reader_frame(r)) <= AOF_FRAME_STATE) {
        if (*frame == AOF_FRAME_STATE)
            continue;
        last = (struct aof_place){w->pos, r->db, r->time};
        if (last.at - batch->mark.at >= BATCH_BYTES && w->end - last.at >= BATCH_BYTES / 2)
            break;
    }
    return last;
}

/* *too_short: the segment ends in the first command. */
static bool take(struct aof_batch *batch, struct aof_reader *from, bool *too_short)
{
    enum aof_frame frame;
    begin(batch, from);
    const struct aof_place last = frame_commands(batch, &frame);
    const size_t size = (size_t)(last.at - batch->mark.at);
    const bool at_end = frame != AOF_FRAME_OTHER && batch->window.end - last.at <= FEED_HEADROOM;
    *too_short = at_end && size == 0;
    if (size == 0 || (!at_end && frame > AOF_FRAME_STATE && size < BATCH_LEAST)) {
        from->in_order_to = window_offset(from->w) + (size == 0 ? 1 : BATCH_LEAST);
        return false;
    }
    batch->block = window_lend(from->w, size);
    batch->window.end = last.at;
    aof_reader_skip(from, last.db, last.time);
    aof_batch_restart(batch);
    return true;
}

/* A command at the end of a block is complete, unless it is large, with the one after it. */
rf_code aof_batch_take(struct aof_batch *batch, struct aof_reader *from, bool *taken)
{
    bool too_short;
    *taken = false;
    if (!aof_reader_can_skip(from))
        return RF_OK;
    window_release(from->w);
    *taken = take(batch, from, &too_short) ||
             (too_short && window_extend(from->w) && take(batch, from, &too_short));
    return RF_OK;
}

/* --- reading ------------------------------------------------------------------------------------------ */

rf_code aof_batch_next(struct aof_batch *batch, rf_entry *entry, rf_error *error)
{
    batch->window.error = error;
    return aof_reader_next(&batch->reader, entry);
}

void aof_batch_mark(struct aof_batch *batch)
{
    const struct aof_reader *r = &batch->reader;
    batch->window.error = &batch->error;
    batch->mark = (struct aof_place){batch->window.pos, r->db, r->time};
}

void aof_batch_restart(struct aof_batch *batch)
{
    batch->window.pos = batch->mark.at;
    batch->reader.db = batch->mark.db;
    batch->reader.time = batch->mark.time;
}

bool aof_batch_is_done(const struct aof_batch *batch)
{
    return batch->mark.at == batch->window.end;
}

uint64_t aof_batch_offset(const struct aof_batch *batch)
{
    return batch->window.segment_offset + (uint64_t)(batch->mark.at - batch->window.segment_start);
}

void aof_batch_end(struct aof_batch *batch)
{
    block_return(batch->feed, batch->block);
    batch->block = NULL;
}
