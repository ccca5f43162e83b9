/* SPDX-License-Identifier: MIT */
/* Keys that are remembered by a hash of 64 bits each: enough to know them again, not to name them. */
#ifndef CMD_KEY_SET_H
#define CMD_KEY_SET_H

#include <rdbferry/value.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Begins as 0. */
struct key_set {
    uint64_t *hashes;
    size_t count, room;
    bool sorted;
};

uint64_t key_hash(int64_t db, rf_slice key);

/* Where memory is out, the key is not in it afterwards. */
void key_set_add(struct key_set *set, int64_t db, rf_slice key);

bool key_set_has(struct key_set *set, int64_t db, rf_slice key);

void key_set_free(struct key_set *set);

#endif
