/* SPDX-License-Identifier: MIT */
/* A directory tree. Symbolic links are not followed. */
#ifndef IO_TREE_H
#define IO_TREE_H

#include "io/owner.h"
#include <stdint.h>
#include <sys/types.h>

/* Removes `name` within `dir`, whatever it is. Items that cannot be removed stay, the rest is removed.
 * Returns 0, or -1 with the errno of an item that stayed. */
int tree_remove(int dir, const char *name);

/* The sum of the sizes of its regular files; what cannot be read counts as 0. */
uint64_t tree_bytes(int dir);

/* Sets the mode of regular files to 0666 without `umask`, of directories, including `dir`, to 0777 without
 * it; gives them to their owner; syncs all. Returns -1 with errno. */
int tree_finalize(int dir, mode_t umask, struct owner owner);

#endif
