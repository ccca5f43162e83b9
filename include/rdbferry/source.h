/* SPDX-License-Identifier: MIT */
/* A source: where bytes come from.
 *
 * Opening examines the first bytes and adds the layers that they require, until plain data is reached: gzip
 * (multi-member), lz4 frames (several, and skippable ones), and the framing of a replication capture
 * ("$<length>\r\n" or "$EOF:<mark>\r\n" before the RDB). File names and suffixes do not matter. A truncated
 * compressed stream is an error, never an early end of data. */
#ifndef RDBFERRY_SOURCE_H
#define RDBFERRY_SOURCE_H

#include <rdbferry/error.h>

typedef struct rf_source rf_source;

/* Opens a file, a FIFO or a device for reading. *out is NULL after an error. */
RF_API rf_code rf_source_open(const char *path, rf_source **out, rf_error *error);

/* Reads from an open descriptor, which the caller still has to close. `name` is copied and used in errors. */
RF_API rf_code rf_source_open_fd(int fd, const char *name, rf_source **out, rf_error *error);

/* Reads from memory, which must outlive the source. */
RF_API rf_code rf_source_open_memory(const void *data, size_t size, const char *name, rf_source **out,
                                     rf_error *error);

/* The size of the file on disk, or -1 if it has none (a pipe). */
RF_API int64_t rf_source_size(const rf_source *source);

/* The layers, outermost first, such as "gzip" or "lz4, capture"; "" for plain data. */
RF_API const char *rf_source_layers(const rf_source *source);

/* Identifies a file without reading all of it. */
typedef struct rf_identity {
    int64_t size;  /* as rf_source_size() */
    char hash[33]; /* hexadecimal digits: XXH3-128 of the first 64 KiB and the last 64 KiB as they are on
                      disk; for a pipe, of the first 64 KiB */
} rf_identity;

/* Must be called before the source is passed to a reader. Waits until a pipe has delivered that much.
 * RF_E_ARGUMENT for a source in memory. */
RF_API rf_code rf_source_identity(rf_source *source, rf_identity *out, rf_error *error);

/* `source` may be NULL. */
RF_API void rf_source_close(rf_source *source);

#endif
