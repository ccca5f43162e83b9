/* SPDX-License-Identifier: MIT */
/* A temporary path next to a target, to be renamed to it: the target's directory, which is kept open, so that
 * a change of the working directory does not matter, and a temporary name in it.
 *
 *     dir/dump.rdb  <-  dir/.dump.rdb.rdbferry-x7Kq2a */
#ifndef IO_TEMP_PATH_H
#define IO_TEMP_PATH_H

#include <rdbferry/error.h>
#include <stdbool.h>
#include <sys/types.h>

enum { TEMP_NAME_SHOWN = 200 /* bytes of a long name that are part of the temporary name */ };

struct temp_path {
    int dir;
    char *target; /* as given, for messages */
    char *name;   /* its last component: the name within `dir` */
    char temporary[TEMP_NAME_SHOWN + 32];
};

/* Opens the directory; `temporary` remains empty. After an error there is nothing to close. */
rf_code temp_path_open(const char *target, struct temp_path *out, rf_error *error);
void temp_path_close(struct temp_path *temp_path);

/* Creates something in the directory under a new temporary name: calls make() until its error is not EEXIST.
 * Returns the result of make(); -1 sets errno. */
int temp_path_make(struct temp_path *temp_path, int (*make)(int dir, const char *name));

/* Locks a new temporary file or directory: what nobody has locked is a leftover, see leftovers.h. False: it
 * was taken for one, and is being removed. True if the file system has no locks: then nobody else can lock it
 * either. */
bool temp_path_claim(int fd);

/* Whether `entry` is a temporary name for `name`; with `prefix`, for any name that begins with `name`. */
bool temp_path_is_temporary(const char *entry, const char *name, bool prefix);

/* Syncs the directory; RF_OK also if it cannot be synced. */
rf_code temp_path_sync(const struct temp_path *temp_path, rf_error *error);

/* The umask, read without a temporary change that other threads would observe. */
mode_t current_umask(void);

#endif
