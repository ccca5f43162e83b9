/* SPDX-License-Identifier: MIT */
/* Batches of keys: see <rdbferry/batch.h>, of whose functions these are a half. */
#ifndef RDB_BATCH_H
#define RDB_BATCH_H

#include "rdb/rdb_reader.h"

/* A place between two records. */
struct rdb_place {
    const uint8_t *at;
    int64_t db;
    const uint8_t *name; /* of the key before it; NULL: none */
};

struct rdb_batch {
    struct rdb_reader *from;
    struct feed *feed;
    struct block *block; /* what the bytes are in; NULL: the batch is empty */
    struct window window;
    struct rdb_reader reader;
    struct rdb_place mark;
    rf_error error;
    rf_notify notify;
};

/* rf_reader_take() of a reader whose next entry is a record of the RDB. */
rf_code rdb_batch_take(struct rdb_batch *batch, struct rdb_reader *from, bool *taken);

rf_code rdb_batch_next(struct rdb_batch *batch, rf_entry *entry, rf_error *error);
void rdb_batch_mark(struct rdb_batch *batch);
void rdb_batch_restart(struct rdb_batch *batch);
bool rdb_batch_is_done(const struct rdb_batch *batch);
uint64_t rdb_batch_offset(const struct rdb_batch *batch);
void rdb_batch_end(struct rdb_batch *batch);

/* It must be empty. */
void rdb_batch_close(struct rdb_batch *batch);

#endif
