/* SPDX-License-Identifier: MIT */
/* Questions about paths that a user has named. */
#ifndef CMD_PATHS_H
#define CMD_PATHS_H

#include <stdbool.h>

struct stat;

/* "-", which stands for stdin or stdout. NULL is not. */
bool is_dash(const char *path);

/* Two times the same regular file. */
bool same_file(const struct stat *a, const struct stat *b);

/* Two names of one file, be it there or not; "-" is stdout. */
bool same_place(const char *a, const char *b);

/* The directory in which a file lies or would lie. */
bool stat_directory(const char *path, struct stat *found);

/* Whether a file that is there lies in a directory that is there, at whatever depth; symbolic links are
 * followed. */
bool path_lies_in(const char *path, const char *directory);

#endif
