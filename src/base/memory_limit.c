/* SPDX-License-Identifier: MIT */
/* Memory limits from /proc/self/cgroup and /sys/fs/cgroup. A container may see the path of its cgroup on the
 * host, but only its own part of the tree: levels that do not exist are skipped, up to the root. */
#include "base/memory_limit.h"
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

enum {
    SHARE = 4,               /* a quarter: values being read, buffers and the page cache need the rest */
    LEAST = 4 * 1024 * 1024, /* less would only be slow */
    LINE = 4200,
};

/* "max" (v2), and values close to 2^63 (v1), mean that there is no limit; lower ones are compared. */
static uint64_t read_limit(const char *path)
{
    uint64_t limit;
    FILE *file = fopen(path, "re");
    bool found = file && fscanf(file, "%" SCNu64, &limit) == 1 && limit > 0;
    if (file)
        fclose(file);
    return found ? limit : UINT64_MAX;
}

/* `cgroup` is cut off from its end. */
static uint64_t lowest_limit(const char *root, const char *mount, char *cgroup, const char *name)
{
    char path[2 * LINE];
    uint64_t lowest = UINT64_MAX;
    if (strstr(cgroup, "/..")) /* outside of the part of the tree that is visible */
        *cgroup = '\0';
    for (char *end = cgroup + strlen(cgroup); end; end = strrchr(cgroup, '/')) {
        *end = '\0';
        snprintf(path, sizeof path, "%s/sys/fs/cgroup%s%s/%s", root, mount, cgroup, name);
        uint64_t limit = read_limit(path);
        lowest = limit < lowest ? limit : lowest;
    }
    return lowest;
}

/* Whether "cpu,memory" contains "memory". */
static bool lists_memory(const char *controllers)
{
    static const char name[] = "memory";
    for (const char *at = controllers; (at = strstr(at, name)) != NULL; at += sizeof name - 1) {
        char after = at[sizeof name - 1];
        if ((at == controllers || at[-1] == ',') && (after == ',' || after == '\0'))
            return true;
    }
    return false;
}

/* A line is "4:memory:/path", or "0::/path" for v2. */
static uint64_t limit_of_line(const char *root, char *line)
{
    char *controllers = strchr(line, ':'), *cgroup = controllers ? strchr(controllers + 1, ':') : NULL;
    if (!cgroup)
        return UINT64_MAX;
    *cgroup++ = '\0';
    cgroup[strcspn(cgroup, "\n")] = '\0';
    if (controllers[1] == '\0')
        return lowest_limit(root, "", cgroup, "memory.max");
    return lists_memory(controllers + 1) ? lowest_limit(root, "/memory", cgroup, "memory.limit_in_bytes")
                                         : UINT64_MAX;
}

uint64_t memory_limit_of_cgroup(const char *root)
{
    char path[LINE], line[LINE];
    uint64_t lowest = UINT64_MAX;
    snprintf(path, sizeof path, "%s/proc/self/cgroup", root);
    FILE *file = fopen(path, "re");
    while (file && fgets(line, sizeof line, file)) {
        uint64_t limit = limit_of_line(root, line);
        lowest = limit < lowest ? limit : lowest;
    }
    if (file)
        fclose(file);
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
