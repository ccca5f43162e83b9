/* SPDX-License-Identifier: MIT */
/* --follow: after the snapshots of a live source, which is one server or the primaries of a cluster, their
 * streams are written to the target, until the run is stopped or the target is in step. The inputs of the
 * session are the snapshots, and after these the streams.
 *
 *   snapshot  ->  catching up  <->  in step
 *
 * The lag is what has been received of the streams, and is not acknowledged by the target: the sum of the
 * bytes, and the age of the oldest. */
#ifndef CMD_REPLAY_FOLLOWING_H
#define CMD_REPLAY_FOLLOWING_H

#include "base/json.h"
#include "cmd/replay/cutover.h"
#include "cmd/replay/followed.h"
#include "cmd/replay/replay_options.h"
#include "cmd/run/cursor.h"

struct replay;

/* The snapshots that a run has asked for: a source may end the link while it sends one. What was written of
 * it is then replaced by another one, as by a run that is resumed. */
struct following_attempts {
    bool again;           /* another one is to be made */
    unsigned failed;      /* how many have */
    bool written, saved;  /* by one of these: something to the target; the checkpoint */
    rf_position furthest; /* of the entries that they have put */
    int64_t since_ms;     /* when one came further than those before it; monotonic */
};

enum { FOLLOWING_OFFSETS = 256 }; /* following_format_offsets() */

enum following_phase { FOLLOWING_SNAPSHOT, FOLLOWING_CATCHING_UP, FOLLOWING_IN_STEP };

struct following {
    struct followed *sources;
    size_t count;   /* 0: --follow is not given */
    bool begun;     /* all are followed */
    bool in_stream; /* the snapshots are written */
    int epoll;      /* readable when something of a stream has been received */
    enum following_phase phase;
    struct following_lag lag;
    uint64_t turns;
    int64_t checked_ms;  /* these are monotonic */
    int64_t linked_ms;   /* since when all links exist without a break, and the streams are read */
    int64_t in_step_ms;  /* since when it is in step */
    int64_t slots_ms;    /* when the slots of a source are checked next: */
    size_t slots_source; /* of this one */
    bool was_in_step;    /* at some time */
    struct cutover cutover;
    bool stopped_in_step; /* by a signal */
};

/* Makes the session's inputs snapshots, and adds their streams. False: out of memory. */
bool following_add_inputs(struct replay *replay);

/* How many streams the target may have positions of: 0 if there is one, or none. */
uint32_t following_streams(const struct replay *replay);

/* The input that is the stream of the first source. */
static inline size_t following_first_stream(const struct following *following)
{
    return following->count;
}

/* Refuses at the start what would be refused with the first command. */
rf_code following_check(const struct replay *replay, rf_error *error);

/* Notes a command that is put. */
void following_put(struct following *following, const rf_entry *command, uint32_t input);

/* Whether the target still has what the earlier run's checkpoint says that it has acknowledged; RF_E_TARGET.
 */
rf_code following_check_target(const struct replay *replay, rf_error *error);

/* Whether a source cannot be followed on without another snapshot. */
bool following_needs_snapshot(const struct replay *replay);

/* The earlier run, or attempt, was stopped while it wrote the snapshot, or slots of the source have moved
 * since it began: another one is written over what is in the target, which was empty before. What is there
 * and not in the new one is deleted. */
bool following_restarts(const struct replay *replay);

/* Whether all that is in the target was written by the run, under names that are recognized. */
bool following_can_replace(const struct replay *replay);

/* Refuses a target that another snapshot cannot be written over. `keys`: how many it has. */
rf_code following_recognize(const struct replay *replay, uint64_t keys, rf_error *error);

/* Called by following_begin(): marks a target that is new to the run, so that it is recognized. */
rf_code following_begin_snapshots(struct replay *replay, rf_error *error);

/* Without a checkpoint the next run does not know the marks of this one: they are removed if nothing else was
 * written, so that the target is as it was, or if there is another attempt. */
void following_unmark(struct replay *replay);

/* Called when the run has ended with `code`, and before the checkpoint is saved: makes another attempt if the
 * source has ended the snapshot, unless none came further for --retry-for. Returns the code. */
rf_code following_try_again(struct replay *replay, rf_code code, rf_error *error);

/* Called by following_begin(): waits, after attempts that have failed. */
rf_code following_pause(struct replay *replay, rf_error *error);

/* Connects to the source. Called before the first write; where an earlier run has ended is known by then. */
rf_code following_begin(struct replay *replay, rf_error *error);

/* The first input to read. */
size_t following_first_input(const struct replay *replay);

/* Called after each cursor_next(), before what it has returned is put: all snapshots are written before the
 * first command is. */
rf_code following_enter(struct replay *replay, const struct cursor *cursor, rf_error *error);

/* Called when that is put. Waits if there is nothing to be read. RF_END: the run is complete. */
rf_code following_turn(struct replay *replay, struct cursor *cursor, rf_error *error);

/* Called when the reading has ended with `code`, which is returned. A signal that comes in step ends the
 * following as it is to end; without a checkpoint, the run is then complete: RF_END. */
rf_code following_ended(struct replay *replay, rf_code code, rf_error *error);

/* Called when all that was put is done. */
rf_code following_finished(struct replay *replay, rf_error *error);

/* Whether a signal has completed the run. */
bool following_completes(const struct replay *replay);

/* Whether every node of the source has the slots that it had in the beginning: RF_E_READ, or RF_E_UNAVAILABLE
 * if that is not known now. */
rf_code following_check_sources(const struct following *following, rf_error *error);

/* "redis://10.0.0.5:6379" or "3 servers" */
void following_format_source(const struct replay *replay, char *out, size_t size);

/* "in step, 0.1 s behind" */
void following_format(const struct following *following, char *out, size_t size);

/* "offset 5", or "offsets 5, 7, 2" */
void following_format_offsets(const struct following *following, char *out, size_t size);

/* Adds the member "follow". */
void following_report(struct json *json, const struct replay *replay);

void following_free(struct following *following);

#endif
