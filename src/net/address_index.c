/* SPDX-License-Identifier: MIT */
/* Open addressing, at most half full. */
#include "net/address_index.h"

#include "base/random.h"
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

/* The slot of an address, or the free slot for it. */
static size_t find_bucket(const struct address_index *index, const char *host, int port)
{
    size_t at = XXH3_64bits_withSeed(host, strlen(host), index->seed + (uint64_t)port) &
                (index->capacity - 1);
    while (index->entries[at].host &&
           (index->entries[at].port != port || strcmp(index->entries[at].host, host) != 0))
        at = (at + 1) & (index->capacity - 1);
    return at;
}

bool address_index_find(const struct address_index *index, const rf_address *address, size_t *number)
{
    if (index->count == 0)
        return false;
    const struct address_entry *found = &index->entries[find_bucket(index, address->host, address->port)];
    *number = found->number;
    return found->host;
}

static bool grow(struct address_index *index)
{
    enum { INITIAL_CAPACITY = 32 };
    struct address_index grown = {.capacity = index->capacity ? 2 * index->capacity : INITIAL_CAPACITY,
                                  .count = index->count,
                                  .seed = index->capacity ? index->seed : random_u64()};
    grown.entries = calloc(grown.capacity, sizeof *grown.entries);
    if (!grown.entries)
        return false;
    for (size_t i = 0; i < index->capacity; i++)
        if (index->entries[i].host)
            grown.entries[find_bucket(&grown, index->entries[i].host, index->entries[i].port)] =
                index->entries[i];
    free(index->entries);
    *index = grown;
    return true;
}

bool address_index_add(struct address_index *index, const rf_address *address, size_t number)
{
    if (2 * index->count >= index->capacity && !grow(index))
        return false;
    index->entries[find_bucket(index, address->host, address->port)] = (struct address_entry){
        address->host, address->port, number};
    index->count++;
    return true;
}

void address_index_free(struct address_index *index)
{
    free(index->entries);
    *index = (struct address_index){0};
}
