/* SPDX-License-Identifier: MIT */
/* Keys that are remembered by a keyed digest of 128 bits each: enough to know them again, not to name them,
 * and names cannot be made that are taken for one another. */
#ifndef CMD_KEY_SET_H
#define CMD_KEY_SET_H

#include <rdbferry/digest.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Begins as 0. */
struct key_set {
    rf_digest *digests;
    size_t count, room;
    bool sorted;
};

rf_digest key_digest(int64_t db, rf_slice key);

/* Where memory is out, the key is not in it afterwards. */
void key_set_add(struct key_set *set, int64_t db, rf_slice key);

bool key_set_has(struct key_set *set, int64_t db, rf_slice key);

void key_set_free(struct key_set *set);

#endif
