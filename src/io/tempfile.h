/* SPDX-License-Identifier: MIT */
/* Temporary files beside their target, which they replace in one step.
 *
 *     dir/dump.rdb  <-  dir/.dump.rdb.rdbferry-x7Kq2a
 *
 * All of the process are listed, so that rf_remove_unfinished() finds them. Threads: any. */
#ifndef IO_TEMPFILE_H
#define IO_TEMPFILE_H

#include <rdbferry/error.h>
#include <stdbool.h>

struct tempfile;

/* Makes an empty file beside `target` that only its owner can read. *out stays untouched after an error. */
rf_code tempfile_create(const char *target, struct tempfile **out, rf_error *error);

/* Makes a directory under its own name, empty, to go again unless it is committed. RF_OK with *out NULL if it
 * is there already. */
rf_code tempfile_make_directory(const char *path, struct tempfile **out, rf_error *error);

/* Open for reading and writing; closed by tempfile_close(). */
int tempfile_fd(const struct tempfile *file);

/* A directory stays from here on. NULL is let through. */
void tempfile_keep_directory(struct tempfile *directory);

/* Gives the file the mode that umask allows and the name of its target, and syncs the directory. Without
 * `replace`, RF_E_EXISTS if the name is taken. After rf_remove_unfinished() it fails. Its bytes must have
 * been synced. */
rf_code tempfile_commit(struct tempfile *file, bool replace, rf_error *error);

/* Frees. Removes the file unless it was committed. NULL is let through. */
void tempfile_close(struct tempfile *file);

#endif
