/* SPDX-License-Identifier: MIT */
/* --cutover: when the target is in step, the writes at the source are paused, what is left of the stream is
 * written, both are compared, and the clients are switched. Until then any trouble ends the pause; it ends by
 * itself in any case.
 *
 *   in step  ->  compared  ->  paused, until all is acknowledged  ->  what has changed is compared
 *            ->  --cutover-command  ->  complete */
#ifndef CMD_REPLAY_CUTOVER_H
#define CMD_REPLAY_CUTOVER_H

#include "base/json.h"
#include "cmd/replay/cutover_compare.h"
#include <rdbferry/error.h>
#include <stdbool.h>
#include <stdint.h>

struct replay;

struct cutover {
    int64_t paused_ms; /* when the pause began; monotonic; 0: the writes are not paused */
    bool tried;        /* there is one attempt in a run */
    bool corrected;    /* the expiries, so that the target deletes keys by itself */
    bool confirming;   /* all is done but to see that the pause has lasted */
    uint64_t put;      /* keys and commands that were put before that */
    bool switching;    /* the clients may be switched, or have been */
    bool killed;       /* the command that switches them */
    bool complete;
    int64_t took_ms; /* from the pause until it was complete */
    struct cutover_compare compare;
};

/* Refuses at the start what the source does not permit. */
rf_code cutover_begin(struct replay *replay, rf_error *error);

/* Called between entries while the target is in step or the writes are paused. RF_END: it is complete. */
rf_code cutover_turn(struct replay *replay, int64_t now_ms, rf_error *error);

/* The run ends: the writes go on, unless it is complete. */
void cutover_end(struct replay *replay);

/* Prints what to do now, if it is complete. */
void cutover_print(const struct replay *replay);

/* Adds the member "cutover". */
void cutover_report(struct json *json, const struct replay *replay);

#endif
