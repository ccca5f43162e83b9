/* SPDX-License-Identifier: MIT */
/* The keys that commands have written since some time, under their names in the source and in the target, as
 * long as they fit into memory. */
#ifndef CMD_REPLAY_CHANGED_KEYS_H
#define CMD_REPLAY_CHANGED_KEYS_H

#include "base/buffer.h"
#include "base/hash_table.h"
#include <rdbferry/digest.h>
#include <rdbferry/entry.h>

struct changed_key {
    int64_t db, source_db;
    rf_slice key, source_key;
};

/* Starts as 0, but for `memory`. */
struct changed_keys {
    uint64_t memory; /* for the names, and as much for the table */
    struct hash_table table;
    struct buffer names;
    bool all; /* others than these may have changed, too */
};

void changed_keys_add(struct changed_keys *keys, const struct changed_key *key);

/* Adds the keys of a command that is written, which have kept their names. Without `named` they have been
 * added already; of a command whose keys are not known all may have changed in any case. */
void changed_keys_add_command(struct changed_keys *keys, const rf_entry *command, bool named);

/* `digest`: the key_digest() of a key of the target. */
bool changed_keys_has(const struct changed_keys *keys, rf_digest digest);

static inline size_t changed_keys_count(const struct changed_keys *keys)
{
    return keys->table.count;
}

/* The key at *position, which is advanced past it; false at the end. It is valid until another one is added.
 */
bool changed_keys_next(const struct changed_keys *keys, size_t *position, struct changed_key *out);

/* Empties it, and keeps the memory. */
void changed_keys_clear(struct changed_keys *keys);

void changed_keys_free(struct changed_keys *keys);

#endif
