/* SPDX-License-Identifier: MIT */
/* Hashes of keys: appended as they come, sorted once they are asked for. */
#include "key_set.h"
#include <stdlib.h>

enum { ROOM_AT_FIRST = 1024 };

/* FNV-1a. */
uint64_t key_hash(int64_t db, rf_slice key)
{
    const uint64_t prime = UINT64_C(0x100000001b3);
    uint64_t hash = (UINT64_C(0xcbf29ce484222325) ^ (uint64_t)db) * prime;

    for (size_t i = 0; i < key.len; i++)
        hash = (hash ^ key.ptr[i]) * prime;
    return hash;
}

void key_set_add(struct key_set *set, int64_t db, rf_slice key)
{
    if (set->count == set->room) {
        size_t room = set->room ? 2 * set->room : ROOM_AT_FIRST;
        uint64_t *grown = realloc(set->hashes, room * sizeof *grown);

        if (!grown)
            return;
        set->hashes = grown;
        set->room = room;
    }
    set->hashes[set->count++] = key_hash(db, key);
    set->sorted = false;
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

bool key_set_has(struct key_set *set, int64_t db, rf_slice key)
{
    const uint64_t wanted = key_hash(db, key);

    if (set->count == 0)
        return false;
    if (!set->sorted)
        qsort(set->hashes, set->count, sizeof *set->hashes, compare);
    set->sorted = true;
    return bsearch(&wanted, set->hashes, set->count, sizeof *set->hashes, compare) != NULL;
}

void key_set_free(struct key_set *set)
{
    free(set->hashes);
}
