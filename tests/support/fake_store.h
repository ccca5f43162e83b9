/* SPDX-License-Identifier: MIT */
/* What a fake target keeps: keys that a few commands have made. Strings, lists, sets and hashes are known by
 * their elements in the order in which they came: what came twice is there twice. */
#ifndef TESTS_FAKE_STORE_H
#define TESTS_FAKE_STORE_H

#include "base/buffer.h"

struct fake_key {
    unsigned node;
    int64_t db;
    struct buffer name;
    struct buffer payload; /* as RESTORE brought it; empty: it was made by commands */
    uint8_t type;          /* of an RDB: 0, 1, 2 or 4 */
    uint64_t count;
    struct buffer elements; /* each as RDB string */
    int64_t expire_ms;      /* -1: none */
    bool no_evict;
};

struct fake_store {
    struct fake_key *keys;
    size_t count;
};

/* Carries out a command in a node's database, and appends the reply. False for one that is not known. */
bool fake_store_do(struct fake_store *store, unsigned node, int64_t db, const rf_slice *argv, size_t argc,
                   struct buffer *reply);

/* NULL: there is none, or its time has come. */
struct fake_key *fake_store_find(struct fake_store *store, unsigned node, int64_t db, rf_slice name);

/* All there is, as text, in the order of names: "0:k=a b|" for db, name, elements; of what was restored the
 * payload's bytes between type and version, as hexadecimal digits in brackets; "@ms" after a member with an
 * expiry, "!" after the elements of a key that must not be evicted; node numbers from 1 on stand
 * before as "1/". */
void fake_store_text(const struct fake_store *store, struct buffer *text);

void fake_store_free(struct fake_store *store);

#endif
