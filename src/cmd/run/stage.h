/* SPDX-License-Identifier: MIT */
/* The parallel stage of a command: batches of keys and of commands are found by their frames, worked on in
 * lanes on several threads, and added to the whole in order.
 *
 *     cursor ─ frame ─┬─ lane ─┬─ order
 *        │            ├─ lane ─┤    │
 *        │            └─ lane ─┘    │
 *        └─ transactions, functions, large values: once all lanes are empty */
#ifndef CMD_RUN_STAGE_H
#define CMD_RUN_STAGE_H

#include "cmd/run/lane.h"

/* The number of batches that the threads are working on, for the session's read options; 0: for one thread,
 * there is no stage. As each has a part of each output, many outputs have fewer threads. `copies`: most
 * values are copied as they are; on two processors the default is then one thread. */
size_t stage_batches(const struct common_options *common, size_t outputs, bool copies);

/* Does the work for all entries of the cursor, in lanes or, one after the other, by work->put_in_order().
 * Returns what ended it, for cursor_close(). */
rf_code stage_run(struct cursor *cursor, const struct lane_work *work, void *ctx, rf_error *error);

#endif
