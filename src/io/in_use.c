/* SPDX-License-Identifier: MIT */
/* Information from /proc on other processes: files open for writing, and working directories of servers. */
#include "io/in_use.h"
#include "base/fail.h"
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <fts.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LEVELS = 4 /* of directories searched */ };

/* Identifies a file, whatever its names are. */
struct node {
    uint32_t major, minor;
    uint64_t ino;
};

struct nodes {
    struct node *all;
    size_t count;
};

/* --- nodes --------------------------------------------------------------------------------------------- */

/* Does not wait for an unresponsive file server. */
static bool find_node(int dir, const char *name, struct node *out)
{
    struct statx stx;
    if (statx(dir, name, AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC, STATX_INO, &stx) < 0)
        return false;
    *out = (struct node){.major = stx.stx_dev_major, .minor = stx.stx_dev_minor, .ino = stx.stx_ino};
    return true;
}

static int compare_nodes(const void *left, const void *right)
{
    const struct node *a = left, *b = right;
    if (a->ino != b->ino)
        return a->ino < b->ino ? -1 : 1;
    if (a->major != b->major)
        return a->major < b->major ? -1 : 1;
    return a->minor < b->minor ? -1 : a->minor > b->minor;
}

static rf_code add_node(struct nodes *nodes, const char *path, rf_error *error)
{
    struct node node;
    if (!find_node(AT_FDCWD, path, &node))
        return RF_OK;
    struct node *more = realloc(nodes->all, (nodes->count + 1) * sizeof *more);
    if (!more)
        return fail(error, RF_E_MEMORY, "out of memory");
    nodes->all = more;
    more[nodes->count++] = node;
    return RF_OK;
}

static rf_code add_tree(struct nodes *nodes, FTS *tree, rf_error *error)
{
    for (FTSENT *entry; (entry = fts_read(tree)) != NULL;) {
        if (entry->fts_info == FTS_F)
            TRY(add_node(nodes, entry->fts_accpath, error));
        else if (entry->fts_info == FTS_D && entry->fts_level == LEVELS)
            fts_set(tree, entry, FTS_SKIP);
    }
    return RF_OK;
}

/* The regular files at and below a path, sorted. */
static rf_code list_nodes(const char *path, struct nodes *nodes, rf_error *error)
{
    char *copy = strdup(path);
    FTS *tree = copy ? fts_open((char *[]){copy, NULL}, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, NULL)
                     : NULL;
    rf_code code = tree ? add_tree(nodes, tree, error) : fail(error, RF_E_MEMORY, "out of memory");
    if (tree)
        fts_close(tree);
    free(copy);
    if (nodes->count > 0)
        qsort(nodes->all, nodes->count, sizeof *nodes->all, compare_nodes);
    return code;
}

/* --- processes ----------------------------------------------------------------------------------------- */

struct process {
    int dir; /* /proc/PID */
    char name[32];
};

typedef bool match_fn(const struct process *process, const void *wanted);

static void read_name(struct process *process)
{
    int fd = openat(process->dir, "comm", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, process->name, sizeof process->name - 1) : -1;
    if (fd >= 0)
        close(fd);
    process->name[n > 0 ? n : 0] = '\0';
    process->name[strcspn(process->name, "\n")] = '\0';
}

/* A link in /proc/PID/fd has the permissions with which the file is open. */
static bool is_written(int dir, const char *name)
{
    struct stat link;
    return fstatat(dir, name, &link, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(link.st_mode) &&
           link.st_mode & S_IWUSR;
}

static bool writes_to(const struct process *process, const void *wanted)
{
    const struct nodes *nodes = wanted;
    int fds = openat(process->dir, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fds >= 0 ? fdopendir(fds) : NULL;
    bool found = false;
    if (!dir && fds >= 0)
        close(fds);
    for (struct dirent *e; dir && !found && (e = readdir(dir)) != NULL;) {
        struct node node;
        found = is_written(fds, e->d_name) && find_node(fds, e->d_name, &node) &&
                bsearch(&node, nodes->all, nodes->count, sizeof node, compare_nodes);
    }
    if (dir)
        closedir(dir);
    return found;
}

static bool is_server_in(const struct process *process, const void *wanted)
{
    static const char ending[] = "-server";
    size_t n = strlen(process->name), m = sizeof ending - 1;
    struct node node;
    return n > m && strcmp(process->name + n - m, ending) == 0 && find_node(process->dir, "cwd", &node) &&
           compare_nodes(&node, wanted) == 0;
}

/* Whether the process matches; then sets its name. */
static bool check_holders(const char *pid, int proc, match_fn *matches, const void *wanted, char *name,
                          size_t size)
{
    struct process process = {.dir = openat(proc, pid, O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (process.dir < 0)
        return false;
    read_name(&process);
    bool found = matches(&process, wanted);
    if (found)
        snprintf(name, size, "%s (process %.20s)", process.name, pid);
    close(process.dir);
    return found;
}

/* False: no other visible process matches. */
static bool find_process(match_fn *matches, const void *wanted, char *name, size_t size)
{
    DIR *proc = opendir("/proc");
    char self[32];
    ssize_t n = readlink("/proc/self", self, sizeof self - 1);
    bool found = false;
    self[n > 0 ? n : 0] = '\0';
    for (struct dirent *e; proc && !found && (e = readdir(proc)) != NULL;)
        found = isdigit((unsigned char)*e->d_name) && strcmp(e->d_name, self) != 0 &&
                check_holders(e->d_name, dirfd(proc), matches, wanted, name, size);
    if (proc)
        closedir(proc);
    return found;
}

/* --- refusing ------------------------------------------------------------------------------------------ */

rf_code in_use_refuse(const char *path, rf_error *error)
{
    struct nodes nodes = {0};
    char name[80];
    rf_code code = list_nodes(path, &nodes, error);
    if (code == RF_OK && nodes.count > 0 && find_process(writes_to, &nodes, name, sizeof name))
        code = fail(error, RF_E_EXISTS, "%s: in use by %s: stop it first (or use --force-unsafe)", path,
                    name);
    free(nodes.all);
    return code;
}

rf_code in_use_refuse_adjacent_server(const char *path, rf_error *error)
{
    const char *slash = strrchr(path, '/');
    char *directory = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
    struct node node;
    char name[80];
    if (!directory)
        return fail(error, RF_E_MEMORY, "out of memory");
    bool found = find_node(AT_FDCWD, directory, &node) &&
                 find_process(is_server_in, &node, name, sizeof name);
    free(directory);
    return found ? fail(error, RF_E_EXISTS,
                        "%s: in the data directory of %s: stop it first (or use --force-unsafe)", path, name)
                 : RF_OK;
}
