/* SPDX-License-Identifier: MIT */
/* Batches: the records of the current block up to the last one that is complete are found by their frames,
 * and read by a reader over the same memory, which the block's feed does not get back before. */
#include "rdb/batch.h"
#include "base/bytes.h"
#include "io/feed.h"
#include "rdb/rdb_read.h"
#include "rdb/strings.h"

enum { BATCH_BYTES = 256 * 1024 };

void rdb_batch_close(struct rdb_batch *batch)
{
    rdb_reader_close(&batch->reader);
    window_close(&batch->window);
}

/* --- taking ------------------------------------------------------------------------------------------- */

/* Starts the batch's reader at the position of `from`, over the rest of its segment. Memory is kept. */
static bool begin(struct rdb_batch *batch, struct rdb_reader *from)
{
    struct rdb_reader *r = &batch->reader;
    const struct rf_value *value = &from->value;
    batch->from = from;
    batch->feed = from->w->feed;
    window_open_part(&batch->window, from->w);
    batch->window.error = &batch->error;
    batch->notify = (rf_notify){0};
    r->w = &batch->window;
    r->types = from->types;
    r->opcodes = from->opcodes;
    r->info = from->info;
    r->notify = &batch->notify;
    r->block_end = from->block_end;
    r->db = from->db;
    r->value = (struct rf_value){.templates = value->templates,
                                 .stream = &batch->window,
                                 .input = value->input,
                                 .info = value->info,
                                 .sticky = &batch->error,
                                 .notify = &batch->notify,
                                 .resume = value->resume,
                                 .unguarded = value->unguarded,
                                 .rewind_buffer = r->value.rewind_buffer,
                                 .dup_set = r->value.dup_set};
    batch->mark = (struct rdb_place){.at = batch->window.pos, .db = from->db};
    return rdb_reader_prepare(r);
}

/* Inside of a compressed block there is more to be looked at. */
static bool frame_strings(struct rdb_reader *r, const uint8_t *end)
{
    return r->block_end == 0 && rdb_strings_skip(r->w, end, &r->framed) > 0;
}

/* Where the last complete key of the segment ends; but not much after BATCH_BYTES, unless little is left. */
static struct rdb_place frame_keys(struct rdb_batch *batch)
{
    struct rdb_reader *r = &batch->reader;
    struct window *w = &batch->window;
    struct rdb_place last = batch->mark;
    const bool enough = w->end - last.at >= BATCH_BYTES + BATCH_BYTES / 2;
    const uint8_t *end = enough ? last.at + BATCH_BYTES : w->end;
    while (w->pos < end && (frame_strings(r, end) || rdb_reader_frame(r)))
        last = (struct rdb_place){w->pos, r->db, r->framed};
    window_release(w);
    return last;
}

/* Details of the last key may follow: `from` must have its name. */
static bool keep_name(struct rdb_batch *batch, struct rdb_reader *from, struct rdb_place last)
{
    struct window *w = &batch->window;
    rf_slice name;
    w->pos = last.name;
    return rdb_string(w, &name) == RF_OK && rdb_reader_keep_name(from, name);
}

static bool take(struct rdb_batch *batch, struct rdb_reader *from)
{
    if (!begin(batch, from))
        return false;
    struct rdb_place last = frame_keys(batch);
    if (last.at == batch->mark.at || !keep_name(batch, from, last))
        return false;
    batch->block = window_lend(from->w, (uint64_t)(last.at - batch->mark.at));
    batch->window.end = last.at;
    from->db = last.db;
    rdb_batch_restart(batch);
    return true;
}

/* A key at the end of a block is complete, unless it is large, with the one after it. What is gathered costs
 * a copy, which is in vain if the next key is not taken. */
rf_code rdb_batch_take(struct rdb_batch *batch, struct rdb_reader *from, bool *taken)
{
    *taken = false;
    TRY(rdb_reader_end_key(from));
    if (from->block_end > 0)
        TRY(rdb_reader_check_block(from));
    if (from->has_prefix || window_is_memory(from->w))
        return RF_OK;
    window_release(from->w);
    *taken = take(batch, from) || (window_extend(from->w) && take(batch, from));
    return RF_OK;
}

/* --- reading ------------------------------------------------------------------------------------------ */

rf_code rdb_batch_next(struct rdb_batch *batch, rf_entry *entry, rf_error *error)
{
    batch->window.error = error;
    TRY(rdb_reader_end_key(&batch->reader));
    return batch->window.pos < batch->window.end ? rdb_reader_next(&batch->reader, entry) : RF_END;
}

void rdb_batch_mark(struct rdb_batch *batch)
{
    batch->window.error = &batch->error;
    if (rdb_reader_end_key(&batch->reader) == RF_OK)
        batch->mark = (struct rdb_place){.at = batch->window.pos, .db = batch->reader.db};
}

void rdb_batch_restart(struct rdb_batch *batch)
{
    struct window *w = &batch->window;
    rdb_reader_restart(&batch->reader, batch->mark.db);
    window_tap_cancel(w);
    window_release(w);
    w->pos = batch->mark.at;
}

bool rdb_batch_is_done(const struct rdb_batch *batch)
{
    return batch->mark.at == batch->window.end;
}

uint64_t rdb_batch_offset(const struct rdb_batch *batch)
{
    return batch->window.segment_offset + (uint64_t)(batch->mark.at - batch->window.segment_start);
}

void rdb_batch_end(struct rdb_batch *batch)
{
    if (!batch->block)
        return;
    rdb_reader_restart(&batch->reader, batch->mark.db);
    batch->from->value.trusted |= batch->reader.value.trusted;
    window_release(&batch->window);
    block_return(batch->feed, batch->block);
    batch->block = NULL;
}
