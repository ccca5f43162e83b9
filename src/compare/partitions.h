/* SPDX-License-Identifier: MIT */
/* Records spilled to disk, in partitions that are read back one by one, each in the order in which it was
 * written. A partition is an unnamed file of chunks of whole records:
 *
 *     u64 bytes | u64 packed | the records, as one lz4 block of `packed` bytes; if that is 0, uncompressed
 *
 * in native byte order. */
#ifndef COMPARE_PARTITIONS_H
#define COMPARE_PARTITIONS_H

#include "compare/record_table.h"
#include <rdbferry/error.h>

struct partitions;

enum { PARTITION_LARGEST_BUFFER = 64 * 1024 };

/* `buffer`: size of the buffer of each partition. Returns NULL if out of memory. */
struct partitions *partitions_new(size_t count, size_t buffer);

/* The memory that such partitions use while they are written, and while one is read. */
uint64_t partitions_memory(size_t count, size_t buffer);

rf_code partitions_put(struct partitions *partitions, size_t number, const struct record *record,
                       rf_slice key, rf_error *error);

/* Ends the records: writes the rest, and frees the buffers. */
rf_code partitions_end(struct partitions *partitions, rf_error *error);

/* Passes the records of a partition to the function, once; its file is then removed. */
typedef rf_code record_fn(void *ctx, const struct record *record, rf_slice key, rf_error *error);
rf_code partitions_read(struct partitions *partitions, size_t number, record_fn *fn, void *ctx,
                        rf_error *error);

/* `partitions` may be NULL. */
void partitions_free(struct partitions *partitions);

#endif
