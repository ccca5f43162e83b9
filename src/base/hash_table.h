/* SPDX-License-Identifier: MIT */
/* A hash table of entries of one size: open addressing with linear probing, at most three quarters full.
 *
 * An entry is a struct that begins with the uint64_t hash of its key; what follows belongs to the caller. A
 * hash of 0 is stored as 1: 0 marks a free position. The table never computes a hash: where keys are
 * untrusted, the caller hashes with the seed of the table, or with a secret of its own.
 *
 *     struct word { uint64_t hash; rf_slice text; } *word;
 *     hash_table_init(&table, sizeof *word, SIZE_MAX);
 *     hash = XXH3_64bits_withSeed(text.ptr, text.len, table.seed);
 *     word = hash_table_add(&table, hash, has_text, &text, &was_there);
 *     if (word && !was_there)
 *         word->text = text; */
#ifndef BASE_HASH_TABLE_H
#define BASE_HASH_TABLE_H

#include "base/bytes.h"
#include <stddef.h>

struct hash_table {
    uint8_t *entries;
    size_t entry_size; /* 0: not initialized; such a table is empty, and can only be searched and freed */
    size_t count, cap; /* cap: a power of two, or 0 */
    size_t max_cap;
    uint64_t seed; /* random */
};

/* `entry_size`: a multiple of 8; `memory`: limit for all entries in bytes, but not below HASH_TABLE_MIN of
 * them. Nothing is allocated yet. */
void hash_table_init(struct hash_table *table, size_t entry_size, uint64_t memory);

enum { HASH_TABLE_MIN = 16 }; /* positions of the smallest table */

/* The largest number of entries that fit. */
size_t hash_table_max_count(const struct hash_table *table);

/* Makes room for `count` entries in all: until there are more, adding moves none. False: they do not fit, or
 * out of memory; the table is unchanged or larger. */
bool hash_table_reserve(struct hash_table *table, size_t count);

/* The first entry from *position on, which is advanced past it; NULL at the end. */
void *hash_table_next(const struct hash_table *table, size_t *position);

/* Removes all entries, and keeps the memory and the seed. */
void hash_table_clear(struct hash_table *table);

/* Frees the memory; the table is then empty, with its seed and limit as before. */
void hash_table_free(struct hash_table *table);

/* Whether the key is that of an entry with an equal hash. */
typedef bool hash_table_equal_fn(const void *entry, const void *key);

/* For finding and adding. They are inlined with the function that compares, which should be a constant. */

static inline uint64_t hash_table_entry_hash(const void *entry)
{
    uint64_t hash;
    memcpy(&hash, entry, sizeof hash);
    return hash;
}

/* The position of the key, or the free one where it belongs. */
__attribute__((always_inline)) static inline void *
hash_table_probe(const struct hash_table *table, uint64_t hash, hash_table_equal_fn *equal, const void *key)
{
    for (size_t i = hash;; i++) {
        void *entry = table->entries + (i & (table->cap - 1)) * table->entry_size;
        uint64_t there = hash_table_entry_hash(entry);
        if (there == 0 || (there == hash && (!equal || equal(entry, key))))
            return entry;
    }
}

/* Returns NULL if the key is missing. `equal` may be NULL: keys with equal hashes are the same. */
__attribute__((always_inline)) static inline void *
hash_table_find(const struct hash_table *table, uint64_t hash, hash_table_equal_fn *equal, const void *key)
{
    if (table->count == 0)
        return NULL;
    void *entry = hash_table_probe(table, hash + !hash, equal, key);
    return hash_table_entry_hash(entry) ? entry : NULL;
}

/* The entry of the key. *was_there: it existed before; otherwise all but its hash is zeroed. Adding moves
 * entries. NULL: it does not fit, or out of memory; the table is unchanged. */
__attribute__((always_inline)) static inline void *hash_table_add(struct hash_table *table, uint64_t hash,
                                                                  hash_table_equal_fn *equal, const void *key,
                                                                  bool *was_there)
{
    hash += !hash;
    void *entry = table->cap > 0 ? hash_table_probe(table, hash, equal, key) : NULL;
    *was_there = entry && hash_table_entry_hash(entry);
    if (*was_there)
        return entry;
    if (UNLIKELY(4 * (table->count + 1) > 3 * table->cap)) {
        if (!hash_table_reserve(table, table->count + 1))
            return NULL;
        entry = hash_table_probe(table, hash, equal, key);
    }
    memcpy(entry, &hash, sizeof hash);
    table->count++;
    return entry;
}

#endif
