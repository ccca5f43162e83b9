/* SPDX-License-Identifier: MIT */
/* Data in memory goes to a file. Signals wait meanwhile, so that none leaves the temporary file behind. */
#include "save.h"
#include "message.h"
#include "paths.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static bool write_all(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t done = write(fd, data, size);

        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return false;
        data += done;
        size -= (size_t)done;
    }
    return true;
}

static bool write_in_place(const char *path, const char *data, size_t size)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool good;

    if (fd < 0)
        return false;
    good = write_all(fd, data, size);
    return close(fd) == 0 && good;
}

/* How a file is saved. */
struct manner {
    mode_t mode;
    bool locks; /* and stays locked */
    bool syncs;
};

static mode_t usual_mode(void)
{
    mode_t mask = umask(0);

    umask(mask);
    return 0666 & ~mask;
}

static bool fill_and_rename(int fd, const struct manner *manner, const char *temporary, const char *path,
                            const char *data, size_t size)
{
    bool good = !manner->locks || flock(fd, LOCK_EX | LOCK_NB) == 0;

    return good && write_all(fd, data, size) && fchmod(fd, manner->mode) == 0 &&
           (!manner->syncs || fsync(fd) == 0) && rename(temporary, path) == 0;
}

/* The new file, open; or -1. */
static int write_beside(const char *path, const struct manner *manner, const char *data, size_t size)
{
    char *temporary = NULL;
    int fd, error;

    if (asprintf(&temporary, "%s.tmp-XXXXXX", path) < 0)
        return -1;
    fd = mkostemp(temporary, O_CLOEXEC);
    if (fd >= 0 && !fill_and_rename(fd, manner, temporary, path, data, size)) {
        error = errno;
        unlink(temporary);
        close(fd);
        errno = error;
        fd = -1;
    }
    free(temporary);
    return fd;
}

static int replace_file(const char *path, const struct manner *manner, const char *data, size_t size)
{
    sigset_t all, before;
    char *target = realpath(path, NULL); /* a link stays a link */
    int fd;

    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    fd = write_beside(target ? target : path, manner, data, size);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    free(target);
    return fd;
}

static bool save(const char *path, const struct manner *manner, const char *data, size_t size)
{
    struct stat there;
    int fd;

    if (stat(path, &there) == 0 && !S_ISREG(there.st_mode))
        return write_in_place(path, data, size);
    fd = replace_file(path, manner, data, size);
    return fd >= 0 && close(fd) == 0;
}

bool save_file(const char *path, const char *data, size_t size)
{
    return save(path, &(struct manner){.mode = usual_mode(), .syncs = true}, data, size);
}

bool save_shared(const char *path, mode_t mode, const char *data, size_t size)
{
    return save(path, &(struct manner){.mode = mode}, data, size);
}

/* So that the new name outlives a loss of power, where the file system lets a directory be synced. */
static void sync_directory(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *directory = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
    int fd = directory ? open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
    free(directory);
}

int save_locked(const char *path, const char *data, size_t size)
{
    const struct manner manner = {.mode = 0600, .locks = true, .syncs = true};
    int fd = replace_file(path, &manner, data, size);

    if (fd >= 0)
        sync_directory(path);
    return fd;
}

static bool deliver(const char *path, const char *data, size_t size)
{
    if (is_dash(path))
        return fwrite(data, 1, size, stdout) == size && fflush(stdout) == 0;
    return save_file(path, data, size);
}

bool save_made(const char *path, void (*make)(FILE *out, const void *ctx), const void *ctx)
{
    char *data = NULL;
    size_t size;
    FILE *out = open_memstream(&data, &size);
    bool good = out != NULL;

    if (good) {
        make(out, ctx);
        good = !ferror(out);
        good = fclose(out) == 0 && good;
    }
    good = good && deliver(path, data, size);
    if (!good) {
        message_error("cannot write the report '%s': %s", path, strerror(errno));
        clearerr(stdout); /* that has been said */
    }
    free(data);
    return good;
}
