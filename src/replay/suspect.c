/* SPDX-License-Identifier: MIT */
/* Tracks which requests may have brought a server down. */
#include "replay/suspect.h"

#include "base/fail.h"
#include "replay/commands.h"

enum {
    READ_AHEAD = 32 * 1024, /* bytes; servers read 16 KiB at a time */
    DEATHS_MAX = 2,
    CUTS_MAX = 5,
    WAIT_MS = 100,
};

void suspect_note(struct pipe *pipe)
{
    bool first = true;
    uint64_t from = pipe->answer < pipe->tail ? pipe_parcel(pipe, pipe->answer)->start : 0;
    for (uint64_t i = pipe->answer; i < pipe->tail; i++) {
        struct parcel *parcel = pipe_parcel(pipe, i);
        if (parcel->start >= pipe->sent || parcel->start - from > READ_AHEAD)
            return;
        if (parcel->kind != PARCEL_KEY)
            continue;
        parcel->lost = true;
        parcel->first_lost = first;
        parcel->lost_run = pipe->run;
        first = false;
    }
}

void suspect_note_one(const struct node *node, struct parcel *parcel)
{
    parcel->lost = parcel->first_lost = true;
    parcel->lost_run = node->run;
}

static rf_code end_run(rf_replay *r, const struct stray *stray, const struct node *node, rf_error *error)
{
    const char *what = stray->parcel.deaths >= DEATHS_MAX
                           ? "the server went down twice while processing this key: exclude the key, or "
                             "check the server's log"
                           : "the connection was lost repeatedly while this key was written: exclude the "
                             "key, or check the server's log";
    fail(&r->error, RF_E_TARGET, "%s: %s", node->name, what);
    error_key(&r->error, stray->parcel.db, command_key(buffer_slice(&stray->bytes)));
    return replay_ended(r, error);
}

rf_code suspect_judge(rf_replay *r, struct stray *stray, const struct pipe *pipe, rf_error *error)
{
    struct parcel *parcel = &stray->parcel;
    if (LIKELY(!parcel->lost))
        return RF_OK;
    bool died = parcel->lost_run != pipe->run;
    parcel->lost = false;
    parcel->deaths += died;
    parcel->cuts = died ? 0 : (uint8_t)(parcel->cuts + parcel->first_lost);
    return parcel->deaths < DEATHS_MAX && parcel->cuts < CUTS_MAX ? RF_OK
                                                                  : end_run(r, stray, pipe->owner, error);
}

static bool is_quiet(const struct node *node)
{
    for (unsigned i = 0; i < node->replay->options.connections; i++)
        if (node->pipes[i].connection && !pipe_is_answered(&node->pipes[i]))
            return false;
    return true;
}

rf_code suspect_wait(const struct node *node, rf_error *error)
{
    while (!is_quiet(node))
        TRY(loop_turn(node->replay, WAIT_MS, error));
    return RF_OK;
}
