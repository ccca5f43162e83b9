/* SPDX-License-Identifier: MIT */
/* Values that Dragonfly stores in several chunks, between other records. */
#ifndef RDB_CHUNKS_H
#define RDB_CHUNKS_H

#include "io/spool.h"
#include "io/window.h"

/* A key whose chunks have been read so far. */
struct chunked_key {
    struct chunked_key *next;
    uint32_t id;
    int64_t db;
    const struct form *form; /* of its elements */
    uint64_t left;           /* elements that are still missing */
    struct spool record;
};

/* The keys that are not complete, which are few at any time. */
struct chunks {
    struct chunked_key *first;
    size_t count;
};

/* Reads a chunk, after its opcode. *complete: the key that it completes, which then is the caller's, or NULL.
 * `db`: of a key that begins here. */
rf_code chunks_read(struct chunks *chunks, struct window *w, int64_t db, struct chunked_key **complete);

void chunked_key_free(struct chunked_key *key);
void chunks_free(struct chunks *chunks);

#endif
