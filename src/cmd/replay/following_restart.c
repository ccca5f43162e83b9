/* SPDX-License-Identifier: MIT */
/* A run that was stopped in its snapshots, and is resumed: which target another one may be written over. */
#include "base/fail.h"
#include "cmd/replay/replay.h"
#include "cmd/term/text.h"
#include <inttypes.h>

bool following_restarts(const struct replay *r)
{
    return r->options->follow && r->found.inputs && r->found.stream_count == 0;
}

static rf_code check_restart(const struct replay *r, rf_error *error)
{
    const struct key_options *keys = &r->options->common.keys;
    if (r->options->on_exists == RF_ON_EXISTS_FAIL && rf_rewrite_can_cover(keys->rewrite, keys->filter))
        return RF_OK;
    return fail(error, RF_E_ARGUMENT,
                "the run of the checkpoint '%.128s' was stopped while it wrote the snapshot, which cannot be "
                "continued %s: empty the target, remove the checkpoint, and start again",
                r->found.path,
                r->options->on_exists == RF_ON_EXISTS_FAIL ? "if names are both filtered and rewritten"
                                                           : "with --on-exists skip or replace");
}

rf_code following_recognize(const struct replay *r, uint64_t keys, rf_error *error)
{
    if (!following_restarts(r))
        return RF_OK;
    TRY(check_restart(r, error));
    if (keys == 0 || rf_replay_is_marked(r->engine))
        return RF_OK;
    return fail(error, RF_E_TARGET,
                "the target has %" PRIu64 " key%s, and none by which the run of the checkpoint '%.128s' "
                "recognizes it: empty it, remove the checkpoint, and start again",
                keys, text_plural(keys), r->found.path);
}

/* The checkpoint is there before the marks are, so that a run that is killed leaves none that are unknown. */
rf_code following_begin_snapshots(struct replay *r, rf_error *error)
{
    const bool was_empty = r->options->on_exists == RF_ON_EXISTS_FAIL;
    if (following_restarts(r))
        TRY(replay_leftovers_begin(r, error));
    if (!r->options->checkpoint || r->found.stream_count > 0 || !was_empty || rf_replay_is_marked(r->engine))
        return RF_OK;
    TRY(replay_begin_snapshot(r, error));
    return rf_replay_mark_target(r->engine, error);
}
