/* SPDX-License-Identifier: MIT */
/* Writes data from memory to a file. No signal leaves the temporary file behind: the signal thread, if it
 * runs, removes it; otherwise signals are blocked meanwhile. */
#include "cmd/run/save.h"
#include "cmd/run/paths.h"
#include "cmd/term/message.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
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

/* How a file is written. */
struct save_mode {
    mode_t mode;
    bool syncs; /* sync the data and the directory entry */
};

static mode_t usual_mode(void)
{
    mode_t mask = umask(0);
    umask(mask);
    return 0666 & ~mask;
}

/* --- the current temporary file ----------------------------------------------------------------------- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *temp_name; /* the temporary file that exists; NULL: none */

/* Returns a descriptor, or -1. */
static int create_temp(char *temporary)
{
    int fd;
    pthread_mutex_lock(&lock);
    fd = mkostemp(temporary, O_CLOEXEC);
    temp_name = fd >= 0 ? temporary : NULL;
    pthread_mutex_unlock(&lock);
    return fd;
}

static bool rename_temp(const char *temporary, const char *path)
{
    bool good;
    pthread_mutex_lock(&lock);
    good = rename(temporary, path) == 0;
    if (good)
        temp_name = NULL;
    pthread_mutex_unlock(&lock);
    return good;
}

/* Preserves errno. */
static void remove_temp(void)
{
    int error = errno;
    pthread_mutex_lock(&lock);
    unlink(temp_name);
    temp_name = NULL;
    pthread_mutex_unlock(&lock);
    errno = error;
}

void save_cleanup_temp_file(void)
{
    pthread_mutex_lock(&lock); /* never unlocked */
    if (temp_name)
        unlink(temp_name);
}

/* --- one file ----------------------------------------------------------------------------------------- */

static bool fill_and_rename(int fd, const struct save_mode *save_mode, const char *temporary,
                            const char *path, const char *data, size_t size)
{
    bool good = write_all(fd, data, size) && fchmod(fd, save_mode->mode) == 0 &&
                (!save_mode->syncs || fsync(fd) == 0);
    good = close(fd) == 0 && good;
    return good && rename_temp(temporary, path);
}

static bool write_temp_file(const char *path, const struct save_mode *save_mode, const char *data,
                            size_t size)
{
    char *temporary = NULL;
    bool good;
    int fd;
    if (asprintf(&temporary, "%s.tmp-XXXXXX", path) < 0)
        return false;
    fd = create_temp(temporary);
    good = fd >= 0 && fill_and_rename(fd, save_mode, temporary, path, data, size);
    if (fd >= 0 && !good)
        remove_temp();
    free(temporary);
    return good;
}

/* Makes the new name durable, if the file system supports syncing a directory. */
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

static bool replace_file(const char *path, const struct save_mode *save_mode, const char *data, size_t size)
{
    sigset_t all, before;
    char *target = realpath(path, NULL); /* a symbolic link is preserved */
    bool good;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    good = write_temp_file(target ? target : path, save_mode, data, size);
    if (good && save_mode->syncs)
        sync_directory(target ? target : path);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    free(target);
    return good;
}

static bool save(const char *path, const struct save_mode *save_mode, const char *data, size_t size)
{
    struct stat there;
    if (stat(path, &there) == 0 && !S_ISREG(there.st_mode))
        return write_in_place(path, data, size);
    return replace_file(path, save_mode, data, size);
}

bool save_file(const char *path, const char *data, size_t size)
{
    return save(path, &(struct save_mode){.mode = usual_mode(), .syncs = true}, data, size);
}

bool save_shared(const char *path, mode_t mode, const char *data, size_t size)
{
    return save(path, &(struct save_mode){.mode = mode}, data, size);
}

bool save_private(const char *path, const char *data, size_t size)
{
    return save(path, &(struct save_mode){.mode = 0600, .syncs = true}, data, size);
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
        clearerr(stdout); /* the error has been reported */
    }
    free(data);
    return good;
}
