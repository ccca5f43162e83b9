/* SPDX-License-Identifier: MIT */
/* Growing and clearing. A table is doubled in place, so that growing does not temporarily need more memory
 * than the result. */
#include "base/hash_table.h"
#include "base/random.h"
#include <stdlib.h>

void hash_table_init(struct hash_table *table, size_t entry_size, uint64_t memory)
{
    size_t max_cap = HASH_TABLE_MIN;
    while (max_cap <= memory / entry_size / 2 && max_cap <= SIZE_MAX / 8 / entry_size)
        max_cap *= 2;
    *table = (struct hash_table){.entry_size = entry_size, .max_cap = max_cap, .seed = random_u64()};
}

size_t hash_table_max_count(const struct hash_table *table)
{
    return table->max_cap / 4 * 3;
}

static void *entry_at(const struct hash_table *table, size_t i)
{
    return table->entries + (i & (table->cap - 1)) * table->entry_size;
}

/* Moves the entries of the lower half to their positions in the whole table. It starts after a free position,
 * so that the first entry of a run is moved first. Its new position is then always free: an entry that stays
 * in the lower half lands no further than before, and so does one that moves to the upper half, relative to
 * its start. */
static void spread(struct hash_table *table, size_t old_cap, void *moving)
{
    size_t free_at = 0;
    while (hash_table_entry_hash(entry_at(table, free_at)))
        free_at++;
    for (size_t k = 1; k < old_cap; k++) {
        void *entry = entry_at(table, (free_at + k) & (old_cap - 1));
        size_t i = hash_table_entry_hash(entry);
        if (i == 0)
            continue;
        memcpy(moving, entry, table->entry_size);
        memset(entry, 0, table->entry_size);
        while (hash_table_entry_hash(entry_at(table, i)))
            i++;
        memcpy(entry_at(table, i), moving, table->entry_size);
    }
}

static bool grow(struct hash_table *table)
{
    size_t old_cap = table->cap, cap = old_cap ? 2 * old_cap : HASH_TABLE_MIN;
    void *moving = malloc(table->entry_size);
    uint8_t *entries = moving ? realloc(table->entries, cap * table->entry_size) : NULL;
    if (entries) {
        memset(entries + old_cap * table->entry_size, 0, (cap - old_cap) * table->entry_size);
        table->entries = entries;
        table->cap = cap;
        if (table->count > 0)
            spread(table, old_cap, moving);
    }
    free(moving);
    return entries != NULL;
}

COLD bool hash_table_reserve(struct hash_table *table, size_t count)
{
    if (count > hash_table_max_count(table))
        return false;
    while (4 * count > 3 * table->cap)
        if (!grow(table))
            return false;
    return true;
}

void *hash_table_next(const struct hash_table *table, size_t *position)
{
    while (*position < table->cap) {
        void *entry = entry_at(table, (*position)++);
        if (hash_table_entry_hash(entry))
            return entry;
    }
    return NULL;
}

void hash_table_clear(struct hash_table *table)
{
    if (table->count > 0)
        memset(table->entries, 0, table->cap * table->entry_size);
    table->count = 0;
}

void hash_table_free(struct hash_table *table)
{
    free(table->entries);
    table->entries = NULL;
    table->count = table->cap = 0;
}
