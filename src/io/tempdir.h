/* SPDX-License-Identifier: MIT */
/* A temporary directory beside its target, of which it takes the place in one step, with all that is in it.
 *
 *     shards/  <-  .shards.rdbferry-x7Kq2a/
 *
 * The target may be missing, or be an empty directory. With `force` it may also be a directory with a regular
 * plan.json of ours in it, which is exchanged for the new one and then removed. Anything else is RF_E_EXISTS:
 * when it is opened, and again when it is committed. Where the target is a link, what it leads to is meant.
 */
#ifndef IO_TEMPDIR_H
#define IO_TEMPDIR_H

#include <rdbferry/error.h>
#include <stdbool.h>
#include <sys/types.h>

struct tempdir;

/* Makes an empty directory that only its owner can enter. *out stays untouched after an error. */
rf_code tempdir_create(const char *target, bool force, struct tempdir **out, rf_error *error);

/* The target, as it was given but for slashes at the end. Lives as long as the directory. */
const char *tempdir_target(const struct tempdir *dir);

/* "target/name": where something is to be found once the directory is committed. NULL when memory is out. */
char *tempdir_path(const struct tempdir *dir, const char *name);

/* `name` may lead through directories. The file is for its owner alone until the commit; *fd is open for
 * reading and writing, and the caller's to close. */
rf_code tempdir_create_file(struct tempdir *dir, const char *name, int *fd, rf_error *error);
rf_code tempdir_make_directory(struct tempdir *dir, const char *name, rf_error *error);

/* Opens a file again; `flags` as open() takes them. -1 with errno. */
int tempdir_open_file(const struct tempdir *dir, const char *name, int flags);

/* The size of a file; -1 where it is no regular file any more. */
off_t tempdir_file_size(const struct tempdir *dir, const char *name);

/* Gives all that is in it the modes that umask allows, syncs it, and takes the target's place. RF_E_WRITE,
 * with the new directory in place, where only the old one could not be removed as a whole. */
rf_code tempdir_commit(struct tempdir *dir, rf_error *error);

/* Frees. Removes the directory and all in it unless it was committed. NULL is let through. */
void tempdir_close(struct tempdir *dir);

#endif
