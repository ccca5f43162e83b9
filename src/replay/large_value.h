/* SPDX-License-Identifier: MIT */
/* A value that is streamed: what its attempts (large_stream.c), and what becomes of them (large_value.c),
 * have in common. */
#ifndef REPLAY_LARGE_VALUE_H
#define REPLAY_LARGE_VALUE_H

#include "replay/internal.h"

struct large_write {
    rf_replay *r;
    rf_entry *entry;
    struct pipeline *pipeline;
    struct node *node;
    struct request request; /* describes the entry; it is not in a pipeline */
    rf_slice key, staging_key;
    rf_slice string;                /* the value, if it is a string; otherwise it is held in the entry */
    bool in_transaction;            /* without a staging key */
    bool empty;                     /* the value has no elements */
    const char *unsupported_reason; /* why the encoder does not support the value; NULL: it does */
    bool retrying;                  /* not the first attempt */
    bool maybe_applied; /* a RENAME without a reply, or an earlier run, may have written the key */
    const struct node *confirmed_on; /* the node where the key exists with the right value; replicas may not
                                    have it yet */
    int64_t since_ms;
    int64_t expiry_ms; /* when the staging key was given its expiry last, by our clock; 0: it has none */
    int64_t evicted;   /* number of keys the node had evicted when the attempt began */
};

enum large_outcome { OUTCOME_WRITTEN, OUTCOME_EXISTS, OUTCOME_FAILED, OUTCOME_EMPTY };

/* The pipeline of the key's node, after all its replies; it streams from now on. */
rf_code large_acquire_pipeline(struct large_write *b, rf_error *error);

/* Writes the commands of the value, for this key. */
rf_code large_encode(struct large_write *b, rf_slice name, struct outbuf *out, rf_error *error);

/* One attempt, with a staging key or in a transaction. RF_E_TARGET: try again. */
rf_code large_attempt(struct large_write *b, enum large_outcome *outcome, rf_error *error);
rf_code large_attempt_transaction(struct large_write *b, enum large_outcome *outcome, rf_error *error);

/* If the key is known to exist with the right value, waits until the replicas have it: it is then written. */
rf_code large_wait_for_confirmed(struct large_write *b, enum large_outcome *outcome, rf_error *error);

#endif
