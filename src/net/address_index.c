/* SPDX-License-Identifier: MIT */
/* Hashed by host and port. */
#include "net/address_index.h"
#include <xxhash.h>

static uint64_t hash_of(const struct address_index *index, const rf_address *address)
{
    return XXH3_64bits_withSeed(address->host, strlen(address->host),
                                index->table.seed + (uint64_t)address->port);
}

static bool has_address(const void *entry, const void *key)
{
    const struct address_entry *there = entry;
    const rf_address *address = key;
    return there->port == address->port && strcmp(there->host, address->host) == 0;
}

bool address_index_find(const struct address_index *index, const rf_address *address, size_t *number)
{
    if (index->table.count == 0)
        return false;
    const struct address_entry *found = hash_table_find(&index->table, hash_of(index, address), has_address,
                                                        address);
    if (found)
        *number = found->number;
    return found;
}

bool address_index_add(struct address_index *index, const rf_address *address, size_t number)
{
    bool was_there;
    if (index->table.entry_size == 0)
        hash_table_init(&index->table, sizeof(struct address_entry), SIZE_MAX);
    struct address_entry *entry = hash_table_add(&index->table, hash_of(index, address), has_address, address,
                                                 &was_there);
    if (!entry)
        return false;
    entry->host = address->host;
    entry->port = address->port;
    entry->number = number;
    return true;
}

void address_index_free(struct address_index *index)
{
    hash_table_free(&index->table);
}
