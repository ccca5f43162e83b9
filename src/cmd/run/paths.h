/* SPDX-License-Identifier: MIT */
/* Properties of paths given by the user. */
#ifndef CMD_RUN_PATHS_H
#define CMD_RUN_PATHS_H

#include <stdbool.h>

struct stat;

/* Whether it is "-", which stands for stdin or stdout. NULL is not. */
bool is_dash(const char *path);

/* What follows the last slash of a path, or the whole. */
const char *path_last_part(const char *path);

/* Both are the same regular file. */
bool same_file(const struct stat *a, const struct stat *b);

/* Both names refer to the same file, whether it exists or not; "-" is stdout. */
bool same_path(const char *a, const char *b);

/* The directory of a file, which need not exist. */
bool stat_directory(const char *path, struct stat *found);

/* Whether files can be created in the directory of a file, which need not exist. False: errno is set. */
bool directory_is_writable(const char *path);

/* Whether an existing file is inside an existing directory, at any depth; symbolic links are followed. */
bool path_lies_in(const char *path, const char *directory);

#endif
