/* SPDX-License-Identifier: MIT */
/* Writes small files, each in one step. */
#include "base/fail.h"
#include "io/anon_file.h"
#include "io/temp_path.h"
#include "io/tempfile.h"
#include <errno.h>
#include <fcntl.h>
#include <rdbferry/sink.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static rf_code write_all(int fd, const char *path, rf_slice bytes, rf_error *error)
{
    if (anon_file_write(fd, bytes, error) == RF_OK)
        return RF_OK;
    return fail_errno(error, RF_E_WRITE, "%s: cannot write", path);
}

static rf_code write_and_sync(int fd, const char *path, rf_slice bytes, unsigned flags, rf_error *error)
{
    TRY(write_all(fd, path, bytes, error));
    if (!(flags & RF_SAVE_UNSYNCED) && fsync(fd) < 0 && errno != EINVAL && errno != EROFS)
        return fail_errno(error, RF_E_WRITE, "%s: cannot sync", path);
    return RF_OK;
}

/* Devices, FIFOs, and files that cannot be replaced. */
static rf_code write_in_place(const char *path, rf_slice bytes, unsigned flags, rf_error *error)
{
    int fd = open(path, O_WRONLY | O_TRUNC | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return fail_errno(error, RF_E_WRITE, "%s: cannot open", path);
    rf_code code = write_and_sync(fd, path, bytes, flags, error);
    int reason = errno;
    if (close(fd) < 0 && code == RF_OK)
        return fail_errno(error, RF_E_WRITE, "%s: cannot write", path);
    errno = reason;
    return code;
}

static rf_code write_and_commit(struct tempfile *file, const char *path, rf_slice bytes, unsigned flags,
                                rf_error *error)
{
    bool sync = !(flags & RF_SAVE_UNSYNCED);
    mode_t mode = flags & RF_SAVE_PRIVATE ? 0600 : 0666 & ~current_umask();
    TRY(write_and_sync(tempfile_fd(file), path, bytes, flags, error));
    return tempfile_commit_small(file, mode, !(flags & RF_SAVE_NEW), sync, error);
}

static rf_code replace(const char *path, rf_slice bytes, unsigned flags, rf_error *error)
{
    struct tempfile *file;
    TRY(tempfile_create(path, &file, error));
    rf_code code = write_and_commit(file, path, bytes, flags, error);
    int reason = errno;
    tempfile_close(file);
    errno = reason;
    return code;
}

/* It is a mount point, or lies in a directory in which no file can be created. */
static bool cannot_be_replaced(int reason)
{
    return reason == EBUSY || reason == EXDEV || reason == EACCES || reason == EPERM || reason == EROFS;
}

rf_code rf_file_save(const char *path, rf_slice bytes, unsigned flags, rf_error *error)
{
    struct stat there;
    bool exists = stat(path, &there) == 0;
    if (exists && !S_ISREG(there.st_mode))
        return write_in_place(path, bytes, flags, error);
    if (exists && flags & RF_SAVE_NEW) {
        errno = EEXIST;
        return fail(error, RF_E_EXISTS, "%s: already exists", path);
    }
    char *target = realpath(path, NULL); /* a symbolic link is preserved */
    rf_code code = replace(target ? target : path, bytes, flags, error);
    if (code != RF_OK && exists && flags & RF_SAVE_IN_PLACE && cannot_be_replaced(errno))
        code = write_in_place(path, bytes, flags, error);
    int reason = errno;
    free(target);
    errno = reason;
    return code;
}
