/* SPDX-License-Identifier: MIT */
/* Writing to files: every write() is checked, and so is close() for files that are not renamed. */
#include "io/output_file.h"
#include "base/fail.h"
#include "io/in_use.h"
#include "io/output_group.h"
#include "io/tempdir.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

/* --- opening ------------------------------------------------------------------------------------------- */

static rf_code open_stdout(struct output_file *file, rf_error *error)
{
    file->fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
    return file->fd >= 0 ? RF_OK : fail_errno(error, RF_E_WRITE, "cannot write to stdout");
}

/* Opens a FIFO or a device; waits for the FIFO's reader. */
static rf_code open_direct(struct output_file *file, rf_error *error)
{
    do
        file->fd = open(file->path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    while (file->fd < 0 && errno == EINTR);
    return file->fd >= 0 ? RF_OK : fail_errno(error, RF_E_WRITE, "%s: cannot open", file->path);
}

static bool ends_with(const char *text, const char *ending)
{
    size_t n = strlen(text), m = strlen(ending);
    return n >= m && strcmp(text + n - m, ending) == 0;
}

/* Whether it may be an RDB that a server saves to: any existing one; or one of the default name. */
static bool is_of_server(const char *path, bool is_there)
{
    return ends_with(path, is_there ? ".rdb" : "/dump.rdb") || strcmp(path, "dump.rdb") == 0;
}

static rf_code refuse_in_use(const struct output_file *file, bool is_there, rf_error *error)
{
    if (file->unsafe)
        return RF_OK;
    if (is_there)
        TRY(in_use_refuse(file->path, error));
    return is_of_server(file->path, is_there) ? in_use_refuse_adjacent_server(file->path, error) : RF_OK;
}

static rf_code open_temporary(struct output_file *file, rf_error *error)
{
    struct stat st;
    bool is_there = lstat(file->path, &st) == 0;
    if (is_there && !file->force)
        return fail(error, RF_E_EXISTS, "%s: already exists", file->path);
    TRY(refuse_in_use(file, is_there, error));
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

static rf_code open_within(struct output_file *file, bool keep, rf_error *error)
{
    file->name = file->path + strlen(tempdir_target(file->within)) + 1;
    file->reopens = !keep;
    TRY(tempdir_create_file(file->within, file->name, &file->fd, error));
    return output_file_leave(file, RF_OK, error);
}

rf_code output_file_open(const char *path, const struct output_options *options, struct output_file *file,
                         rf_error *error)
{
    *file = (struct output_file){
        .fd = -1, .force = options->force, .unsafe = options->unsafe, .within = options->within};
    file->path = file->within ? tempdir_path(file->within, path) : strdup(path);
    if (options->hash && (file->hash = XXH3_createState()) != NULL)
        XXH3_64bits_reset(file->hash);
    if (!file->path || (options->hash && !file->hash))
        return fail(error, RF_E_MEMORY, "out of memory");
    if (file->within)
        return open_within(file, !options->group || output_group_keeps_files(options->group), error);
    return open_target(file, error);
}

/* --- writing ------------------------------------------------------------------------------------------- */

static const char *shown(const struct output_file *file)
{
    return strcmp(file->path, "-") == 0 ? "stdout" : file->path;
}

static rf_code cannot_write(const struct output_file *file, rf_error *error)
{
    return fail_errno(error, RF_E_WRITE, "%s: cannot write", shown(file));
}

static rf_code enter(struct output_file *file, int flags, rf_error *error)
{
    if (!file->reopens)
        return RF_OK;
    file->fd = tempdir_open_file(file->within, file->name, flags);
    return file->fd >= 0 ? RF_OK : cannot_write(file, error);
}

rf_code output_file_enter(struct output_file *file, rf_error *error)
{
    return enter(file, O_WRONLY | O_APPEND, error);
}

static rf_code close_fd(struct output_file *file, rf_error *error)
{
    int failed = close(file->fd);
    file->fd = -1;
    return failed ? cannot_write(file, error) : RF_OK;
}

rf_code output_file_leave(struct output_file *file, rf_code code, rf_error *error)
{
    rf_error ignored;
    if (!file->reopens)
        return code;
    rf_code closed = close_fd(file, code == RF_OK ? error : &ignored);
    return code == RF_OK ? closed : code;
}

/* EAGAIN: the other end of a pipe has made it non-blocking for both. */
static rf_code await_space(const struct output_file *file, rf_error *error)
{
    struct pollfd fd = {.fd = file->fd, .events = POLLOUT};
    if (poll(&fd, 1, -1) < 0 && errno != EINTR)
        return cannot_write(file, error);
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
            TRY(await_space(file, error));
        } else if (errno != EINTR) {
            return cannot_write(file, error);
        }
    }
    return RF_OK;
}

bool output_file_can_patch(const struct output_file *file)
{
    return file->temporary || file->within;
}

static rf_code put_at(const struct output_file *file, uint64_t offset, rf_slice bytes, rf_error *error)
{
    while (bytes.len > 0) {
        ssize_t n = pwrite(file->fd, bytes.ptr, bytes.len, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return cannot_write(file, error);
        offset += (uint64_t)n;
        bytes.ptr += n;
        bytes.len -= (size_t)n;
    }
    return RF_OK;
}

rf_code output_file_patch(struct output_file *file, uint64_t offset, rf_slice bytes, rf_error *error)
{
    file->patched = true;
    TRY(enter(file, O_WRONLY, error));
    return output_file_leave(file, put_at(file, offset, bytes, error), error);
}

/* --- the end ------------------------------------------------------------------------------------------- */

/* Hashes the current content of the file. */
static rf_code hash_again(struct output_file *file, rf_error *error)
{
    uint8_t block[16 * 1024];
    XXH3_64bits_reset(file->hash);
    for (uint64_t at = 0; at < file->size;) {
        ssize_t n = pread(file->fd, block, sizeof block, (off_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail_errno(error, RF_E_WRITE, "%s: cannot read what was written", shown(file));
        if (n == 0)
            return fail(error, RF_E_WRITE, "%s: shrank while being read back", shown(file));
        XXH3_64bits_update(file->hash, block, (size_t)n);
        at += (uint64_t)n;
    }
    return RF_OK;
}

rf_code output_file_finish(struct output_file *file, rf_error *error)
{
    if (file->patched && file->hash) {
        TRY(enter(file, O_RDONLY, error));
        TRY(output_file_leave(file, hash_again(file, error), error));
    }
    if (file->within)
        return file->reopens ? RF_OK : close_fd(file, error);
    /* EINVAL, EROFS: a pipe or a device, which cannot be synced */
    if (fsync(file->fd) < 0 && errno != EINVAL && errno != EROFS)
        return fail_errno(error, RF_E_WRITE, "%s: cannot sync", shown(file));
    return file->temporary ? RF_OK : close_fd(file, error);
}

rf_code output_file_commit(struct output_file *file, rf_error *error)
{
    if (file->temporary)
        return tempfile_commit(file->temporary, file->force, error);
    if (file->within && tempdir_file_size(file->within, file->name) != (off_t)file->size)
        return fail(error, RF_E_WRITE, "%s: changed or vanished after it was written", shown(file));
    return RF_OK;
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
