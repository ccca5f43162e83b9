/* SPDX-License-Identifier: MIT */
/* A lane: writes a batch of keys or commands on another thread. It is a transfer of its own, with its own
 * counters, into a part of the output; they are added to those of the whole in order.
 *
 * An error undoes the entry at which it occurs, and the lane ends before it: it is then transferred again in
 * order, as anything that does not fit into a batch. So errors are those of a single thread, and so is what
 * has been counted and said before. */
#ifndef CMD_RUN_LANE_H
#define CMD_RUN_LANE_H

#include "cmd/run/cursor.h"
#include "cmd/run/journal.h"
#include "cmd/run/transfer.h"

struct lane {
    rf_batch *batch;
    struct common_options options; /* with a filter and a rewrite of its own */
    struct transfer transfer;      /* with its own session */
    struct cursor cursor;
    struct journal journal;
    const struct transfer_steps *steps;
    bool stopped; /* the next entry has to be transferred in order */
};

/* `whole` must have been begun. lane_close() must be called in both cases. */
rf_code lane_open(struct lane *lane, const struct transfer *whole, const struct transfer_steps *steps,
                  const struct cursor *cursor, rf_error *error);
void lane_close(struct lane *lane);

/* Transfers the next entry of a cursor that pauses, or is over a batch: a key, or all that results of a
 * command. */
rf_code lane_transfer_one(struct transfer *transfer, const struct transfer_steps *steps,
                          struct cursor *cursor, rf_error *error);

/* Transfers the entries of the batch from its mark on, up to the end, to an error, or until the part of the
 * output is large. On any thread. */
void lane_run(struct lane *lane);

/* Adds what was done to the whole, and sets the mark of the batch. On the thread of the cursor. */
rf_code lane_merge(struct lane *lane, struct transfer *whole, rf_error *error);

#endif
