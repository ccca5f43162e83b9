/* SPDX-License-Identifier: MIT */
/* Temporary directories. Files in them are created between cleanup_begin() and _end(), so that nothing
 * appears in a directory that is being removed. */
#include "io/tempdir.h"
#include "base/fail.h"
#include "io/cleanup.h"
#include "io/owner.h"
#include "io/temp_path.h"
#include "io/tree.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PLAN "plan.json" /* present in a directory that may be replaced */

struct tempdir {
    struct cleanup cleanup; /* first: it is cast back */
    struct temp_path temp_path;
    char *target; /* as given; that of `temp_path` is the resolved path */
    bool force;
    int fd;
    int replaced; /* locked while it has a temporary name, so that nobody takes it for a leftover; -1: none */
};

/* --- the existing target ---------------------------------------------------------------------------- */

/* The kind of the existing target. */
enum obstacle { NOTHING, EMPTY_DIRECTORY, DIRECTORY_WITH_PLAN, DIRECTORY, NO_DIRECTORY };

static bool is_empty(int fd)
{
    DIR *dir = fdopendir(fd);
    bool empty = dir != NULL;
    if (!dir)
        close(fd);
    for (struct dirent *entry; empty && (entry = readdir(dir)) != NULL;)
        empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
    if (dir)
        closedir(dir);
    return empty;
}

/* Whether the plan is ours: a JSON object whose first member names the program. */
bool tempdir_holds_plan(int fd)
{
    static const char head[] = "{\n  \"rdbferry\":";
    char found[sizeof head - 1];
    int plan = openat(fd, PLAN, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (plan < 0)
        return false;
    size_t got = 0;
    for (ssize_t n = 1; got < sizeof found && (n > 0 || (n < 0 && errno == EINTR));) {
        n = read(plan, found + got, sizeof found - got);
        got += n > 0 ? (size_t)n : 0;
    }
    close(plan);
    return got == sizeof found && memcmp(found, head, sizeof found) == 0;
}

static enum obstacle find_obstacle(const struct temp_path *temp_path)
{
    struct stat st;
    if (fstatat(temp_path->dir, temp_path->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? NOTHING : NO_DIRECTORY;
    if (!S_ISDIR(st.st_mode))
        return NO_DIRECTORY;
    int fd = openat(temp_path->dir, temp_path->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return DIRECTORY;
    if (!tempdir_holds_plan(fd))
        return is_empty(fd) ? EMPTY_DIRECTORY : DIRECTORY;
    close(fd);
    return DIRECTORY_WITH_PLAN;
}

/* A mount point cannot be replaced by a rename, and its parent directory is on another file system. */
static bool is_mount_point(const struct temp_path *temp_path)
{
    struct statx stx;
    return statx(temp_path->dir, temp_path->name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, 0, &stx) == 0 &&
           (stx.stx_attributes & stx.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT);
}

static rf_code refuse_obstacle(const struct tempdir *dir, rf_error *error)
{
    const char *target = dir->target;
    switch (find_obstacle(&dir->temp_path)) {
    case NOTHING:
    case EMPTY_DIRECTORY: break;
    case DIRECTORY_WITH_PLAN:
        if (!dir->force)
            return fail(error, RF_E_EXISTS, "%s: already exists; use --force to replace it", target);
        break;
    case DIRECTORY:
        return fail(error, RF_E_EXISTS, "%s: not empty, and without a " PLAN " of an earlier split", target);
    case NO_DIRECTORY: return fail(error, RF_E_EXISTS, "%s: exists and is not a directory", target);
    }
    if (is_mount_point(&dir->temp_path))
        return fail(error, RF_E_WRITE, "%s: a mount point cannot be replaced: use a directory inside it",
                    target);
    return RF_OK;
}

/* --- creation --------------------------------------------------------------------------------------- */

static void remove_listed_tree(struct cleanup *cleanup)
{
    const struct temp_path *temp_path = &((struct tempdir *)cleanup)->temp_path;
    tree_remove(temp_path->dir, temp_path->temporary);
}

/* Without trailing slashes and dots: "dir/" is "dir". */
static char *trimmed(const char *path)
{
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/')
        n--;
    return strndup(path, n);
}

/* Until it is claimed, others may take it for a leftover and remove it: then another name (EEXIST). */
static int make_private(int dir, const char *name)
{
    if (mkdirat(dir, name, 0700) < 0)
        return -1;
    int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0 && temp_path_claim(fd))
        return fd;
    int failure = fd >= 0 || errno == ENOENT ? EEXIST : errno;
    if (fd >= 0)
        close(fd);
    unlinkat(dir, name, AT_REMOVEDIR);
    errno = failure;
    return -1;
}

static rf_code make_listed(struct tempdir *dir, rf_error *error)
{
    struct temp_path *temp_path = &dir->temp_path;
    TRY(cleanup_begin(dir->target, error));
    rf_code code = RF_OK;
    if ((dir->fd = temp_path_make(temp_path, make_private)) >= 0)
        cleanup_list(&dir->cleanup);
    else
        code = fail_errno(error, RF_E_WRITE, "%s: cannot create a temporary directory next to it",
                          dir->target);
    cleanup_end();
    return code;
}

/* Resolves `.` and symbolic links; a dangling link is used as it is. */
static rf_code open_temp_path(struct tempdir *dir, rf_error *error)
{
    char *real = realpath(dir->target, NULL);
    rf_code code = temp_path_open(real ? real : dir->target, &dir->temp_path, error);
    free(real);
    return code;
}

static rf_code create(const char *target, bool is_scratch, bool force, struct tempdir **out, rf_error *error)
{
    struct tempdir *dir = calloc(1, sizeof *dir);
    if (!dir || !(dir->target = trimmed(target))) {
        free(dir);
        return fail(error, RF_E_MEMORY, "out of memory");
    }
    dir->force = force;
    dir->fd = dir->replaced = -1;
    dir->cleanup.remove = remove_listed_tree;
    rf_code code = open_temp_path(dir, error);
    if (code != RF_OK) {
        free(dir->target);
        free(dir);
        return code;
    }
    if (!is_scratch)
        code = refuse_obstacle(dir, error);
    if (code == RF_OK)
        code = make_listed(dir, error);
    if (code == RF_OK)
        *out = dir;
    else
        tempdir_close(dir);
    return code;
}

rf_code tempdir_create(const char *target, bool force, struct tempdir **out, rf_error *error)
{
    return create(target, false, force, out, error);
}

rf_code tempdir_create_scratch(const char *target, struct tempdir **out, rf_error *error)
{
    return create(target, true, false, out, error);
}

/* --- contents --------------------------------------------------------------------------------------- */

const char *tempdir_target(const struct tempdir *dir)
{
    return dir->target;
}

char *tempdir_path(const struct tempdir *dir, const char *name)
{
    char *path;
    return asprintf(&path, "%s/%s", dir->target, name) >= 0 ? path : NULL;
}

char *tempdir_current_path(const struct tempdir *dir, const char *name)
{
    const char *slash = strrchr(dir->target, '/');
    char *path;
    return asprintf(&path, "%.*s%s/%s", slash ? (int)(slash + 1 - dir->target) : 0, dir->target,
                    dir->temp_path.temporary, name) >= 0
               ? path
               : NULL;
}

int tempdir_descriptor(const struct tempdir *dir)
{
    return dir->fd;
}

/* RF_E_EXISTS if the name is taken. */
static rf_code fail_to_make(const struct tempdir *dir, const char *name, rf_error *error)
{
    if (errno == EEXIST)
        return fail(error, RF_E_EXISTS, "%s/%s: already exists", dir->target, name);
    return fail_errno(error, RF_E_WRITE, "%s/%s: cannot create", dir->target, name);
}

rf_code tempdir_create_file(struct tempdir *dir, const char *name, int *fd, rf_error *error)
{
    TRY(cleanup_begin(dir->target, error));
    int made = openat(dir->fd, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC, 0600);
    rf_code code = made >= 0 ? RF_OK : fail_to_make(dir, name, error);
    cleanup_end();
    if (code == RF_OK)
        *fd = made;
    return code;
}

rf_code tempdir_make_directory(struct tempdir *dir, const char *name, rf_error *error)
{
    TRY(cleanup_begin(dir->target, error));
    rf_code code = mkdirat(dir->fd, name, 0700) == 0 ? RF_OK : fail_to_make(dir, name, error);
    cleanup_end();
    return code;
}

int tempdir_open_file(const struct tempdir *dir, const char *name, int flags)
{
    return openat(dir->fd, name, flags | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC);
}

off_t tempdir_file_size(const struct tempdir *dir, const char *name)
{
    struct stat st;
    if (fstatat(dir->fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
        return -1;
    return st.st_size;
}

/* --- replacing the target --------------------------------------------------------------------------- */

static int rename_to(const struct temp_path *temp_path, const char *from, const char *to, unsigned flags)
{
    return renameat2(temp_path->dir, from, temp_path->dir, to, flags);
}

/* For temp_path_make(): finds a free name without creating anything. */
static int make_nothing(int dir, const char *name)
{
    errno = EEXIST;
    return faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0 ? -1 : 0;
}

/* Exchanges the names of target and temporary directory. */
static int exchange(const struct temp_path *temp_path)
{
    if (rename_to(temp_path, temp_path->temporary, temp_path->name, RENAME_EXCHANGE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return -1;
    /* the file system has no such rename */
    struct temp_path aside = *temp_path;
    if (temp_path_make(&aside, make_nothing) < 0 ||
        rename_to(temp_path, temp_path->name, aside.temporary, 0) < 0)
        return -1;
    if (rename_to(temp_path, temp_path->temporary, temp_path->name, 0) == 0)
        return rename_to(temp_path, aside.temporary, temp_path->temporary, 0);
    int failure = errno;
    rename_to(temp_path, aside.temporary, temp_path->name, 0);
    errno = failure;
    return -1;
}

static bool is_occupied(int failure)
{
    return failure == EEXIST || failure == ENOTEMPTY || failure == ENOTDIR;
}

/* *old: the temporary name is now that of the previous target. */
static rf_code claim_name(struct tempdir *dir, bool *old, rf_error *error)
{
    const struct temp_path *temp_path = &dir->temp_path;
    *old = false;
    if (rename_to(temp_path, temp_path->temporary, temp_path->name, 0) == 0)
        return RF_OK;
    if (!is_occupied(errno))
        return fail_errno(error, RF_E_WRITE, "%s: cannot rename the temporary directory to it", dir->target);
    TRY(refuse_obstacle(dir, error));
    dir->replaced = openat(temp_path->dir, temp_path->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (dir->replaced >= 0)
        temp_path_claim(dir->replaced);
    if (exchange(temp_path) < 0)
        return fail_errno(error, RF_E_WRITE, "%s: cannot replace", dir->target);
    *old = true;
    return RF_OK;
}

/* Undoes the rename; -1 if that failed. */
static int release_name(const struct temp_path *temp_path, bool old)
{
    return old ? exchange(temp_path) : rename_to(temp_path, temp_path->name, temp_path->temporary, 0);
}

static rf_code commit_listed(struct tempdir *dir, rf_error *error)
{
    const struct temp_path *temp_path = &dir->temp_path;
    bool old;
    TRY(cleanup_begin(dir->target, error));
    rf_code code = claim_name(dir, &old, error);
    bool kept = code == RF_OK;
    if (code == RF_OK && (code = temp_path_sync(temp_path, error)) != RF_OK)
        kept = release_name(temp_path, old) < 0; /* the state of the names is unknown: nothing is removed */
    if (kept)
        cleanup_unlist(&dir->cleanup);
    cleanup_end();
    TRY(code);
    if (old && tree_remove(temp_path->dir, temp_path->temporary) < 0)
        return fail_errno(error, RF_E_WRITE, "%s: complete, but the replaced directory remains in %s",
                          dir->target, temp_path->temporary);
    return RF_OK;
}

/* That of the directory that is replaced, which may have been made for a server. */
static struct owner final_owner(const struct temp_path *temp_path)
{
    int old = openat(temp_path->dir, temp_path->name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct owner owner = owner_in(old >= 0 ? old : temp_path->dir);
    if (old >= 0)
        close(old);
    return owner;
}

rf_code tempdir_commit(struct tempdir *dir, rf_error *error)
{
    if (tree_finalize(dir->fd, current_umask(), final_owner(&dir->temp_path)) < 0)
        return fail_errno(error, RF_E_WRITE, "%s: cannot sync its contents", dir->target);
    cleanup_commits_begin();
    rf_code code = commit_listed(dir, error);
    cleanup_commits_end();
    return code;
}

void tempdir_close(struct tempdir *dir)
{
    if (!dir)
        return;
    cleanup_remove(&dir->cleanup);
    if (dir->fd >= 0)
        close(dir->fd);
    if (dir->replaced >= 0)
        close(dir->replaced);
    temp_path_close(&dir->temp_path);
    free(dir->target);
    free(dir);
}
