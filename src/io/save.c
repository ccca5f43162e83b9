/* SPDX-License-Identifier: MIT */
/* Replaces small files, each in one step. */
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

/* Devices and FIFOs. */
static rf_code write_in_place(const char *path, rf_slice bytes, rf_error *error)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return fail_errno(error, RF_E_WRITE, "%s: cannot open", path);
    rf_code code = write_all(fd, path, bytes, error);
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
    TRY(write_all(tempfile_fd(file), path, bytes, error));
    if (sync && fsync(tempfile_fd(file)) < 0)
        return fail_errno(error, RF_E_WRITE, "%s: cannot sync", path);
    return tempfile_replace(file, mode, sync, error);
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

rf_code rf_file_save(const char *path, rf_slice bytes, unsigned flags, rf_error *error)
{
    struct stat there;
    if (stat(path, &there) == 0 && !S_ISREG(there.st_mode))
        return write_in_place(path, bytes, error);
    char *target = realpath(path, NULL); /* a symbolic link is preserved */
    rf_code code = replace(target ? target : path, bytes, flags, error);
    int reason = errno;
    free(target);
    errno = reason;
    return code;
}
