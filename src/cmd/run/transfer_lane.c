/* SPDX-License-Identifier: MIT */
/* Transferring a batch. */
#include "cmd/run/transfer_lane.h"
#include "base/fail.h"
#include <stdlib.h>

enum { LARGE_PART = 2 * 1024 * 1024 };

/* --- on any thread ------------------------------------------------------------------------------------ */

static rf_code put(struct lane *lane, rf_entry *entry, rf_error *error)
{
    const struct transfer_work *work = lane->ctx;
    return transfer_entry(lane->part, work->steps, lane->cursor.input, entry, error);
}

static rf_code put_run(struct lane *lane, size_t most, size_t *count, rf_error *error)
{
    const struct transfer_work *work = lane->ctx;
    return transfer_run(lane->part, work->steps, &lane->cursor, most, count, error);
}

static bool is_full(const struct lane *lane)
{
    const struct transfer *t = lane->part;
    return t->sink && rf_sink_part_size(t->sink) >= LARGE_PART;
}

static void clear(struct lane *lane)
{
    struct transfer *t = lane->part;
    t->kept_keys = t->unsupported = t->empty = 0;
    if (t->sink)
        rf_sink_part_restart(t->sink);
}

/* --- in order ----------------------------------------------------------------------------------------- */

static bool can_take(void *ctx)
{
    const struct transfer *whole = ((const struct transfer_work *)ctx)->transfer;
    return whole->begun && collisions_can_wait(&whole->collisions);
}

/* A name that was noted before is noted again in order, which is an error. */
static rf_code check(void *ctx, const struct lane *lane, uint64_t *entries, rf_error *error)
{
    struct transfer *whole = ((const struct transfer_work *)ctx)->transfer;
    bool known = false;
    uint64_t entry = 0;
    if (whole->collisions.set)
        TRY(collisions_note_names(&whole->collisions, &lane->journal, &known, &entry, error));
    if (known)
        *entries = entry;
    return RF_OK;
}

static rf_code count_keys(void *ctx, const rf_entry *key, rf_slice packed, uint64_t bytes, rf_error *error)
{
    const struct transfer_work *work = ctx;
    struct placed_key keys[PLACED_KEYS_MOST];
    const size_t count = placed_keys_unpack(packed, keys);
    (void)key;
    (void)error;
    transfer_note_written(work->transfer, work->steps, keys, count);
    *work->transfer->session.bytes_of += bytes;
    return RF_OK;
}

static rf_code merge(void *ctx, struct lane *lane, rf_error *error)
{
    struct transfer *whole = ((const struct transfer_work *)ctx)->transfer, *t = lane->part;
    if (whole->sink)
        TRY(rf_sink_append(whole->sink, t->sink, error));
    whole->kept_keys += t->kept_keys;
    whole->unsupported += t->unsupported;
    whole->empty += t->empty;
    return journal_keys(&lane->journal, count_keys, ctx, error);
}

static rf_code put_in_order(void *ctx, const struct input *input, rf_entry *entry, rf_error *error)
{
    const struct transfer_work *work = ctx;
    return transfer_entry(work->transfer, work->steps, input, entry, error);
}

static rf_code put_run_in_order(void *ctx, struct cursor *cursor, size_t *count, rf_error *error)
{
    const struct transfer_work *work = ctx;
    return transfer_run(work->transfer, work->steps, cursor, SIZE_MAX, count, error);
}

/* --- opening and closing ------------------------------------------------------------------------------ */

static rf_code open_part(void *ctx, struct lane *lane, rf_error *error)
{
    const struct transfer *whole = ((const struct transfer_work *)ctx)->transfer;
    struct transfer *t = lane->part = calloc(1, sizeof *t);
    if (!t)
        return fail(error, RF_E_MEMORY, "out of memory");
    t->common = &lane->options;
    t->written = whole->written;
    t->collisions = whole->collisions;
    t->collisions.session = lane->session = &t->session;
    t->collisions.journal = t->journal = &lane->journal;
    t->begun = true;
    t->target = whole->target;
    t->command_check = whole->command_check;
    if (whole->session.written_keys.fn)
        t->session.written_keys = (struct written_keys){whole->session.written_keys.fn, &t->collisions,
                                                        false};
    return whole->sink
               ? rf_sink_open_part(whole->sink, notices_listener(&t->session.notices), &t->sink, error)
               : RF_OK;
}

static void close_part(struct lane *lane)
{
    struct transfer *t = lane->part;
    if (!t)
        return;
    rf_sink_close(t->sink);
    arena_free(&t->names);
    buffer_free(&t->packed);
    free(t);
}

const struct lane_work transfer_work = {.open = open_part,
                                        .close = close_part,
                                        .put = put,
                                        .is_full = is_full,
                                        .clear = clear,
                                        .can_take = can_take,
                                        .check = check,
                                        .merge = merge,
                                        .put_in_order = put_in_order,
                                        .put_run = put_run,
                                        .put_run_in_order = put_run_in_order};
