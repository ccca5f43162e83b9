/* SPDX-License-Identifier: MIT */
/* A batch of keys to be digested: their names and raw values, copied from the stream, and the results. */
#ifndef DIGEST_DIGEST_BATCH_H
#define DIGEST_DIGEST_BATCH_H

#include "base/buffer.h"
#include "rdb/value.h"
#include <rdbferry/digest.h>

enum {
    BATCH_KEYS = 512,
    BATCH_BYTES = 256 * 1024,  /* a batch of this size is full */
    BATCH_VALUE = 1024 * 1024, /* larger values are digested in place */
};

struct digest_batch_key {
    rf_entry entry; /* its slices are found by digest_digest_batch_entry() */
    size_t name_at, metadata_at, value_at, value_size;
    const struct rdb_type *type;
    rf_server writer; /* of the file that has the value */
    uint64_t value_offset;
    int64_t file_offset; /* to within a block, if the file is compressed; -1: equal to the offset */
    bool digested;
    rf_key_digest digest;
    rf_error *fault;     /* instead of the digest; owned */
    const char *noticed; /* detail of RF_NOTICE_STREAM_LENGTH; NULL: no notice */
};

/* A zeroed batch is empty. */
struct digest_batch {
    struct digest_batch_key keys[BATCH_KEYS];
    size_t count;
    struct buffer bytes;
};

static inline bool digest_batch_is_full(const struct digest_batch *batch)
{
    return batch->count == BATCH_KEYS || batch->bytes.len >= BATCH_BYTES;
}

/* Adds a key, without its value. NULL if out of memory. */
struct digest_batch_key *digest_batch_add(struct digest_batch *batch, const rf_entry *entry);

/* Sets the value of the key that was added last; *taken as for value_take(). */
rf_code digest_batch_take_value(struct digest_batch *batch, struct rf_value *value, bool *taken,
                                rf_error *error);

/* Stores an error. False if out of memory. */
bool digest_batch_key_fail(struct digest_batch_key *key, const rf_error *fault);

/* Digests the remaining keys. Accesses only the batch and the digester. */
void digest_batch_run(struct digest_batch *batch, rf_digester *digester);

/* The entry as it was added, without a value. */
rf_entry digest_batch_entry(const struct digest_batch *batch, const struct digest_batch_key *key);

/* Empties it, but keeps its memory. */
void digest_batch_clear(struct digest_batch *batch);

#endif
