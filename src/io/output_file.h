/* SPDX-License-Identifier: MIT */
/* The lowest layer of an output: writes bytes to a file under its temporary name or in a temporary directory,
 * to stdout, or directly to a special file (a FIFO, a device). Optionally computes their XXH3. */
#ifndef IO_OUTPUT_FILE_H
#define IO_OUTPUT_FILE_H

#include "io/output.h"
#include "io/tempfile.h"
#include <rdbferry/error.h>
#include <rdbferry/slice.h>
#include <stdbool.h>
#include <stdint.h>

struct output_file {
    struct tempfile *temporary; /* NULL: none */
    struct tempdir *within;     /* NULL: none; not owned */
    const char *name;           /* in `within` */
    char *path;
    void *hash; /* NULL: not requested */
    uint64_t size;
    int fd;       /* -1: not open. Owned unless `temporary` */
    bool reopens; /* open only between enter and leave */
    bool force, unsafe;
    bool patched; /* `hash` does not match the content of the file */
};

/* `path` and `options` as for output_open(). RF_E_EXISTS if the file exists and `force` is not set. */
rf_code output_file_open(const char *path, const struct output_options *options, struct output_file *file,
                         rf_error *error);

/* Opens a file that is not kept open before data is put, and closes it again. The latter returns `code`, or,
 * if that is RF_OK, the result of closing. */
rf_code output_file_enter(struct output_file *file, rf_error *error);
rf_code output_file_leave(struct output_file *file, rf_code code, rf_error *error);

/* Writes all of it. */
rf_code output_file_put(struct output_file *file, rf_slice bytes, rf_error *error);

/* Whether bytes that were put can be overwritten; false between enter and leave. */
bool output_file_can_patch(const struct output_file *file);
rf_code output_file_patch(struct output_file *file, uint64_t offset, rf_slice bytes, rf_error *error);

/* Ends the data. Syncs the file, unless it cannot be synced or its directory takes care of it. */
rf_code output_file_finish(struct output_file *file, rf_error *error);

/* Renames the file to its final name. */
rf_code output_file_commit(struct output_file *file, rf_error *error);

uint64_t output_file_xxh3(const struct output_file *file);

/* Removes an uncommitted file, except in a temporary directory. */
void output_file_close(struct output_file *file);

#endif
