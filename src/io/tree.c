/* SPDX-License-Identifier: MIT */
/* Traversal of a directory tree, from the leaves up, by descriptors. */
#include "io/tree.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Calls visit(fd, name, ctx) for each item of an open directory. Returns the first nonzero errno; 0: none. */
static int for_each(int fd, int (*visit)(int dir, const char *name, void *ctx), void *ctx)
{
    int failure = 0, own = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = own >= 0 ? fdopendir(own) : NULL;
    struct dirent *entry;
    if (!dir) {
        failure = errno;
        if (own >= 0)
            close(own);
        return failure;
    }
    while ((errno = 0, entry = readdir(dir)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (visit(fd, entry->d_name, ctx) < 0 && failure == 0)
            failure = errno;
    }
    failure = failure ? failure : errno;
    closedir(dir);
    return failure;
}

static int failed_with(int failure)
{
    errno = failure;
    return failure ? -1 : 0;
}

static int remove_one(int dir, const char *name, void *ctx)
{
    (void)ctx;
    return tree_remove(dir, name);
}

int tree_remove(int dir, const char *name)
{
    if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
        return 0;
    int failure = errno, fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return failed_with(errno == ENOTDIR || errno == ELOOP ? failure : errno);
    failure = for_each(fd, remove_one, NULL);
    close(fd);
    if (unlinkat(dir, name, AT_REMOVEDIR) == 0)
        return 0;
    return failure ? failed_with(failure) : -1;
}

static int add_bytes(int dir, const char *name, void *ctx)
{
    uint64_t *sum = ctx;
    struct stat st = {0};
    int fd = fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode)
                 ? openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
                 : -1;
    if (fd >= 0) {
        *sum += tree_bytes(fd);
        close(fd);
    } else if (S_ISREG(st.st_mode)) {
        *sum += (uint64_t)st.st_size;
    }
    return 0;
}

uint64_t tree_bytes(int dir)
{
    uint64_t sum = 0;
    for_each(dir, add_bytes, &sum);
    return sum;
}

struct last_steps {
    mode_t umask;
    struct owner owner;
};

static int finalize(int dir, const struct last_steps *steps);

static int finalize_one(int dir, const char *name, void *ctx)
{
    const struct last_steps *steps = ctx;
    struct stat st;
    int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    int result = fstat(fd, &st);
    if (result == 0 && S_ISDIR(st.st_mode))
        result = finalize(fd, steps);
    if (result == 0 && S_ISREG(st.st_mode) && (result = fchmod(fd, 0666 & ~steps->umask)) == 0) {
        owner_give(steps->owner, fd);
        result = fsync(fd);
    }
    int failure = errno;
    close(fd);
    errno = failure;
    return result;
}

static int finalize(int dir, const struct last_steps *steps)
{
    struct stat st;
    struct last_steps given = *steps;
    int failure = for_each(dir, finalize_one, &given);
    if (failure)
        return failed_with(failure);
    /* keeps the inherited set-group-ID bit */
    if (fstat(dir, &st) < 0 || fchmod(dir, (st.st_mode & S_ISGID) | (0777 & ~steps->umask)) < 0)
        return -1;
    owner_give(steps->owner, dir);
    return fsync(dir) == 0 || errno == EINVAL ? 0 : -1;
}

int tree_finalize(int dir, mode_t umask, struct owner owner)
{
    return finalize(dir, &(struct last_steps){umask, owner});
}
