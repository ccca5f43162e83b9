/* SPDX-License-Identifier: MIT */
/* The cgroups of the process, from /proc/self/cgroup and /sys/fs/cgroup. */
#ifndef BASE_CGROUP_H
#define BASE_CGROUP_H

#include <stdbool.h>
#include <stddef.h>

/* `directory` has the files of a cgroup, if it exists; `version` is 1 or 2. */
typedef void cgroup_fn(void *ctx, const char *directory, int version);

/* Calls `fn` with the cgroup of this process and those above it, v2 or v1 of this controller. A container may
 * see the path of its cgroup on the host, but only its own part of the tree: so some directories may be
 * missing. Files are looked up below `root`, which is "" except in tests. */
void cgroup_each(const char *root, const char *controller, cgroup_fn *fn, void *ctx);

/* The first line of a file in a directory. False: there is none. */
bool cgroup_read(const char *directory, const char *name, char *line, size_t size);

#endif
