/* SPDX-License-Identifier: MIT */
/* How much memory the process may use for tables that can be spilled to disk: a share of what its cgroup or
 * its RLIMIT_AS allows, so that a container is not killed for a default that was made for a whole machine. */
#ifndef BASE_MEMORY_LIMIT_H
#define BASE_MEMORY_LIMIT_H

#include <stdint.h>

enum { MEMORY_USUAL = 512 * 1024 * 1024 };

struct memory_default {
    uint64_t memory; /* MEMORY_USUAL, or less */
    uint64_t limit;  /* the memory is a share of it; UINT64_MAX: no limit is so low that it matters */
};

/* Determined by the first call. Thread-safe. */
struct memory_default memory_default(void);

/* The same for a limit in bytes. */
struct memory_default memory_default_of(uint64_t limit);

/* The lowest memory limit of the cgroup of this process and those above it, v2 or v1; UINT64_MAX: none. Files
 * are looked up below `root`, which is "" except in tests. */
uint64_t memory_limit_of_cgroup(const char *root);

#endif
