/* SPDX-License-Identifier: MIT */
/* The position keys of a run: each says which commands of the log have been applied to the keys of a slot,
 * since it is written in the same transaction as they are. A cluster has one in each slot,
 * "rdbferry:<run>:position:{abc}"; any other target has a single one, "rdbferry:<run>:position". All are in
 * database 0. Of several streams, the second one has "rdbferry:<run>:position:1" or "...:1:{abc}", and so on.
 */
#ifndef REPLAY_POSITION_KEY_H
#define REPLAY_POSITION_KEY_H

#include "base/buffer.h"
#include <rdbferry/replay.h>

enum { NO_SLOT = -1 /* not of a cluster */ };

/* Clears and fills `out`. Streams are counted from 0. Returns false if out of memory. */
bool position_key_make(const char *run, unsigned stream, int slot, struct buffer *out);

/* Whether a key has the name of a position key of any run. */
bool is_position_key(rf_slice name);

/* The value: zeroed if there is none. */
struct slot_position {
    rf_position after;   /* the commands before it have been applied */
    rf_position flushed; /* the last command that has emptied all nodes of the cluster ends there */
};

enum { POSITION_TEXT = 4 * 21 };

size_t position_print(uint8_t out[POSITION_TEXT], const struct slot_position *position);
bool position_parse(rf_slice text, struct slot_position *out);

static inline rf_position position_later(rf_position a, rf_position b)
{
    return rf_position_before(a, b) ? b : a;
}

#endif
