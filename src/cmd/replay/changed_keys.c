/* SPDX-License-Identifier: MIT */
#include "cmd/replay/changed_keys.h"
#include "base/bytes.h"
#include "cmd/run/key_set.h"
#include <rdbferry/command.h>

/* What precedes the two names. */
struct head {
    int64_t db, source_db;
    size_t length, source_length;
};

static bool has_digest(const void *entry, const void *digest)
{
    return ((const rf_digest *)entry)->high == ((const rf_digest *)digest)->high;
}

static bool append(struct changed_keys *keys, const struct changed_key *key)
{
    struct buffer *names = &keys->names;
    const struct head head = {key->db, key->source_db, key->key.len, key->source_key.len};
    return names->len + sizeof head + head.length + head.source_length <= keys->memory &&
           buffer_append(names, slice_of(&head, sizeof head)) && buffer_append(names, key->key) &&
           buffer_append(names, key->source_key);
}

void changed_keys_add(struct changed_keys *keys, const struct changed_key *key)
{
    const rf_digest digest = key_digest(key->db, key->key);
    bool was_there;
    if (keys->all)
        return;
    if (keys->table.entry_size == 0)
        hash_table_init(&keys->table, sizeof digest, keys->memory);
    rf_digest *entry = hash_table_add(&keys->table, digest.low, has_digest, &digest, &was_there);
    if (entry && was_there)
        return;
    if (!entry || !append(keys, key)) {
        keys->all = true;
        return;
    }
    entry->high = digest.high;
}

/* --- commands ------------------------------------------------------------------------------------------ */

struct command_keys {
    struct changed_keys *keys;
    const rf_entry *command;
    bool named;
    size_t count;
};

static bool add_key(void *ctx, rf_slice key)
{
    struct command_keys *of = ctx;
    const int64_t db = of->command->db;
    of->count++;
    if (of->named)
        changed_keys_add(of->keys, &(struct changed_key){db, db, key, key});
    return true;
}

void changed_keys_add_command(struct changed_keys *keys, const rf_entry *command, bool named)
{
    static const char *const other_db[] = {"MOVE", "COPY", NULL};
    static const char *const none[] = {"MULTI", "EXEC", "DISCARD", "PUBLISH", "SPUBLISH", NULL};
    struct command_keys of = {keys, command, named, 0};
    bool known = rf_command_each_key(command, add_key, &of);
    if (slice_is_one_of(command->argv[0], none))
        return;
    keys->all |= !known || of.count == 0 || (named && slice_is_one_of(command->argv[0], other_db));
}

/* --- reading ------------------------------------------------------------------------------------------- */

bool changed_keys_has(const struct changed_keys *keys, rf_digest digest)
{
    return hash_table_find(&keys->table, digest.low, has_digest, &digest) != NULL;
}

bool changed_keys_next(const struct changed_keys *keys, size_t *position, struct changed_key *out)
{
    struct head head;
    if (*position >= keys->names.len)
        return false;
    const uint8_t *at = keys->names.data + *position;
    memcpy(&head, at, sizeof head);
    at += sizeof head;
    *out = (struct changed_key){.db = head.db,
                                .source_db = head.source_db,
                                .key = {at, head.length},
                                .source_key = {at + head.length, head.source_length}};
    *position += sizeof head + head.length + head.source_length;
    return true;
}

void changed_keys_clear(struct changed_keys *keys)
{
    if (keys->table.entry_size > 0)
        hash_table_clear(&keys->table);
    keys->names.len = 0;
    keys->all = false;
}

void changed_keys_free(struct changed_keys *keys)
{
    hash_table_free(&keys->table);
    buffer_free(&keys->names);
}
