/* SPDX-License-Identifier: MIT */
/* A set of keys, stored as keyed digests of 128 bits: enough to recognize them, not to print them. No names
 * can be crafted that collide. */
#ifndef CMD_RUN_KEY_SET_H
#define CMD_RUN_KEY_SET_H

#include "base/hash_table.h"
#include <rdbferry/digest.h>

/* Starts as 0. */
struct key_set {
    struct hash_table digests; /* of rf_digest */
};

rf_digest key_digest(int64_t db, rf_slice key);

/* If memory is exhausted, the key is not added. */
void key_set_add(struct key_set *set, int64_t db, rf_slice key);

bool key_set_has(const struct key_set *set, int64_t db, rf_slice key);

/* The same with a key's digest. */
void key_set_add_digest(struct key_set *set, rf_digest digest);
bool key_set_has_digest(const struct key_set *set, rf_digest digest);

void key_set_free(struct key_set *set);

#endif
