/* SPDX-License-Identifier: MIT */
/* An AOF directory as an input: the files it is made of. */
#ifndef RDBFERRY_AOFDIR_H
#define RDBFERRY_AOFDIR_H

#include <rdbferry/error.h>
#include <rdbferry/source.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct rf_files {
    char **paths;           /* in the order in which a server loads them */
    struct rf_file *places; /* private: of each path, what it was found to be */
    size_t count;
} rf_files;

/* Adds what an input named `path` is to be read from: if it is an AOF directory or a manifest, the base and
 * then the increments that the manifest names, but for empty ones (one of them where all are); else `path`
 * itself, whatever it is. Names that begin with "temp-" are no manifests. A directory without a manifest or
 * with more than one, and a manifest without base and increment are RF_E_FORMAT; a file that is named and not
 * there is found when it is opened. A zeroed rf_files is empty.
 *
 * The files of a directory are held open, as far as the limit of descriptors lets them: what a server does to
 * the directory from here on changes nothing that is read. Where one is removed before it could be opened,
 * the manifest is read again. */
RF_API rf_code rf_files_add(rf_files *files, const char *path, rf_error *error);

/* Opens a file for reading, also several times. Of one that is held it reads what it was when it was added.
 * *out is NULL after an error. */
RF_API rf_code rf_files_open(const rf_files *files, size_t number, rf_source **out, rf_error *error);

/* The descriptor by which a file is held, which stays that of `files`; -1: it is not. */
RF_API int rf_files_descriptor(const rf_files *files, size_t number);

/* Whether a server has been writing meanwhile, so that an RF_E_READ or RF_E_TRUNCATED of this file may come
 * of that: it has become longer; or it is not held, and the manifest is another one. */
RF_API bool rf_files_changed(const rf_files *files, size_t number);

RF_API void rf_files_free(rf_files *files);

#endif
