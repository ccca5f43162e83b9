/* SPDX-License-Identifier: MIT */
/* A key as it matters to what counts slots: where it is, and its size. */
#ifndef CMD_RUN_PLACED_KEY_H
#define CMD_RUN_PLACED_KEY_H

#include "base/buffer.h"
#include <rdbferry/slot.h>

struct placed_key {
    rf_slice tag; /* rf_hash_tag() of its name */
    uint64_t bytes;
    unsigned slot;
};

/* How many are packed together. */
enum { PLACED_KEYS_MOST = 128 };

/* Packs keys with their tags, one at least. False if out of memory. */
bool placed_keys_pack(struct buffer *out, const struct placed_key *keys, size_t count);

/* Returns how many there are; their tags are in `packed`, which need not be aligned. */
size_t placed_keys_unpack(rf_slice packed, struct placed_key out[PLACED_KEYS_MOST]);

#endif
