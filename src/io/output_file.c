/* SPDX-License-Identifier: MIT */
/* Writing for good: every write() is checked, also the close() of what has no name to be given. */
#include "io/output_file.h"
#include "base/fail.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

static rf_code open_stdout(struct output_file *file, rf_error *error)
{
    file->fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
    return file->fd >= 0 ? RF_OK : fail_errno(error, RF_E_WRITE, "cannot write to stdout");
}

/* A FIFO or a device; waits for the FIFO's reader. */
static rf_code open_direct(struct output_file *file, rf_error *error)
{
    do
        file->fd = open(file->path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    while (file->fd < 0 && errno == EINTR);
    return file->fd >= 0 ? RF_OK : fail_errno(error, RF_E_WRITE, "%s: cannot open", file->path);
}

static rf_code open_temporary(struct output_file *file, rf_error *error)
{
    struct stat st;
    bool is_there = lstat(file->path, &st) == 0;
    if (is_there && !file->force)
        return fail(error, RF_E_EXISTS, "%s: is there already", file->path);
    char *behind_link = is_there && S_ISLNK(st.st_mode) ? realpath(file->path, NULL) : NULL;
    rf_code code = tempfile_create(behind_link ? behind_link : file->path, &file->temporary, error);
    free(behind_link);
    TRY(code);
    file->fd = tempfile_fd(file->temporary);
    return RF_OK;
}

static rf_code open_target(struct output_file *file, rf_error *error)
{
    struct stat st;
    if (strcmp(file->path, "-") == 0)
        return open_stdout(file, error);
    if (stat(file->path, &st) == 0 && !S_ISREG(st.st_mode))
        return open_direct(file, error);
    return open_temporary(file, error);
}

rf_code output_file_open(const char *path, const struct output_options *options, struct output_file *file,
                         rf_error *error)
{
    *file = (struct output_file){.fd = -1, .force = options->force, .path = strdup(path)};
    rf_code code;
    if (options->hash && (file->hash = XXH3_createState()) != NULL)
        XXH3_64bits_reset(file->hash);
    if (!file->path || (options->hash && !file->hash))
        code = fail(error, RF_E_MEMORY, "out of memory");
    else
        code = open_target(file, error);
    if (code != RF_OK)
        output_file_close(file);
    return code;
}

static const char *shown(const struct output_file *file)
{
    return strcmp(file->path, "-") == 0 ? "stdout" : file->path;
}

/* EAGAIN: someone has made a pipe non-blocking, which the two ends share. */
static rf_code await_room(const struct output_file *file, rf_error *error)
{
    struct pollfd fd = {.fd = file->fd, .events = POLLOUT};
    if (poll(&fd, 1, -1) < 0 && errno != EINTR)
        return fail_errno(error, RF_E_WRITE, "%s: cannot write", shown(file));
    return RF_OK;
}

rf_code output_file_put(struct output_file *file, rf_slice bytes, rf_error *error)
{
    if (file->hash)
        XXH3_64bits_update(file->hash, bytes.ptr, bytes.len);
    file->size += bytes.len;
    while (bytes.len > 0) {
        ssize_t n = write(file->fd, bytes.ptr, bytes.len);
        if (n >= 0) {
            bytes.ptr += n;
            bytes.len -= (size_t)n;
        } else if (errno == EAGAIN) {
            TRY(await_room(file, error));
        } else if (errno != EINTR) {
            return fail_errno(error, RF_E_WRITE, "%s: cannot write", shown(file));
        }
    }
    return RF_OK;
}

rf_code output_file_sync(struct output_file *file, rf_error *error)
{
    /* EINVAL, EROFS: a pipe or a device, which cannot be synced */
    if (fsync(file->fd) < 0 && errno != EINVAL && errno != EROFS)
        return fail_errno(error, RF_E_WRITE, "%s: cannot sync", shown(file));
    if (file->temporary)
        return RF_OK;
    int failed = close(file->fd);
    file->fd = -1;
    return failed ? fail_errno(error, RF_E_WRITE, "%s: cannot write", shown(file)) : RF_OK;
}

rf_code output_file_commit(struct output_file *file, rf_error *error)
{
    return file->temporary ? tempfile_commit(file->temporary, file->force, error) : RF_OK;
}

uint64_t output_file_xxh3(const struct output_file *file)
{
    return file->hash ? XXH3_64bits_digest(file->hash) : 0;
}

void output_file_close(struct output_file *file)
{
    if (file->fd >= 0 && !file->temporary)
        close(file->fd);
    tempfile_close(file->temporary);
    XXH3_freeState(file->hash);
    free(file->path);
}
