/* SPDX-License-Identifier: MIT */
/* One source that is followed: up to where its stream has been applied. */
#ifndef CMD_REPLAY_FOLLOWED_H
#define CMD_REPLAY_FOLLOWED_H

#include "cmd/replay/checkpoint.h"
#include "cmd/run/inputs.h"
#include <rdbferry/replay.h>

/* Where the stream can be continued: at the end of a command, outside transactions. */
struct following_point {
    uint64_t offset;
    int64_t db;                  /* that is selected there */
    int64_t arrived_ms;          /* of the command before it; Unix milliseconds */
    struct checkpoint_mark mark; /* a command before it */
};

struct following_lag {
    uint64_t bytes;
    int64_t ms; /* since the oldest of the commands was received */
};

struct followed {
    rf_follow *follow; /* NULL: not yet */
    struct input *stream;
    uint32_t number; /* of that input */
    struct following_lag lag;
    int64_t level_ms; /* when there was no lag the last time; Unix milliseconds */
    uint64_t done;    /* offset up to which the target has acknowledged the stream */
    struct following_point *points;
    size_t first, count, capacity; /* of the points; the first one is the last that is done */
    struct checkpoint_mark put[2]; /* the last command that was put, and the one before */
    struct checkpoint_mark marks[CHECKPOINT_MARKS];
    uint64_t exit_offset;    /* of the source when it was time to end; 0: not yet */
    rf_follow_paused paused; /* what the source told then; offset 0: not yet */
    char paused_id[41];      /* of its stream then */
};

/* All of the snapshot is done. */
rf_code followed_enter(struct followed *followed, rf_error *error);

/* Notes a command that is put; `slot`: -1 if it has none. */
void followed_put(struct followed *followed, uint64_t offset, int slot);

/* Notes that all commands before the last one that was read have been put, if that is due; always if all that
 * has arrived is. */
rf_code followed_note(struct followed *followed, bool last, rf_error *error);

/* Updates what is done, and the lag. */
void followed_measure(struct followed *followed, const rf_replay *engine);

/* All that has been read is put. */
static inline bool followed_is_idle(const struct followed *followed)
{
    return followed->stream->settled.offset == followed->stream->at.offset;
}

static inline const struct following_point *followed_point(const struct followed *followed)
{
    return &followed->points[followed->first];
}

void followed_free(struct followed *followed);

#endif
