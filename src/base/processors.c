/* SPDX-License-Identifier: MIT */
/* Processors from the affinity mask, and from cpu.max (v2) or cpu.cfs_quota_us (v1) in the cgroup file
 * system. */
#include "base/processors.h"
#include "base/cgroup.h"
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>

/* "max" in place of the quota, and -1 (v1), mean that there is none. */
static void lower(size_t *lowest, const char *quota_text, const char *period_text)
{
    uint64_t quota, period;
    if (sscanf(quota_text, "%" SCNu64, &quota) != 1 || sscanf(period_text, "%" SCNu64, &period) != 1 ||
        quota == 0 || quota > INT64_MAX || period == 0)
        return;
    uint64_t processors = quota / period + (quota % period != 0);
    *lowest = processors < *lowest ? (size_t)processors : *lowest;
}

/* A cgroup_fn. */
static void read_quota(void *ctx, const char *directory, int version)
{
    char quota[64], period[64];
    if (version == 1) {
        if (cgroup_read(directory, "cpu.cfs_quota_us", quota, sizeof quota) &&
            cgroup_read(directory, "cpu.cfs_period_us", period, sizeof period))
            lower(ctx, quota, period);
    } else if (cgroup_read(directory, "cpu.max", quota, sizeof quota) &&
               sscanf(quota, "%*s %63s", period) == 1) {
        lower(ctx, quota, period);
    }
}

size_t processors_of_cgroup(const char *root)
{
    size_t lowest = SIZE_MAX;
    cgroup_each(root, "cpu", read_quota, &lowest);
    return lowest;
}

size_t processors_available(void)
{
    cpu_set_t allowed;
    size_t quota = processors_of_cgroup("");
    int count = sched_getaffinity(0, sizeof allowed, &allowed) == 0 ? CPU_COUNT(&allowed) : 1;
    size_t processors = count > 1 ? (size_t)count : 1;
    return quota < processors ? quota : processors;
}
