/* SPDX-License-Identifier: MIT */
/* A batch of keys, or of commands. */
#ifndef AOF_BATCH_H
#define AOF_BATCH_H

#include "aof/aof_batch.h"
#include "rdb/batch.h"
#include <rdbferry/batch.h>

struct rf_batch {
    struct rdb_batch keys;
    struct aof_batch commands; /* one of both is empty */
};

#endif
