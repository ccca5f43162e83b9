/* SPDX-License-Identifier: MIT */
/* A lane: does the work of a command for a batch of keys or commands on another thread, with a session of its
 * own. Results and counters are added to those of the whole in order.
 *
 * An error undoes the entry at which it occurs, and the lane ends before it: it is then put in order, as
 * anything that does not fit into a batch. So errors are those of a single thread, and so is what has been
 * counted and said before. */
#ifndef CMD_RUN_LANE_H
#define CMD_RUN_LANE_H

#include "cmd/run/cursor.h"
#include "cmd/run/journal.h"
#include "cmd/run/session.h"

struct lane;

/* What a command does with entries. A lane keeps the results of its batch in a part of its own. */
struct lane_work {
    /* Sets `part` and `session`, which is zeroed, of a new lane; close() is called in both cases. */
    rf_code (*open)(void *ctx, struct lane *lane, rf_error *error);
    void (*close)(struct lane *lane);

    /* On any thread: an entry of the batch; whether no more of them fit into the part; and emptying it. */
    rf_code (*put)(struct lane *lane, rf_entry *entry, rf_error *error);
    bool (*is_full)(const struct lane *lane); /* may be NULL */
    void (*clear)(struct lane *lane);

    /* In order: whether entries may be taken in advance; how many entries of a lane may be merged, which
     * *entries is reduced to; merging them; and an entry that is in no batch. The first two may be NULL. */
    bool (*can_take)(void *ctx);
    rf_code (*check)(void *ctx, const struct lane *lane, uint64_t *entries, rf_error *error);
    rf_code (*merge)(void *ctx, struct lane *lane, rf_error *error);
    rf_code (*put_in_order)(void *ctx, const struct input *input, rf_entry *entry, rf_error *error);

    /* The entries that are next, together, up to `most` of them; *count: how many, if they can be. On any
     * thread, and in order. May be NULL. */
    rf_code (*put_run)(struct lane *lane, size_t most, size_t *count, rf_error *error);
    rf_code (*put_run_in_order)(void *ctx, struct cursor *cursor, size_t *count, rf_error *error);

    /* An error of reading an entry that is in no batch, which this returns, or RF_OK: what follows is read.
     * May be NULL. */
    rf_code (*read_on)(void *ctx, const struct input *input, rf_error *error);
};

struct lane {
    rf_batch *batch;
    struct common_options options; /* with a filter and a rewrite of its own */
    const struct lane_work *work;
    void *ctx;  /* of the work */
    void *part; /* of the work, as well as: */
    struct session *session;
    struct cursor cursor;
    struct journal journal;
    bool stopped;   /* the next entry has to be put in order */
    uint64_t alone; /* entries that were not put together with others, since lane_run() */
};

/* For the input of `cursor`. lane_close() must be called in both cases. */
rf_code lane_open(struct lane *lane, const struct lane_work *work, void *ctx, const struct cursor *cursor,
                  rf_error *error);
void lane_close(struct lane *lane);

/* Puts the entries of the batch from its mark on, up to the end, to an error, or until the part is full. On
 * any thread. */
void lane_run(struct lane *lane);

/* Adds what was done to the whole, the session of the cursor, and sets the mark of the batch. On the thread
 * of the cursor. */
rf_code lane_merge(struct lane *lane, struct session *whole, rf_error *error);

#endif
