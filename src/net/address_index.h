/* SPDX-License-Identifier: MIT */
/* A hash table of numbered addresses. Zeroed: empty. */
#ifndef NET_ADDRESS_INDEX_H
#define NET_ADDRESS_INDEX_H

#include "net/address.h"

struct address_entry {
    const char *host; /* borrowed; NULL: a free slot */
    int port;
    size_t number;
};

struct address_index {
    struct address_entry *entries;
    size_t capacity, count; /* of entries; `capacity` is a power of two, or 0 */
    uint64_t seed;          /* of the hash: servers choose the addresses */
};

/* Gets the number of an address; returns false if it is missing. */
bool address_index_find(const struct address_index *index, const rf_address *address, size_t *number);

/* Adds an address that is missing; its host must outlive the index. Returns false if out of memory. */
bool address_index_add(struct address_index *index, const rf_address *address, size_t number);

void address_index_free(struct address_index *index);

#endif
