/* SPDX-License-Identifier: MIT */
/* Batches of strings without an expiry, each written by one command that does the same as a SET of each key:
 *
 *   MSETNX key value ...    :1, or :0: one of the keys exists, and nothing is written
 *   MSET key value ...      +OK; if keys are replaced
 *
 * A batch has one success: all of it is written. After anything else each of its keys is sent by itself, as
 * if there had been no batch, so that what exists, is rejected or may have been applied is known of each key.
 *
 * There are none in a cluster, where a batch has to be of one slot: too few of 16,384 slots come together
 * again soon. Nor if the server does not accept the command, or transactions: it may then be a proxy that
 * divides a batch, which would not be atomic any more. */
#ifndef REPLAY_STRINGS_H
#define REPLAY_STRINGS_H

#include "base/buffer.h"
#include <rdbferry/replay.h>

enum { BATCH_STRINGS_MAX = 64, BATCH_SEEN_WORDS = 512 };

struct pipeline;
struct request;

/* The keys of a batch, of one input and database. */
struct string_batch {
    uint32_t count;
    struct {
        uint64_t seq, offset;
    } entries[BATCH_STRINGS_MAX];
};

/* The batch that is not sent yet. */
struct open_strings {
    struct string_batch *batch; /* NULL: none is open */
    struct buffer bytes;        /* its keys and values, encoded */
    uint32_t input;
    int64_t db;
    unsigned pause; /* so many strings are sent by themselves: a key of a batch existed, or was rejected */
    uint64_t seen[BATCH_SEEN_WORDS]; /* a bit for each hash of a key: none may be in a batch twice */
};

/* Whether the current entry, which is a string, may be in a batch. Called once for each. */
bool strings_accept(rf_replay *r, const rf_entry *entry, rf_slice value);

/* Adds it to the open batch; sends that if it is full, or this string does not fit in. */
rf_code strings_put(rf_replay *r, const rf_entry *entry, rf_slice value, rf_error *error);

/* The first string of the open batch, as a request. */
struct request strings_first(const struct open_strings *strings);

/* Sends the open batch. */
rf_code strings_flush(rf_replay *r, rf_error *error);

/* The same if its first string has waited for many other entries. */
rf_code strings_flush_old(rf_replay *r, rf_error *error);

/* Called when a batch was answered, but is not written. */
void strings_rejected(rf_replay *r, struct pipeline *pipeline, uint64_t number);

/* Moves the keys of a batch to the retry queue, each as a request of its own. */
void strings_divide(rf_replay *r, struct pipeline *pipeline, uint64_t number);

void strings_free(struct open_strings *strings);

#endif
