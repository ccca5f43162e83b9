/* SPDX-License-Identifier: MIT */
#include "cmd/replay/stream_flush.h"
#include "base/fail.h"
#include "cmd/replay/replay.h"
#include "cmd/term/message.h"
#include "cmd/term/text.h"
#include <inttypes.h>
#include <rdbferry/live.h>
#include <rdbferry/slot.h>
#include <rdbferry/snapshot.h>

struct flush {
    struct replay *replay;
    uint32_t input;
    size_t source;
    uint64_t keys;
};

bool stream_flush_is_exact(const struct replay *r)
{
    return r->options->on_exists == RF_ON_EXISTS_FAIL && r->session.unfiltered;
}

static rf_code on_key(void *ctx, const rf_key_record *found, rf_error *error)
{
    struct flush *flush = ctx;
    struct replay *r = flush->replay;
    rf_key_record record = {.db = found->db, .key = found->key, .input = flush->input};
    TRY(replay_tick(r, error));
    if (rf_replay_is_temporary(record.key) ||
        !rf_files_has_slot(&r->options->common.inputs, flush->source, rf_slot_of(record.key)))
        return RF_OK;
    flush->keys++;
    return rf_replay_delete(r->engine, &record, false, error);
}

static rf_code ignore_missing(void *ctx, const rf_difference *difference, rf_error *error)
{
    (void)ctx, (void)difference, (void)error;
    return RF_OK;
}

static rf_code delete_keys(struct flush *flush, rf_error *error)
{
    const rf_live_options options = {.names_only = true, .fn = ignore_missing, .ctx = flush};
    struct replay *r = flush->replay;
    rf_live_counts counts;
    rf_live *live;
    TRY(rf_live_open(&r->target, &options, &live, error));
    rf_code code = rf_live_finish(live, &counts, error);
    if (code == RF_OK)
        code = rf_live_scan(live, 0, on_key, flush, error);
    rf_live_close(live);
    return code == RF_OK ? rf_replay_finish(r->engine, error) : code;
}

rf_code stream_flush(void *ctx, uint32_t input, rf_error *error)
{
    struct replay *r = ctx;
    struct flush flush = {
        .replay = r, .input = input, .source = input - following_first_stream(&r->following)};
    TRY(delete_keys(&flush, error));
    message_note("%s was flushed: %" PRIu64 " key%s of its slots deleted from the target",
                 input_name(&r->session.inputs[input]), flush.keys, text_plural(flush.keys));
    return RF_OK;
}
