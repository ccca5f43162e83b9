/* SPDX-License-Identifier: MIT */
/* How many processors the process may use. */
#ifndef BASE_PROCESSORS_H
#define BASE_PROCESSORS_H

#include <stddef.h>

/* Those of its affinity mask, but not more than the CPU quota of its cgroup and those above it, rounded up.
 * At least 1. */
size_t processors_available(void);

/* The quota alone; SIZE_MAX: none. Files are looked up below `root`, which is "" except in tests. */
size_t processors_of_cgroup(const char *root);

#endif
