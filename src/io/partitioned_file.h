/* SPDX-License-Identifier: MIT */
/* Records spilled to disk, in partitions that are read back one by one, each in the order in which it was
 * written. A partition is an unnamed temporary file of chunks of whole records:
 *
 *     u64 bytes | u64 packed | the records, as one lz4 block of `packed` bytes; if that is 0, uncompressed
 *
 * in native byte order. A record may have any size: it is padded with zeros to a multiple of 8. */
#ifndef IO_PARTITIONED_FILE_H
#define IO_PARTITIONED_FILE_H

#include <rdbferry/error.h>
#include <rdbferry/slice.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct partitioned_file;

enum {
    PARTITION_MIN_BUFFER = 512,
    PARTITION_MAX_BUFFER = 64 * 1024,
};

/* The size of each buffer when `count` partitions may use this much memory for them: a multiple of 8 within
 * these bounds. */
size_t partitioned_file_buffer(size_t count, uint64_t memory);

/* `buffer`: size of the buffer of each partition, a multiple of 8; `compress`: with lz4. Returns NULL if out
 * of memory. */
struct partitioned_file *partitioned_file_new(size_t count, size_t buffer, bool compress);

/* The memory that such compressed partitions use while they are written, and while one is read. */
uint64_t partitioned_file_memory(size_t count, size_t buffer);

/* Appends a record, which consists of these two parts; the second one may be empty. RF_E_WRITE. */
rf_code partitioned_file_put(struct partitioned_file *file, size_t partition, rf_slice head, rf_slice tail,
                             rf_error *error);

/* Ends the records: writes the rest, and frees the buffers. */
rf_code partitioned_file_end(struct partitioned_file *file, rf_error *error);

/* Passes the records of a partition to the function, as many whole ones at a time as a chunk contains,
 * aligned to 8 bytes. May be called repeatedly. */
typedef rf_code records_fn(void *ctx, rf_slice records, rf_error *error);
rf_code partitioned_file_read(struct partitioned_file *file, size_t partition, records_fn *fn, void *ctx,
                              rf_error *error);

/* Removes the file of a partition: it is then empty. */
void partitioned_file_drop(struct partitioned_file *file, size_t partition);

/* `file` may be NULL. */
void partitioned_file_free(struct partitioned_file *file);

/* For a records_fn that finds a record cut off. */
rf_code partitioned_file_fail_corrupted(rf_error *error);

#endif
