/* SPDX-License-Identifier: MIT */
#include "cmd/replay/stream_flush.h"
#include "base/fail.h"
#include "cmd/replay/replay.h"
#include "cmd/replay/steady_pass.h"
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
    int64_t db; /* -1: all */
    uint64_t keys;
    int64_t asked_db; /* the database whose `has_db` is known */
    bool has_db;
};

bool stream_flush_is_exact(const struct replay *r)
{
    return r->options->on_exists == RF_ON_EXISTS_FAIL && r->session.unfiltered;
}

/* What is in a database that the source lacks is others'. */
static rf_code ask_source(struct flush *flush, int64_t db, rf_error *error)
{
    const rf_files *files = &flush->replay->options->common.inputs;
    const rf_live_options options = {.names_only = true};
    rf_target source = *rf_files_source(files, flush->source);
    rf_live *live;
    source.wait.tick = replay_engine_tick; /* as that of the pass */
    source.wait.ctx = flush->replay;
    TRY(rf_live_open(&source, &options, &live, error));
    rf_code code = rf_live_has_db(live, db, &flush->has_db, error);
    rf_live_close(live);
    flush->asked_db = db;
    return code;
}

static rf_code is_of_database(struct flush *flush, int64_t db, bool *is, rf_error *error)
{
    if (flush->db < 0 && db > 0 && db != flush->asked_db)
        TRY(ask_source(flush, db, error));
    *is = flush->db < 0 ? db == 0 || flush->has_db : db == flush->db;
    return RF_OK;
}

static rf_code on_key(void *ctx, const rf_key_record *found, rf_error *error)
{
    struct flush *flush = ctx;
    const struct replay *r = flush->replay;
    const rf_key_record record = {.db = found->db, .key = found->key, .input = flush->input};
    bool is;
    if (rf_replay_is_temporary(record.key) ||
        !rf_files_has_slot(&r->options->common.inputs, flush->source, rf_slot_of(record.key)))
        return RF_OK;
    TRY(is_of_database(flush, record.db, &is, error));
    if (!is)
        return RF_OK;
    flush->keys++;
    return rf_replay_delete(r->engine, &record, false, error);
}

/* A steady_pass_fn. */
static rf_code delete_keys(void *ctx, rf_live *target, rf_error *error)
{
    const struct flush *flush = ctx;
    rf_live_counts counts;
    TRY(rf_live_finish(target, &counts, error));
    TRY(rf_live_scan(target, 0, on_key, ctx, error));
    return rf_replay_finish(flush->replay->engine, error);
}

rf_code stream_flush(void *ctx, uint32_t input, int64_t db, rf_error *error)
{
    struct replay *r = ctx;
    struct flush flush = {
        .replay = r, .input = input, .source = input - following_first_stream(&r->following), .db = db};
    TRY(steady_pass(r, delete_keys, &flush, NULL, error));
    message_note("%s was flushed: %" PRIu64 " key%s of its slots deleted from the target",
                 input_name(&r->session.inputs[input]), flush.keys, text_plural(flush.keys));
    return RF_OK;
}
