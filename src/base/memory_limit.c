/* SPDX-License-Identifier: MIT */
/* Memory limits of the cgroup and of the address space. */
#include "base/memory_limit.h"
#include "base/cgroup.h"
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/resource.h>

enum {
    SHARE = 4,               /* a quarter: values being read, buffers and the page cache need the rest */
    LEAST = 4 * 1024 * 1024, /* less would only be slow */
};

/* A cgroup_fn. "max" (v2), and values close to 2^63 (v1), mean that there is no limit; lower ones are
 * compared. */
static void read_limit(void *ctx, const char *directory, int version)
{
    uint64_t limit, *lowest = ctx;
    char line[64];
    if (cgroup_read(directory, version == 1 ? "memory.limit_in_bytes" : "memory.max", line, sizeof line) &&
        sscanf(line, "%" SCNu64, &limit) == 1 && limit > 0 && limit < *lowest)
        *lowest = limit;
}

uint64_t memory_limit_of_cgroup(const char *root)
{
    uint64_t lowest = UINT64_MAX;
    cgroup_each(root, "memory", read_limit, &lowest);
    return lowest;
}

struct memory_default memory_default_of(uint64_t limit)
{
    uint64_t share = limit / SHARE > LEAST ? limit / SHARE : LEAST;
    if (share >= MEMORY_USUAL)
        return (struct memory_default){MEMORY_USUAL, UINT64_MAX};
    return (struct memory_default){share, limit};
}

static struct memory_default chosen;

/* An address space that is limited makes malloc() fail, so it counts as well. */
static void choose(void)
{
    struct rlimit space;
    uint64_t limit = memory_limit_of_cgroup("");
    if (getrlimit(RLIMIT_AS, &space) == 0 && space.rlim_cur != RLIM_INFINITY && space.rlim_cur < limit)
        limit = space.rlim_cur;
    chosen = memory_default_of(limit);
}

struct memory_default memory_default(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, choose);
    return chosen;
}
