/* SPDX-License-Identifier: MIT */
/* A hash table of numbered addresses. Zeroed: empty. */
#ifndef NET_ADDRESS_INDEX_H
#define NET_ADDRESS_INDEX_H

#include "base/hash_table.h"
#include "net/address.h"

struct address_entry {
    uint64_t hash;
    const char *host; /* borrowed */
    int port;
    size_t number;
};

struct address_index {
    struct hash_table table; /* of struct address_entry */
};

/* Gets the number of an address; returns false if it is missing. */
bool address_index_find(const struct address_index *index, const rf_address *address, size_t *number);

/* Adds an address that is missing; its host must outlive the index. Returns false if out of memory. */
bool address_index_add(struct address_index *index, const rf_address *address, size_t number);

void address_index_free(struct address_index *index);

#endif
