/* SPDX-License-Identifier: MIT */
/* Records put aside on disk, in partitions that are read back one by one, each in the order in which it was
 * filled. A partition is an unnamed file of chunks of whole records:
 *
 *     u64 bytes | u64 packed | the records, as one lz4 block of `packed` bytes; where that is 0, as they are
 *
 * in the machine's own order of bytes. */
#ifndef CHECK_PARTITIONS_H
#define CHECK_PARTITIONS_H

#include "check/record_table.h"
#include <rdbferry/error.h>

struct partitions;

enum { PARTITION_LARGEST_BUFFER = 64 * 1024 };

/* `buffer`: bytes that are gathered for each before they are written. NULL when memory is out. */
struct partitions *partitions_new(size_t count, size_t buffer);

/* Memory that such partitions take while they are filled, and while one is read. */
uint64_t partitions_memory(size_t count, size_t buffer);

rf_code partitions_put(struct partitions *partitions, size_t number, const struct record *record,
                       rf_slice key, rf_error *error);

/* All is there: writes what is left, and frees the buffers. */
rf_code partitions_end(struct partitions *partitions, rf_error *error);

/* Hands out the records of one, once; its file is gone afterwards. */
typedef rf_code record_fn(void *ctx, const struct record *record, rf_slice key, rf_error *error);
rf_code partitions_read(struct partitions *partitions, size_t number, record_fn *fn, void *ctx,
                        rf_error *error);

/* NULL is let through. */
void partitions_free(struct partitions *partitions);

#endif
