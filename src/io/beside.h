/* SPDX-License-Identifier: MIT */
/* A place beside a target, where what is to become it is made: the target's directory, which is kept open, so
 * that a change of the working directory does not matter, and a temporary name there.
 *
 *     dir/dump.rdb  <-  dir/.dump.rdb.rdbferry-x7Kq2a */
#ifndef IO_BESIDE_H
#define IO_BESIDE_H

#include <rdbferry/error.h>
#include <stdbool.h>
#include <sys/types.h>

enum { BESIDE_NAME_SHOWN = 200 /* bytes of a long name that the temporary one shows */ };

struct beside {
    int dir;
    char *target; /* as it was given, for messages */
    char *name;   /* its last part: the name within `dir` */
    char temporary[BESIDE_NAME_SHOWN + 32];
};

/* Opens the directory; `temporary` is empty yet. After an error there is nothing to close. */
rf_code beside_open(const char *target, struct beside *out, rf_error *error);
void beside_close(struct beside *beside);

/* Makes something in the directory under a new temporary name: calls make() until it does not say EEXIST.
 * Returns what make() does, -1 with errno. */
int beside_make(struct beside *beside, int (*make)(int dir, const char *name));

/* Syncs the directory; one that cannot be synced is RF_OK. */
rf_code beside_sync(const struct beside *beside, rf_error *error);

/* The bits that umask takes away, read without a change that other threads would notice. */
mode_t current_umask(void);

#endif
