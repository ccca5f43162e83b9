/* SPDX-License-Identifier: MIT */
/* Memory limits of cgroups, from files below a directory. */
#include "base/memory_limit.h"
#include "support/scratch.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static struct scratch scratch;

static void setup(void)
{
    scratch_make(&scratch);
}

static void teardown(void)
{
    scratch_remove(&scratch);
}

TestSuite(memory_limit, .init = setup, .fini = teardown, .timeout = 120);

/* Also makes the directories. */
static void put(const char *name, const char *text)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", scratch.path, name);
    for (char *slash = path + strlen(scratch.path) + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
        *slash = '\0';
        mkdir(path, 0700);
        *slash = '/';
    }
    scratch_write(&scratch, name, (rf_slice){(const uint8_t *)text, strlen(text)});
}

static uint64_t limit(void)
{
    return memory_limit_of_cgroup(scratch.path);
}

Test(memory_limit, nothing_is_there)
{
    cr_assert_eq(limit(), UINT64_MAX);
    put("proc/self/cgroup", "");
    cr_assert_eq(limit(), UINT64_MAX);
    put("proc/self/cgroup", "0::\nmemory\n4:memory\n::\n");
    cr_assert_eq(limit(), UINT64_MAX);
}

Test(memory_limit, version_2)
{
    put("proc/self/cgroup", "0::/a/b\n");
    put("sys/fs/cgroup/a/b/memory.max", "max\n");
    cr_assert_eq(limit(), UINT64_MAX);
    put("sys/fs/cgroup/a/b/memory.max", "104857600\n");
    cr_assert_eq(limit(), 104857600);
    put("sys/fs/cgroup/a/memory.max", "52428800\n");
    cr_assert_eq(limit(), 52428800);
    put("sys/fs/cgroup/a/memory.max", "max\n");
    put("sys/fs/cgroup/memory.max", "1000000\n");
    cr_assert_eq(limit(), 1000000);
}

/* A container sees its own cgroup as the root. */
Test(memory_limit, namespace)
{
    put("proc/self/cgroup", "0::/\n");
    put("sys/fs/cgroup/memory.max", "104857600\n");
    cr_assert_eq(limit(), 104857600);
    put("proc/self/cgroup", "0::/../../x\n");
    cr_assert_eq(limit(), 104857600);
    put("proc/self/cgroup", "0::/kubepods/pod1/c1\n");
    cr_assert_eq(limit(), 104857600);
}

Test(memory_limit, version_1)
{
    put("proc/self/cgroup", "9:name=systemd:/x\n5:cpu,memory:/docker/c\n3:memoryless:/y\n0::/\n");
    put("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
    cr_assert_eq(memory_default_of(limit()).memory, MEMORY_USUAL);
    put("sys/fs/cgroup/memory/docker/c/memory.limit_in_bytes", "104857600\n");
    cr_assert_eq(limit(), 104857600);
    put("sys/fs/cgroup/memory/y/memory.limit_in_bytes", "1\n");
    cr_assert_eq(limit(), 104857600);
}

Test(memory_limit, absurd)
{
    static const char *const absurd[] = {"", "0\n", "-\n", "x\n"};
    put("proc/self/cgroup", "0::/\n");
    for (size_t i = 0; i < sizeof absurd / sizeof *absurd; i++) {
        put("sys/fs/cgroup/memory.max", absurd[i]);
        cr_assert_eq(limit(), UINT64_MAX, "'%s'", absurd[i]);
    }
}

Test(memory_limit, share)
{
    const uint64_t mib = 1024 * 1024;
    cr_assert_eq(memory_default_of(UINT64_MAX).memory, MEMORY_USUAL);
    cr_assert_eq(memory_default_of(UINT64_MAX).limit, UINT64_MAX);
    cr_assert_eq(memory_default_of(2048 * mib).limit, UINT64_MAX);
    cr_assert_eq(memory_default_of(100 * mib).memory, 25 * mib);
    cr_assert_eq(memory_default_of(100 * mib).limit, 100 * mib);
    cr_assert_eq(memory_default_of(1).memory, 4 * mib);
}
