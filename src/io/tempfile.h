/* SPDX-License-Identifier: MIT */
/* Temporary files next to their target, which they replace atomically.
 *
 *     dir/dump.rdb  <-  dir/.dump.rdb.rdbferry-x7Kq2a
 *
 * All files of the process are listed for rf_cleanup_temp_files(). Thread-safe. */
#ifndef IO_TEMPFILE_H
#define IO_TEMPFILE_H

#include <rdbferry/error.h>
#include <stdbool.h>
#include <sys/types.h>

struct tempfile;

/* Creates an empty file next to `target` that only its owner can read. *out is unchanged after an error. */
rf_code tempfile_create(const char *target, struct tempfile **out, rf_error *error);

/* Creates an empty directory under its own name, which is removed unless it is committed. RF_OK with *out
 * NULL if it already exists. */
rf_code tempfile_make_directory(const char *path, struct tempfile **out, rf_error *error);

/* Open for reading and writing; closed by tempfile_close(). */
int tempfile_fd(const struct tempfile *file);

/* Keeps the directory. `directory` may be NULL. */
void tempfile_keep_directory(struct tempfile *directory);

/* Sets the mode of the file according to the umask, renames it to its target, and syncs the directory.
 * Without `replace`, RF_E_EXISTS if the name is taken. Fails after rf_cleanup_temp_files(). The content must
 * have been synced. */
rf_code tempfile_commit(struct tempfile *file, bool replace, rf_error *error);

/* The same with this mode, for a small file; without `sync` the directory is not synced. */
rf_code tempfile_commit_small(struct tempfile *file, mode_t mode, bool replace, bool sync, rf_error *error);

/* Frees it; removes the file unless it was committed. `file` may be NULL. */
void tempfile_close(struct tempfile *file);

#endif
