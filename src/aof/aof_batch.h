/* SPDX-License-Identifier: MIT */
/* Batches of commands: see <rdbferry/batch.h>, of whose functions these are a half. Commands that have to be
 * read in order are in none: see aof_reader_frame(). */
#ifndef AOF_AOF_BATCH_H
#define AOF_AOF_BATCH_H

#include "aof/aof_reader.h"

/* A place between two commands, and what holds there. */
struct aof_place {
    const uint8_t *at;
    int64_t db, time;
};

struct aof_batch {
    struct feed *feed;
    struct block *block; /* what the bytes are in; NULL: the batch is empty */
    struct window window;
    struct aof_reader reader;
    struct aof_place mark;
    rf_error error;
};

/* rf_reader_take() of a reader that is at a command. */
rf_code aof_batch_take(struct aof_batch *batch, struct aof_reader *from, bool *taken);

rf_code aof_batch_next(struct aof_batch *batch, rf_entry *entry, rf_error *error);
void aof_batch_mark(struct aof_batch *batch);
void aof_batch_restart(struct aof_batch *batch);
bool aof_batch_is_done(const struct aof_batch *batch);
uint64_t aof_batch_offset(const struct aof_batch *batch);
void aof_batch_end(struct aof_batch *batch);

/* It must be empty. */
void aof_batch_close(struct aof_batch *batch);

#endif
