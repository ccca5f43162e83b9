/* SPDX-License-Identifier: MIT */
/* The end of an output: bytes to a file under its temporary name, to stdout, or straight to what is no
 * regular file (a FIFO, a device). Adds up XXH3 of what goes there if asked to. */
#ifndef IO_OUTPUT_FILE_H
#define IO_OUTPUT_FILE_H

#include "io/output.h"
#include "io/tempfile.h"
#include <rdbferry/error.h>
#include <rdbferry/slice.h>
#include <stdbool.h>
#include <stdint.h>

struct output_file {
    struct tempfile *temporary; /* NULL: written directly */
    char *path;
    void *hash; /* NULL: not asked for */
    uint64_t size;
    int fd; /* owned unless `temporary` */
    bool force;
};

/* `path` "-": stdout. RF_E_EXISTS if a file of that name is there and `force` is not set. */
rf_code output_file_open(const char *path, const struct output_options *options, struct output_file *file,
                         rf_error *error);

/* Writes all of it. */
rf_code output_file_put(struct output_file *file, rf_slice bytes, rf_error *error);

/* What was put is on disk, as far as there is one. Nothing can be put any more. */
rf_code output_file_sync(struct output_file *file, rf_error *error);

/* The file gets its name. */
rf_code output_file_commit(struct output_file *file, rf_error *error);

uint64_t output_file_xxh3(const struct output_file *file);

/* Removes what was not committed. */
void output_file_close(struct output_file *file);

#endif
