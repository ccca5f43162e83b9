/* SPDX-License-Identifier: MIT */
/* A directory with all that is below it. No symbolic link is followed. */
#ifndef IO_TREE_H
#define IO_TREE_H

#include <sys/types.h>

/* Removes `name` within `dir`, whatever it is. What cannot be removed stays, the rest goes. 0, or -1 with an
 * errno of what stayed. */
int tree_remove(int dir, const char *name);

/* Regular files get the mode 0666 without `umask`, directories, with that of the descriptor, 0777 without it;
 * all are synced. -1 with errno. */
int tree_settle(int dir, mode_t umask);

#endif
