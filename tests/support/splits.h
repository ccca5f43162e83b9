/* SPDX-License-Identifier: MIT */
/* What is split, and what of it belongs to a shard. */
#ifndef TESTS_SPLITS_H
#define TESTS_SPLITS_H

#include "support/rdb_build.h"
#include <rdbferry/sink.h>

/* Another one for each process. */
uint64_t splits_seed(void);

/* An RDB: strings of all lengths, hashes, expiries, a library and what a module saved. Prints the seed. */
void splits_input(struct build *b, size_t keys, uint64_t seed);

/* Puts the entries of a sound input; `shard`: only what it is to get; NULL: all. The first error of the sink.
 */
rf_code splits_put(rf_sink *sink, rf_slice input, const rf_shard *shard, rf_error *error);

/* Sets the soft limit of a resource. */
void splits_limit(int resource, uint64_t soft);

#endif
