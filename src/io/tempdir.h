/* SPDX-License-Identifier: MIT */
/* A temporary directory next to its target, which it replaces atomically, with all its contents. */
#ifndef IO_TEMPDIR_H
#define IO_TEMPDIR_H

#include <rdbferry/error.h>
#include <stdbool.h>
#include <sys/types.h>

struct tempdir;

/* Whether an open directory is the complete result of a split, as its plan shows. */
bool tempdir_holds_plan(int fd);

/* Creates an empty directory that only its owner can enter. *out is unchanged after an error. */
rf_code tempdir_create(const char *target, bool force, struct tempdir **out, rf_error *error);

/* The same for a directory that is never committed: `target` only gives it a place and a name, and may exist.
 */
rf_code tempdir_create_scratch(const char *target, struct tempdir **out, rf_error *error);

/* The target, as given but without trailing slashes. Valid as long as the directory. */
const char *tempdir_target(const struct tempdir *dir);

/* "target/name": the path of an item after the commit. NULL if out of memory. */
char *tempdir_path(const struct tempdir *dir, const char *name);

/* The path of an item before the commit; NULL if out of memory. Only if `target` is not a symbolic link. */
char *tempdir_current_path(const struct tempdir *dir, const char *name);

/* The directory, as long as it is open. */
int tempdir_descriptor(const struct tempdir *dir);

/* `name` may contain directories. Only the owner can access the file until the commit; *fd is open for
 * reading and writing, and must be closed by the caller. */
rf_code tempdir_create_file(struct tempdir *dir, const char *name, int *fd, rf_error *error);
rf_code tempdir_make_directory(struct tempdir *dir, const char *name, rf_error *error);

/* Opens a file again; `flags` as for open(). Returns -1 with errno. */
int tempdir_open_file(const struct tempdir *dir, const char *name, int flags);

/* The size of a file; -1 if it is no longer a regular file. */
off_t tempdir_file_size(const struct tempdir *dir, const char *name);

/* Sets the modes of all contents according to the umask and, run by root, their owner to that of the target,
 * or else of the directory it is in; syncs them, and replaces the target. RF_E_WRITE with the new directory
 * in place if only the old one could not be removed completely. */
rf_code tempdir_commit(struct tempdir *dir, rf_error *error);

/* Frees it. Removes the directory and its contents unless it was committed. `dir` may be NULL. */
void tempdir_close(struct tempdir *dir);

#endif
