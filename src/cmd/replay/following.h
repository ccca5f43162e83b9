/* SPDX-License-Identifier: MIT */
/* --follow: after the snapshot of a live source its stream is written to the target, until the run is stopped
 * or the target is in step.
 *
 *   snapshot  ->  catching up  <->  in step
 *
 * The lag is what has been received of the stream, and is not acknowledged by the target. */
#ifndef CMD_REPLAY_FOLLOWING_H
#define CMD_REPLAY_FOLLOWING_H

#include "base/json.h"
#include "cmd/replay/cutover.h"
#include "cmd/replay/replay_options.h"
#include "cmd/run/cursor.h"
#include <rdbferry/follow.h>

struct replay;

enum following_phase { FOLLOWING_SNAPSHOT, FOLLOWING_CATCHING_UP, FOLLOWING_IN_STEP };

enum { FOLLOWING_INPUTS = 2, FOLLOWING_STREAM = 1 /* the number of the input */ };

/* Where the stream can be continued: at the end of a command, outside transactions. */
struct following_point {
    uint64_t offset;
    int64_t db;         /* that is selected there */
    int64_t arrived_ms; /* of the command before it; Unix milliseconds */
};

struct following_lag {
    uint64_t bytes;
    int64_t ms; /* since the oldest of the commands was received */
};

struct following {
    rf_follow *follow; /* NULL: not yet, or --follow is not given */
    bool in_stream;    /* the snapshot is written */
    enum following_phase phase;
    struct following_lag lag;
    uint64_t done; /* offset up to which the target has acknowledged the stream */
    struct following_point *points;
    size_t first, count, capacity; /* of the points; the first one is the last that is done */
    uint64_t turns;
    int64_t checked_ms;   /* these are monotonic */
    int64_t linked_ms;    /* since when the link exists without a break, and the stream is read */
    int64_t in_step_ms;   /* since when it is in step */
    uint64_t exit_offset; /* of the source when it was time to end; 0: not yet */
    bool was_in_step;     /* at some time */
    struct cutover cutover;
    bool stopped_in_step; /* by a signal */
};

/* Makes the source two inputs of the session: its snapshot and its stream. */
void following_add_inputs(struct replay *replay);

/* Refuses at the start what would be refused with the first command. */
rf_code following_check(const struct replay *replay, rf_error *error);

/* Connects to the source. Called before the first write; where an earlier run has ended is known by then. */
rf_code following_begin(struct replay *replay, rf_error *error);

/* The first input to read. */
size_t following_first_input(const struct replay *replay);

/* Called after each cursor_next(); `entry`: what it has returned, and what has been put. Waits if there is
 * nothing to be read. RF_END: the run is complete. */
rf_code following_turn(struct replay *replay, struct cursor *cursor, rf_error *error);

/* Called when the reading has ended with `code`, which is returned. A signal that comes in step ends the
 * following as it is to end; without a checkpoint, the run is then complete: RF_END. */
rf_code following_ended(struct replay *replay, rf_code code);

/* Called when all that was put is done. */
rf_code following_finished(struct replay *replay, rf_error *error);

/* Whether a signal has completed the run. */
bool following_completes(const struct replay *replay);

/* "in step, 0.1 s behind" */
void following_format(const struct following *following, char *out, size_t size);

/* Adds the member "follow". */
void following_report(struct json *json, const struct replay *replay);

void following_free(struct following *following);

#endif
