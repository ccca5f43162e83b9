/* SPDX-License-Identifier: MIT */
/* An AOF directory as an input: the files it is made of. */
#ifndef RDBFERRY_AOFDIR_H
#define RDBFERRY_AOFDIR_H

#include <rdbferry/error.h>
#include <stddef.h>

typedef struct rf_files {
    char **paths; /* in the order in which a server loads them */
    size_t count;
} rf_files;

/* Adds what an input named `path` is to be read from: if it is an AOF directory or a manifest, the base and
 * increments that the manifest names, but for empty ones; else `path` itself, whatever it is. A directory
 * without a manifest, with more than one, or without any data is RF_E_FORMAT; a file that is named and not
 * there is found when it is opened. A zeroed rf_files is empty. */
RF_API rf_code rf_files_add(rf_files *files, const char *path, rf_error *error);

RF_API void rf_files_free(rf_files *files);

#endif
