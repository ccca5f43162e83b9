/* SPDX-License-Identifier: MIT */
/* Digests of keys: appended when added, sorted for the first lookup. */
#include "cmd/run/key_set.h"
#include <stdlib.h>

enum { INITIAL_CAPACITY = 1024 };

/* The database is added after the name is hashed: no name can compensate for it. */
rf_digest key_digest(int64_t db, rf_slice key)
{
    rf_digest digest = rf_digest_keyed(key);
    digest.low += (uint64_t)db;
    return digest;
}

void key_set_add(struct key_set *set, int64_t db, rf_slice key)
{
    if (set->count == set->capacity) {
        size_t capacity = set->capacity ? 2 * set->capacity : INITIAL_CAPACITY;
        rf_digest *grown = realloc(set->digests, capacity * sizeof *grown);
        if (!grown)
            return;
        set->digests = grown;
        set->capacity = capacity;
    }
    set->digests[set->count++] = key_digest(db, key);
    set->sorted = false;
}

static int compare(const void *a, const void *b)
{
    const rf_digest *x = a, *y = b;
    return x->high != y->high ? (x->high > y->high) - (x->high < y->high)
                              : (x->low > y->low) - (x->low < y->low);
}

bool key_set_has(struct key_set *set, int64_t db, rf_slice key)
{
    const rf_digest wanted = key_digest(db, key);
    if (set->count == 0)
        return false;
    if (!set->sorted)
        qsort(set->digests, set->count, sizeof *set->digests, compare);
    set->sorted = true;
    return bsearch(&wanted, set->digests, set->count, sizeof *set->digests, compare) != NULL;
}

void key_set_free(struct key_set *set)
{
    free(set->digests);
}
