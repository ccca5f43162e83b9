/* SPDX-License-Identifier: MIT */
/* The list of inputs behind rf_files, and what is known of each. */
#ifndef AOF_FILE_LIST_H
#define AOF_FILE_LIST_H

#include "aof/provided_files.h"
#include <sys/types.h>
#include <time.h>

/* Distinguishes a manifest from the one that replaces it. */
struct stamp {
    dev_t dev;
    ino_t ino;
    off_t size;
    struct timespec changed;
};

struct rf_file {
    char *manifest; /* that lists it; NULL: the file was named directly */
    struct stamp stamp;
    int fd; /* -1: not kept open */
    int64_t size;
    bool alone;        /* no other file of its directory has data */
    rf_error *failure; /* it cannot be opened for this reason; NULL: unknown */
    struct files_provider provider;
    bool provided; /* it has been opened, and cannot be again */
};

/* Takes ownership of `path` and `input_file`, also on error. `path` NULL: out of memory. */
rf_code file_list_add(rf_files *files, char *path, struct rf_file input_file, rf_error *error);

/* Removes the last files, down to `count`. */
void file_list_cut(rf_files *files, size_t count);

void file_list_free_file(struct rf_file *input_file);

/* At most a quarter of the file descriptors is used for inputs. */
bool file_list_may_hold(const rf_files *files);

/* Opens a regular file; -1 for any other. *missing: it does not exist. */
int file_list_open_regular(const char *path, int64_t *size, bool *missing);

/* Opens one that has a provider and was not captured. */
rf_code file_list_open_provided(struct rf_file *input_file, const char *name, rf_source **out,
                                rf_error *error);

#endif
