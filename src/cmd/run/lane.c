/* SPDX-License-Identifier: MIT */
/* Transferring a batch, and adding the result to the whole. */
#include "cmd/run/lane.h"
#include "base/fail.h"
#include <string.h>

enum { LARGE_PART = 2 * 1024 * 1024 };

/* --- running ------------------------------------------------------------------------------------------ */

static void clear_counters(struct lane *lane)
{
    struct transfer *t = &lane->transfer;
    journal_clear(&lane->journal);
    if (lane->cursor.commands)
        rf_command_rewrite_clear(lane->cursor.commands);
    t->session.written_keys.ambiguous_only = false;
    stats_clear(&t->session.stats);
    for (int i = 0; i < RF_NOTICE_COUNT; i++)
        t->session.notices.records[i].count = 0;
    memset(t->session.dropped, 0, sizeof t->session.dropped);
    t->session.progress.keys = t->session.progress.commands = 0;
    t->session.bytes_of = NULL;
    t->kept_keys = t->unsupported = t->empty = 0;
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

rf_code lane_transfer_one(struct transfer *t, const struct transfer_steps *steps, struct cursor *cursor,
                          rf_error *error)
{
    rf_entry *entry;
    do {
        TRY(cursor_next(cursor, &entry, error));
        if (entry)
            TRY(transfer_entry(t, steps, cursor->input, entry, error));
    } while (cursor_is_within_command(cursor));
    return RF_OK;
}

/* RF_END after the last one. */
static rf_code run_entry(struct lane *lane)
{
    rf_error error;
    TRY(lane_transfer_one(&lane->transfer, lane->steps, &lane->cursor, &error));
    return lane->journal.failed ? RF_E_MEMORY : RF_OK;
}

static rf_code run_entries(struct lane *lane, uint64_t most)
{
    const struct transfer *t = &lane->transfer;
    rf_code code = RF_OK;
    for (; code == RF_OK && lane->journal.entry < most; lane->journal.entry++) {
        if (t->sink && rf_sink_part_size(t->sink) >= LARGE_PART)
            return RF_OK;
        code = run_entry(lane);
        if (code != RF_OK)
            return code;
    }
    return RF_OK;
}

/* Runs again, up to an entry that has to be transferred in order. */
static void run_before(struct lane *lane, uint64_t entry)
{
    rf_code code;
    lane->stopped = true;
    do {
        clear_counters(lane);
        if (lane->options.keys.rewrite)
            rf_rewrite_clear_counts(lane->options.keys.rewrite);
        if (lane->transfer.sink)
            rf_sink_part_restart(lane->transfer.sink);
        rf_batch_restart(lane->batch);
        code = run_entries(lane, entry);
        entry = lane->journal.entry;
    } while (code != RF_OK && code != RF_END);
}

void lane_run(struct lane *lane)
{
    lane->stopped = false;
    rf_batch_notify(lane->batch, notices_listener(&lane->transfer.session.notices));
    rf_code code = run_entries(lane, UINT64_MAX);
    if (code != RF_OK && code != RF_END)
        run_before(lane, lane->journal.entry);
}

/* --- adding to the whole ------------------------------------------------------------------------------ */

struct counting {
    struct session *session;
    const struct transfer_steps *steps;
};

static void count_key(void *ctx, const rf_entry *key, uint64_t bytes)
{
    const struct counting *counting = ctx;
    counting->steps->written(counting->steps->ctx, key);
    *counting->session->bytes_of += bytes;
}

static void add_counters(struct lane *lane, struct transfer *whole)
{
    struct session *from = &lane->transfer.session, *session = &whole->session;
    struct counting counting = {session, lane->steps};
    journal_tell(&lane->journal, notices_listener(&session->notices));
    journal_keys(&lane->journal, count_key, &counting);
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
    whole->kept_keys += lane->transfer.kept_keys;
    whole->unsupported += lane->transfer.unsupported;
    whole->empty += lane->transfer.empty;
}

/* A name that was noted before is noted again in order, which is an error. */
static rf_code note_names(struct lane *lane, struct transfer *whole, rf_error *error)
{
    bool known = false;
    uint64_t entry;
    if (whole->collisions.set)
        TRY(collisions_note_names(&whole->collisions, &lane->journal, &known, &entry, error));
    if (known)
        run_before(lane, entry);
    return RF_OK;
}

rf_code lane_merge(struct lane *lane, struct transfer *whole, rf_error *error)
{
    struct session *session = &whole->session;
    uint64_t start = rf_batch_offset(lane->batch);
    TRY(note_names(lane, whole, error));
    if (lane->journal.entry == 0)
        return RF_OK;
    rf_batch_mark(lane->batch);
    cursor_end_record(session, start);
    atomic_store_explicit(&session->progress.offset, rf_batch_offset(lane->batch), memory_order_relaxed);
    if (whole->sink)
        TRY(rf_sink_append(whole->sink, lane->transfer.sink, error));
    add_counters(lane, whole);
    bool added = stats_merge(&session->stats, &lane->transfer.session.stats);
    clear_counters(lane);
    return added ? RF_OK : fail(error, RF_E_MEMORY, "out of memory");
}

/* --- opening and closing ------------------------------------------------------------------------------ */

static void open_session(struct lane *lane, const struct session *whole)
{
    struct session *session = &lane->transfer.session;
    session->options = &lane->options;
    session->inputs = whole->inputs;
    session->input_count = whole->input_count;
    session->now = whole->now;
    session->read = whole->read;
    session->read.pauses = true;
    session->unfiltered = whole->unfiltered;
    session->shifted = whole->shifted;
    session->log.history = whole->log.history;
    if (whole->written_keys.fn)
        session->written_keys = (struct written_keys){whole->written_keys.fn, &lane->transfer.collisions,
                                                      false};
    session->notices.journal = &lane->journal;
}

rf_code lane_open(struct lane *lane, const struct transfer *whole, const struct transfer_steps *steps,
                  const struct cursor *cursor, rf_error *error)
{
    struct transfer *t = &lane->transfer;
    *lane = (struct lane){.options = *whole->session.options, .steps = steps, .batch = rf_batch_new()};
    lane->options.keys.filter = NULL;
    lane->options.keys.rewrite = NULL;
    *t = (struct transfer){.common = &lane->options,
                           .written = whole->written,
                           .collisions = whole->collisions,
                           .begun = true,
                           .target = whole->target,
                           .command_check = whole->command_check,
                           .journal = &lane->journal};
    open_session(lane, &whole->session);
    t->collisions.session = &t->session;
    t->collisions.journal = &lane->journal;
    lane->cursor = (struct cursor){
        .session = &t->session, .input = cursor->input, .number = cursor->number, .batch = lane->batch};
    if (!lane->batch)
        return fail(error, RF_E_MEMORY, "out of memory");
    TRY(share_rules(lane, whole->session.options, error));
    return whole->sink
               ? rf_sink_open_part(whole->sink, notices_listener(&t->session.notices), &t->sink, error)
               : RF_OK;
}

void lane_close(struct lane *lane)
{
    if (lane->batch)
        rf_batch_end(lane->batch);
    rf_batch_free(lane->batch);
    rf_command_rewrite_close(lane->cursor.commands);
    rf_sink_close(lane->transfer.sink);
    stats_free(&lane->transfer.session.stats);
    rf_filter_free(lane->options.keys.filter);
    rf_rewrite_free(lane->options.keys.rewrite);
    journal_free(&lane->journal);
}
