/* SPDX-License-Identifier: MIT */
/* Lanes in a ring of jobs; they are for one input. */
#include "cmd/run/stage.h"
#include "base/fail.h"
#include "base/memory_limit.h"
#include "base/ordered.h"
#include "base/processors.h"
#include <stdlib.h>

enum {
    PARTS_MOST = 256,
    MEMORY_PER_THREAD = 8 * 1024 * 1024,
    RUN_LEAST = 1024, /* entries put together, after which one that is not does not matter */
};

/* Copying leaves a second processor to reading and writing. A quarter of the memory is for blocks and
 * parts. */
static size_t default_threads(bool copies)
{
    const size_t processors = processors_available(), threads = copies && processors == 2 ? 1 : processors;
    uint64_t allowed = memory_default().limit / 4 / MEMORY_PER_THREAD;
    return allowed < threads ? (size_t)allowed : threads;
}

size_t stage_batches(const struct common_options *common, size_t outputs, bool copies)
{
    size_t threads = common->threads > 0 ? (size_t)common->threads : default_threads(copies);
    size_t batches = ordered_jobs(threads < THREADS_MOST ? threads : THREADS_MOST);
    if (outputs > 0 && batches > PARTS_MOST / outputs)
        batches = PARTS_MOST / outputs;
    return batches >= ordered_jobs(2) ? batches : 0;
}

/* --- lanes of an input -------------------------------------------------------------------------------- */

struct stage {
    struct cursor *cursor;
    const struct lane_work *work;
    void *ctx;
    struct ordered *ordered; /* NULL: no input has begun */
    struct lane *lanes;
    size_t lane_count;
    const struct input *input; /* that the lanes are for */
    bool together;             /* what was last could be put together: see put_together() */
    size_t run;                /* entries put together; each one that was not halves it */
};

static void run(void *ctx, size_t job)
{
    struct stage *stage = ctx;
    lane_run(&stage->lanes[job]);
}

static void close_lanes(struct stage *stage)
{
    ordered_close(stage->ordered);
    for (size_t i = 0; i < stage->lane_count; i++)
        lane_close(&stage->lanes[i]);
    free(stage->lanes);
    stage->ordered = NULL;
    stage->lanes = NULL;
    stage->lane_count = 0;
}

static rf_code open_lanes(struct stage *stage, rf_error *error)
{
    const size_t lanes = stage->cursor->session->read.batches;
    close_lanes(stage);
    stage->input = stage->cursor->input;
    stage->lanes = calloc(lanes, sizeof *stage->lanes);
    if (!stage->lanes)
        return fail(error, RF_E_MEMORY, "out of memory");
    while (stage->lane_count < lanes)
        TRY(lane_open(&stage->lanes[stage->lane_count++], stage->work, stage->ctx, stage->cursor, error));
    return ordered_open(lanes / 2, run, stage, &stage->ordered, error);
}

/* --- in order ----------------------------------------------------------------------------------------- */

/* Entries that can be put together cost little more than finding their borders and appending what results of
 * them, which lanes add: two threads, with reading and writing beside them, gain nothing. */
static bool prefers_order(const struct stage *stage)
{
    return stage->cursor->session->read.batches == ordered_jobs(2) && stage->work->put_run_in_order;
}

static rf_code put(struct stage *stage, rf_entry *entry, rf_error *error)
{
    return stage->work->put_in_order(stage->ctx, stage->cursor->input, entry, error);
}

/* The next entries of the cursor, if they can be put together. */
static rf_code put_run(struct stage *stage, bool *done, rf_error *error)
{
    size_t together = 0;
    if (stage->work->put_run_in_order)
        TRY(stage->work->put_run_in_order(stage->ctx, stage->cursor, &together, error));
    stage->run += together;
    *done = together > 0;
    return RF_OK;
}

static rf_code put_entry(struct stage *stage, rf_error *error)
{
    rf_entry *entry;
    stage->run /= 2;
    rf_code code = cursor_next(stage->cursor, &entry, error);
    if (LIKELY(code == RF_OK))
        return put(stage, entry, error);
    return code != RF_END && stage->work->read_on && stage->cursor->input
               ? stage->work->read_on(stage->ctx, stage->cursor->input, error)
               : code;
}

static rf_code put_next(struct stage *stage, rf_error *error)
{
    bool done;
    TRY(put_run(stage, &done, error));
    return done ? RF_OK : put_entry(stage, error);
}

/* The entry at which a lane has stopped. Other lanes wait: an error may end what they use. */
static rf_code put_in_order(struct stage *stage, struct lane *lane, rf_error *error)
{
    struct cursor *cursor = stage->cursor;
    rf_code code;
    rf_entry *entry;
    ordered_pause(stage->ordered);
    rf_batch_notify(lane->batch, notices_listener(&cursor->session->notices));
    cursor->batch = lane->batch;
    do {
        code = cursor_next(cursor, &entry, error);
        if (code == RF_OK && entry)
            code = put(stage, entry, error);
    } while (code == RF_OK && cursor_is_within_command(cursor));
    cursor->batch = NULL;
    rf_batch_mark(lane->batch);
    if (code != RF_OK && code != RF_END)
        return code;
    ordered_resume(stage->ordered);
    return RF_OK;
}

/* The result of the oldest lane; it goes on if that is not all of its batch. */
static rf_code deliver(struct stage *stage, rf_error *error)
{
    struct lane *lane = &stage->lanes[ordered_await(stage->ordered)];
    stage->together = prefers_order(stage) && lane->alone == 0;
    TRY(lane_merge(lane, stage->cursor->session, error));
    if (lane->stopped)
        TRY(put_in_order(stage, lane, error));
    if (rf_batch_is_done(lane->batch)) {
        rf_batch_end(lane->batch);
        ordered_take(stage->ordered);
    } else {
        ordered_again(stage->ordered);
    }
    return RF_OK;
}

static rf_code drain(struct stage *stage, rf_error *error)
{
    while (stage->ordered && !ordered_is_empty(stage->ordered))
        TRY(deliver(stage, error));
    return RF_OK;
}

/* An error of the input comes after all that precedes it. */
static rf_code drain_before(struct stage *stage, rf_code code, rf_error *error)
{
    const rf_error found = *error;
    TRY(drain(stage, error));
    *error = found;
    return code;
}

static rf_code take(struct stage *stage, bool *taken, rf_error *error)
{
    if (stage->input != stage->cursor->input || !stage->ordered) {
        TRY(drain(stage, error));
        TRY(open_lanes(stage, error));
    }
    while (ordered_is_full(stage->ordered))
        TRY(deliver(stage, error));
    struct lane *lane = &stage->lanes[ordered_filling(stage->ordered)];
    rf_code code = cursor_take(stage->cursor, lane->batch, taken, error);
    if (code != RF_OK)
        return drain_before(stage, code, error);
    if (*taken)
        ordered_submit(stage->ordered);
    return RF_OK;
}

static bool can_take(const struct stage *stage)
{
    return stage->cursor->input && cursor_can_take(stage->cursor) &&
           (!stage->work->can_take || stage->work->can_take(stage->ctx));
}

/* The next entries, in order, as long as nearly all can be put together: not those at the end of a
 * block. */
static rf_code put_together(struct stage *stage, bool *done, rf_error *error)
{
    *done = false;
    if (!stage->together)
        return RF_OK;
    TRY(drain(stage, error));
    TRY(put_run(stage, done, error));
    if (!*done && stage->run >= RUN_LEAST) {
        TRY(put_entry(stage, error));
        *done = true;
    }
    stage->together = *done;
    return RF_OK;
}

/* Entries together, one batch, or an entry that is in none, which comes after all that precedes it. */
static rf_code step(struct stage *stage, rf_error *error)
{
    bool done = false;
    if (can_take(stage)) {
        TRY(put_together(stage, &done, error));
        if (!done)
            TRY(take(stage, &done, error));
    }
    if (done)
        return RF_OK;
    TRY(drain(stage, error));
    return put_next(stage, error);
}

rf_code stage_run(struct cursor *cursor, const struct lane_work *work, void *ctx, rf_error *error)
{
    struct stage stage = {.cursor = cursor, .work = work, .ctx = ctx};
    stage.together = prefers_order(&stage);
    const bool has_lanes = cursor->session->read.batches > 0;
    rf_code code = RF_OK;
    while (code == RF_OK)
        code = has_lanes ? step(&stage, error) : put_next(&stage, error);
    close_lanes(&stage);
    return code;
}
