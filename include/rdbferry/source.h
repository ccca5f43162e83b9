/* SPDX-License-Identifier: MIT */
/* A source: where bytes come from.
 *
 * Opening looks at the first bytes and stacks what they ask for, until plain data is reached:
 * gzip (several members), lz4 frames (several, skippable ones too), and the framing of a replication
 * capture ("$<length>\r\n" or "$EOF:<mark>\r\n" before the RDB). Names and endings do not matter.
 * A compressed stream that ends early is an error, never a short end. */
#ifndef RDBFERRY_SOURCE_H
#define RDBFERRY_SOURCE_H

#include <rdbferry/error.h>

typedef struct rf_source rf_source;

/* Opens a file, a FIFO or a device for reading. *out is NULL after an error. */
RF_API rf_code rf_source_open(const char *path, rf_source **out, rf_error *error);

/* Reads from an open descriptor, which stays the caller's to close. `name` is copied; it stands in
 * errors. */
RF_API rf_code rf_source_open_fd(int fd, const char *name, rf_source **out, rf_error *error);

/* Reads from memory, which must outlive the source. */
RF_API rf_code rf_source_open_memory(const void *data, size_t size, const char *name, rf_source **out,
                                     rf_error *error);

/* The size of the file as it lies on disk, or -1 where there is none (a pipe). */
RF_API int64_t rf_source_size(const rf_source *source);

/* What was stacked, outermost first, such as "gzip" or "lz4, capture"; "" for plain data. */
RF_API const char *rf_source_layers(const rf_source *source);

/* What tells one file from another without reading it all. */
typedef struct rf_identity {
    int64_t size;  /* as rf_source_size() */
    char hash[33]; /* hexadecimal digits: XXH3-128 of the first 64 KiB and the last 64 KiB as they lie on
                      disk; of a pipe, of the first 64 KiB */
} rf_identity;

/* Before the source belongs to a reader. Waits until a pipe has delivered so much. RF_E_ARGUMENT for a source
 * in memory. */
RF_API rf_code rf_source_identity(rf_source *source, rf_identity *out, rf_error *error);

/* NULL is let through. */
RF_API void rf_source_close(rf_source *source);

#endif
