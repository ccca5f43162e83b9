/* SPDX-License-Identifier: MIT */
/* Running over a batch, and adding the result to the whole. */
#include "cmd/run/lane.h"
#include "base/fail.h"
#include <string.h>

enum { JOURNAL_MOST = 2 * 1024 * 1024 };

/* --- running ------------------------------------------------------------------------------------------ */

static void clear(struct lane *lane)
{
    struct session *session = lane->session;
    journal_clear(&lane->journal);
    if (lane->cursor.commands)
        rf_command_rewrite_clear(lane->cursor.commands);
    session->written_keys.ambiguous_only = false;
    stats_clear(&session->stats);
    for (int i = 0; i < RF_NOTICE_COUNT; i++)
        session->notices.records[i].count = 0;
    memset(session->dropped, 0, sizeof session->dropped);
    session->progress.keys = session->progress.commands = 0;
    session->bytes_of = NULL;
    lane->work->clear(lane);
}

static rf_code share_rules(struct lane *lane, const struct common_options *whole, rf_error *error)
{
    struct key_options *keys = &lane->options.keys;
    rf_filter_free(keys->filter);
    rf_rewrite_free(keys->rewrite);
    keys->filter = rf_filter_share(whole->keys.filter);
    keys->rewrite = whole->keys.rewrite ? rf_rewrite_share(whole->keys.rewrite) : NULL;
    bool shared = keys->filter && !whole->keys.rewrite == !keys->rewrite;
    return shared ? RF_OK : fail(error, RF_E_MEMORY, "out of memory");
}

/* Entries that can be put together, at most `most`, or none. */
static rf_code run_several(struct lane *lane, uint64_t most, size_t *count)
{
    rf_error error;
    *count = 0;
    if (lane->work->put_run)
        TRY(lane->work->put_run(lane, most, count, &error));
    return lane->journal.failed ? RF_E_MEMORY : RF_OK;
}

/* A key, or all that results of a command; RF_END after the last one. */
static rf_code run_entry(struct lane *lane)
{
    rf_error error;
    rf_entry *entry;
    do {
        TRY(cursor_next(&lane->cursor, &entry, &error));
        if (entry)
            TRY(lane->work->put(lane, entry, &error));
    } while (cursor_is_within_command(&lane->cursor));
    return lane->journal.failed ? RF_E_MEMORY : RF_OK;
}

static rf_code run_entries(struct lane *lane, uint64_t most)
{
    while (lane->journal.entry < most) {
        size_t together;
        if (lane->journal.keys.len >= JOURNAL_MOST || (lane->work->is_full && lane->work->is_full(lane)))
            return RF_OK;
        TRY(run_several(lane, most - lane->journal.entry, &together));
        if (together == 0) {
            TRY(run_entry(lane));
            lane->alone++;
        }
        lane->journal.entry += together > 0 ? together : 1;
    }
    return RF_OK;
}

/* Runs again, up to an entry that has to be put in order. */
static void run_before(struct lane *lane, uint64_t entry)
{
    rf_code code;
    lane->stopped = true;
    do {
        clear(lane);
        if (lane->options.keys.rewrite)
            rf_rewrite_clear_counts(lane->options.keys.rewrite);
        rf_batch_restart(lane->batch);
        code = run_entries(lane, entry);
        entry = lane->journal.entry;
    } while (code != RF_OK && code != RF_END);
}

void lane_run(struct lane *lane)
{
    lane->stopped = false;
    lane->alone = 0;
    rf_batch_notify(lane->batch, notices_listener(&lane->session->notices));
    rf_code code = run_entries(lane, UINT64_MAX);
    if (code != RF_OK && code != RF_END)
        run_before(lane, lane->journal.entry);
}

/* --- adding to the whole ------------------------------------------------------------------------------ */

static void add_counters(struct lane *lane, struct session *session)
{
    const struct session *from = lane->session;
    journal_tell(&lane->journal, notices_listener(&session->notices));
    if (!from->bytes_of)
        session->bytes_of = NULL;
    session->last_offset = from->last_offset;
    for (int i = 0; i < RF_DROP_COUNT; i++)
        session->dropped[i] += from->dropped[i];
    session->key.accepted = from->key.accepted;
    progress_add(&session->progress.keys, from->progress.keys);
    progress_add(&session->progress.commands, from->progress.commands);
    if (lane->cursor.commands) {
        rf_command_rewrite_counts counts = rf_command_rewrite_counts_get(lane->cursor.commands);
        session->commands.dropped += counts.dropped;
        session->commands.narrowed += counts.narrowed;
    }
    if (lane->options.keys.rewrite)
        rf_rewrite_add_counts(session->options->keys.rewrite, lane->options.keys.rewrite);
}

static rf_code check(struct lane *lane, rf_error *error)
{
    uint64_t entries = lane->journal.entry;
    if (lane->work->check)
        TRY(lane->work->check(lane->ctx, lane, &entries, error));
    if (entries < lane->journal.entry)
        run_before(lane, entries);
    return RF_OK;
}

rf_code lane_merge(struct lane *lane, struct session *session, rf_error *error)
{
    uint64_t start = rf_batch_offset(lane->batch);
    TRY(check(lane, error));
    if (lane->journal.entry == 0)
        return RF_OK;
    rf_batch_mark(lane->batch);
    cursor_end_record(session, start);
    atomic_store_explicit(&session->progress.offset, rf_batch_offset(lane->batch), memory_order_relaxed);
    TRY(lane->work->merge(lane->ctx, lane, error));
    add_counters(lane, session);
    bool added = stats_merge(&session->stats, &lane->session->stats);
    clear(lane);
    return added ? RF_OK : fail(error, RF_E_MEMORY, "out of memory");
}

/* --- opening and closing ------------------------------------------------------------------------------ */

static void open_session(struct lane *lane, const struct session *whole)
{
    struct session *session = lane->session;
    session->options = &lane->options;
    session->inputs = whole->inputs;
    session->input_count = whole->input_count;
    session->now = whole->now;
    session->read = whole->read;
    session->read.pauses = true;
    session->unfiltered = whole->unfiltered;
    session->shifted = whole->shifted;
    session->log.history = whole->log.history;
    session->log.assumes = whole->log.assumes;
    session->notices.journal = &lane->journal;
}

rf_code lane_open(struct lane *lane, const struct lane_work *work, void *ctx, const struct cursor *cursor,
                  rf_error *error)
{
    const struct session *whole = cursor->session;
    *lane = (struct lane){.options = *whole->options, .work = work, .ctx = ctx, .batch = rf_batch_new()};
    lane->options.keys.filter = NULL;
    lane->options.keys.rewrite = NULL;
    if (!lane->batch)
        return fail(error, RF_E_MEMORY, "out of memory");
    TRY(work->open(ctx, lane, error));
    open_session(lane, whole);
    lane->cursor = (struct cursor){
        .session = lane->session, .input = cursor->input, .number = cursor->number, .batch = lane->batch};
    return share_rules(lane, whole->options, error);
}

void lane_close(struct lane *lane)
{
    if (lane->batch)
        rf_batch_end(lane->batch);
    rf_batch_free(lane->batch);
    rf_command_rewrite_close(lane->cursor.commands);
    if (lane->session)
        stats_free(&lane->session->stats);
    lane->work->close(lane);
    rf_filter_free(lane->options.keys.filter);
    rf_rewrite_free(lane->options.keys.rewrite);
    journal_free(&lane->journal);
}
