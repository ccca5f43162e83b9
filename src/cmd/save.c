/* SPDX-License-Identifier: MIT */
/* Data in memory goes to a file. Signals wait meanwhile, so that none leaves the temporary file behind. */
#include "save.h"
#include "message.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

static bool give_usual_mode(int fd)
{
    mode_t mask = umask(0);

    umask(mask);
    return fchmod(fd, 0666 & ~mask) == 0;
}

static bool fill_and_rename(int fd, const char *temporary, const char *path, const char *data, size_t size)
{
    bool good = write_all(fd, data, size) && fsync(fd) == 0 && give_usual_mode(fd);

    good = close(fd) == 0 && good;
    return good && rename(temporary, path) == 0;
}

static bool write_beside(const char *path, const char *data, size_t size)
{
    char *temporary = NULL;
    bool good = false;
    int fd, error;

    if (asprintf(&temporary, "%s.tmp-XXXXXX", path) < 0)
        return false;
    fd = mkostemp(temporary, O_CLOEXEC);
    if (fd >= 0) {
        good = fill_and_rename(fd, temporary, path, data, size);
        error = errno;
        if (!good)
            unlink(temporary);
        errno = error;
    }
    free(temporary);
    return good;
}

bool save_file(const char *path, const char *data, size_t size)
{
    struct stat there;
    sigset_t all, before;
    char *target;
    bool good;

    if (stat(path, &there) == 0 && !S_ISREG(there.st_mode))
        return write_in_place(path, data, size);
    target = realpath(path, NULL); /* a link stays a link */
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    good = write_beside(target ? target : path, data, size);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    free(target);
    return good;
}

static bool deliver(const char *path, const char *data, size_t size)
{
    if (strcmp(path, "-") == 0)
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
