/* SPDX-License-Identifier: MIT */
/* Walks up the tree of cgroups. */
#include "base/cgroup.h"
#include <stdio.h>
#include <string.h>

enum { LINE = 4200 };

struct walk_up {
    const char *root, *controller;
    cgroup_fn *fn;
    void *ctx;
};

/* `cgroup` is cut off from its end. */
static void walk_up(const struct walk_up *walk, const char *mount, char *cgroup, int version)
{
    char directory[2 * LINE];
    if (strstr(cgroup, "/..")) /* outside of the part of the tree that is visible */
        *cgroup = '\0';
    for (char *end = cgroup + strlen(cgroup); end; end = strrchr(cgroup, '/')) {
        *end = '\0';
        snprintf(directory, sizeof directory, "%s/sys/fs/cgroup%s%s%s", walk->root, *mount ? "/" : "", mount,
                 cgroup);
        walk->fn(walk->ctx, directory, version);
    }
}

/* Whether "cpu,memory" contains "memory". */
static bool lists(const char *controllers, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = controllers; (at = strstr(at, name)) != NULL; at += length) {
        char after = at[length];
        if ((at == controllers || at[-1] == ',') && (after == ',' || after == '\0'))
            return true;
    }
    return false;
}

/* A line is "4:memory:/path", or "0::/path" for v2. */
static void walk_line(const struct walk_up *walk, char *line)
{
    char *controllers = strchr(line, ':'), *cgroup = controllers ? strchr(controllers + 1, ':') : NULL;
    if (!cgroup)
        return;
    *cgroup++ = '\0';
    cgroup[strcspn(cgroup, "\n")] = '\0';
    if (controllers[1] == '\0')
        walk_up(walk, "", cgroup, 2);
    else if (lists(controllers + 1, walk->controller))
        walk_up(walk, walk->controller, cgroup, 1);
}

void cgroup_each(const char *root, const char *controller, cgroup_fn *fn, void *ctx)
{
    const struct walk_up walk = {root, controller, fn, ctx};
    char path[LINE], line[LINE];
    snprintf(path, sizeof path, "%s/proc/self/cgroup", root);
    FILE *file = fopen(path, "re");
    while (file && fgets(line, sizeof line, file))
        walk_line(&walk, line);
    if (file)
        fclose(file);
}

bool cgroup_read(const char *directory, const char *name, char *line, size_t size)
{
    char path[2 * LINE];
    int n = snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = n >= 0 && (size_t)n < sizeof path ? fopen(path, "re") : NULL;
    bool found = file && fgets(line, (int)size, file);
    if (file)
        fclose(file);
    return found;
}
