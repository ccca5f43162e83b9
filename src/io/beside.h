/* SPDX-License-Identifier: MIT */
/* A temporary path next to a target, to be renamed to it: the target's directory, which is kept open, so that
 * a change of the working directory does not matter, and a temporary name in it.
 *
 *     dir/dump.rdb  <-  dir/.dump.rdb.rdbferry-x7Kq2a */
#ifndef IO_BESIDE_H
#define IO_BESIDE_H

#include <rdbferry/error.h>
#include <stdbool.h>
#include <sys/types.h>

enum { BESIDE_NAME_SHOWN = 200 /* bytes of a long name that are part of the temporary name */ };

struct beside {
    int dir;
    char *target; /* as given, for messages */
    char *name;   /* its last component: the name within `dir` */
    char temporary[BESIDE_NAME_SHOWN + 32];
};

/* Opens the directory; `temporary` remains empty. After an error there is nothing to close. */
rf_code beside_open(const char *target, struct beside *out, rf_error *error);
void beside_close(struct beside *beside);

/* Creates something in the directory under a new temporary name: calls make() until its error is not EEXIST.
 * Returns the result of make(); -1 sets errno. */
int beside_make(struct beside *beside, int (*make)(int dir, const char *name));

/* Syncs the directory; RF_OK also if it cannot be synced. */
rf_code beside_sync(const struct beside *beside, rf_error *error);

/* The umask, read without a temporary change that other threads would observe. */
mode_t current_umask(void);

#endif
