/* SPDX-License-Identifier: MIT */
/* Digests of keys in a hash table, whose hashes are their lower halves. */
#include "cmd/run/key_set.h"

/* The database is added after the name is hashed: no name can compensate for it. */
rf_digest key_digest(int64_t db, rf_slice key)
{
    rf_digest digest = rf_digest_keyed(key);
    digest.low += (uint64_t)db;
    return digest;
}

static bool has_digest(const void *entry, const void *digest)
{
    return ((const rf_digest *)entry)->high == ((const rf_digest *)digest)->high;
}

void key_set_add_digest(struct key_set *set, rf_digest digest)
{
    bool was_there;
    if (set->digests.entry_size == 0)
        hash_table_init(&set->digests, sizeof digest, SIZE_MAX);
    rf_digest *entry = hash_table_add(&set->digests, digest.low, has_digest, &digest, &was_there);
    if (entry)
        entry->high = digest.high;
}

bool key_set_has_digest(const struct key_set *set, rf_digest digest)
{
    return hash_table_find(&set->digests, digest.low, has_digest, &digest) != NULL;
}

void key_set_add(struct key_set *set, int64_t db, rf_slice key)
{
    key_set_add_digest(set, key_digest(db, key));
}

bool key_set_has(const struct key_set *set, int64_t db, rf_slice key)
{
    return set->digests.count > 0 && key_set_has_digest(set, key_digest(db, key));
}

void key_set_free(struct key_set *set)
{
    hash_table_free(&set->digests);
}
