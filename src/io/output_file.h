/* SPDX-License-Identifier: MIT */
/* The end of an output: bytes to a file under its temporary name or in a temporary directory, to stdout, or
 * straight to what is no regular file (a FIFO, a device). Adds up XXH3 of what goes there if asked to. */
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
    struct tempdir *within;     /* likewise, and not owned */
    const char *name;           /* in `within` */
    char *path;
    void *hash; /* NULL: not asked for */
    uint64_t size;
    int fd;       /* -1: not open. Owned unless `temporary` */
    bool reopens; /* open between enter and leave only */
    bool force, unsafe;
    bool patched; /* `hash` does not tell what the file holds */
};

/* `path` and `options` as of output_open(). RF_E_EXISTS if a file of that name is there and `force` is not
 * set. */
rf_code output_file_open(const char *path, const struct output_options *options, struct output_file *file,
                         rf_error *error);

/* Opens a file that is not kept open for what is put next, and closes it again. The latter returns `code`, or
 * if that is RF_OK what closing says. */
rf_code output_file_enter(struct output_file *file, rf_error *error);
rf_code output_file_leave(struct output_file *file, rf_code code, rf_error *error);

/* Writes all of it. */
rf_code output_file_put(struct output_file *file, rf_slice bytes, rf_error *error);

/* Whether what was put can be overwritten, which is not between enter and leave. */
bool output_file_can_patch(const struct output_file *file);
rf_code output_file_patch(struct output_file *file, uint64_t offset, rf_slice bytes, rf_error *error);

/* Nothing can be put any more. What was put is on disk, as far as there is one and no directory sees to it.
 */
rf_code output_file_finish(struct output_file *file, rf_error *error);

/* The file gets its name. */
rf_code output_file_commit(struct output_file *file, rf_error *error);

uint64_t output_file_xxh3(const struct output_file *file);

/* Removes what was not committed; but in a temporary directory all stays. */
void output_file_close(struct output_file *file);

#endif
