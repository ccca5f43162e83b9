/* SPDX-License-Identifier: MIT */
/* From an AOF directory, or its manifest, to the files that are read. */
#ifndef AOF_MANIFEST_FILES_H
#define AOF_MANIFEST_FILES_H

#include "aof/file_list.h"

/* Add the files that a manifest lists, in the order in which a server loads them; of a directory, its only
 * manifest. After an error some may have been added. */
rf_code manifest_files_add(const char *path, rf_files *files, rf_error *error);
rf_code manifest_files_of_directory(const char *path, rf_files *files, rf_error *error);

/* A manifest is detected by its first word, like all other inputs; comments may precede it. */
bool manifest_begins(const char *path);

/* Whether the manifest has not been replaced since. */
bool manifest_is_still(const struct stamp *stamp, const char *path);

/* A server never writes an empty RDB: its content has been lost. */
bool manifest_names_rdb(const char *path);

#endif
