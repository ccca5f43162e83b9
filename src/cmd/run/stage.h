/* SPDX-License-Identifier: MIT */
/* The parallel stage of a transfer: batches of keys and of commands are found by their frames, transferred in
 * lanes on several threads, and added to the whole in order.
 *
 *     cursor ─ frame ─┬─ lane ─┬─ order ─ sink
 *        │            ├─ lane ─┤    │
 *        │            └─ lane ─┘    │
 *        └─ transactions, functions, large values: once all lanes are empty */
#ifndef CMD_RUN_STAGE_H
#define CMD_RUN_STAGE_H

#include "cmd/run/cursor.h"
#include "cmd/run/transfer.h"

struct lane;
struct ordered;

/* The first three members are set by the owner; the others are private. */
struct stage {
    struct transfer *transfer;
    const struct transfer_steps *steps;
    struct cursor *cursor;
    struct ordered *ordered; /* NULL: no input has begun */
    struct lane *lanes;
    size_t lane_count;
    const struct input *input; /* that the lanes are for */
};

/* The number of batches that the threads are working on, for the session's read options; 0: for one thread,
 * there is no stage. As each has a part of each output, many outputs have fewer threads. */
size_t stage_batches(const struct common_options *common, size_t outputs);

/* Takes the next keys or commands into a lane. If *taken is false, everything before the cursor has been
 * transferred, and its next entry has to be transferred in order. */
rf_code stage_next(struct stage *stage, bool *taken, rf_error *error);

/* Stops the threads. What is in the lanes is discarded. */
void stage_close(struct stage *stage);

#endif
