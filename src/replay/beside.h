/* SPDX-License-Identifier: MIT */
/* The temporary name of a key: beside it, in its slot, and within what a user may touch whose permissions are
 * those of a prefix: "key:rdbferry:<run>:xyz". Of another run it is another one. */
#ifndef REPLAY_BESIDE_H
#define REPLAY_BESIDE_H

#include "base/buffer.h"

/* Fills `out`, which is cleared. False when memory is out. */
bool beside_name(rf_slice key, const char *run, struct buffer *out);

#endif
