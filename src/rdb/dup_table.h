/* SPDX-License-Identifier: MIT */
/* A table of 128-bit hashes, with linear probing from the position given by the low bits.
 *
 *     tags     a byte of each position's hash, never 0; 0: the position is free
 *     entries  the hashes; of a free position: not initialized
 *
 * The tags of most values stay in the first cache, where the hashes would not: a hash is only read if its tag
 * is equal, and a table is cleared by its tags. */
#ifndef RDB_DUP_TABLE_H
#define RDB_DUP_TABLE_H

#include "base/bytes.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dup_entry {
    uint64_t low, high;
};

struct dup_table {
    uint8_t *tags;
    struct dup_entry *entries;
    size_t count, cap; /* cap: a power of two */
};

static inline void dup_table_begin(struct dup_table *table, uint8_t *tags, struct dup_entry *entries,
                                   size_t cap)
{
    *table = (struct dup_table){.tags = tags, .entries = entries, .cap = cap};
    memset(tags, 0, cap);
}

static inline bool dup_table_is_full(const struct dup_table *table)
{
    return 4 * (table->count + 1) > 3 * table->cap;
}

static inline bool dup_entry_equal(struct dup_entry a, struct dup_entry b)
{
    return a.low == b.low && a.high == b.high;
}

/* False: it is there. The table must not be full. */
static inline bool dup_table_add(struct dup_table *table, struct dup_entry entry)
{
    const uint8_t tag = (uint8_t)(entry.high >> 56) | 1;
    size_t i = entry.low & (table->cap - 1);
    while (table->tags[i] != 0) {
        if (UNLIKELY(table->tags[i] == tag) && dup_entry_equal(table->entries[i], entry))
            return false;
        i = (i + 1) & (table->cap - 1);
    }
    table->tags[i] = tag;
    table->entries[i] = entry;
    table->count++;
    return true;
}

/* The first entry from *position on, which is advanced past it; NULL at the end. */
static inline const struct dup_entry *dup_table_next(const struct dup_table *table, size_t *position)
{
    while (*position < table->cap)
        if (table->tags[(*position)++] != 0)
            return &table->entries[*position - 1];
    return NULL;
}

#endif
