/* SPDX-License-Identifier: MIT */
/* The internals of a batch, for the reader it is taken from. */
#ifndef RDB_BATCH_H
#define RDB_BATCH_H

#include "rdb/rdb_reader.h"
#include <rdbferry/batch.h>

/* rf_reader_take() of a reader whose next entry is a record of the RDB. */
rf_code batch_take(struct rdb_reader *reader, rf_batch *batch, bool *taken);

#endif
