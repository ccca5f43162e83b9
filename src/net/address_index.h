/* SPDX-License-Identifier: MIT */
/* Addresses, each with a number: finding one of thousands without looking at all of them. Zeroed: empty. */
#ifndef NET_ADDRESS_INDEX_H
#define NET_ADDRESS_INDEX_H

#include "net/address.h"

struct address_index {
    struct address_entry {
        const char *host; /* borrowed; NULL: a free place */
        int port;
        size_t number;
    } * entries;
    size_t room, count; /* of entries; room is a power of two, or 0 */
    uint64_t seed;      /* of the hash: servers name addresses as they like */
};

/* The number of an address; false if it is not there. */
bool address_index_find(const struct address_index *index, const rf_address *address, size_t *number);

/* Puts in an address that is not there; its host has to outlive the index. False when memory is out. */
bool address_index_add(struct address_index *index, const rf_address *address, size_t number);

void address_index_free(struct address_index *index);

#endif
