/* SPDX-License-Identifier: MIT */
/* Unnamed files by O_TMPFILE; if the file system does not support it, by a name that is removed at once. */
#include "io/anon_file.h"
#include "base/fail.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Returns -1 with errno. */
static int open_in(const char *dir)
{
    int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0)
        return fd;
    char path[4096];
    if (snprintf(path, sizeof path, "%s/rdbferry-XXXXXX", dir) >= (int)sizeof path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0)
        unlink(path);
    return fd;
}

const char *anon_file_directory(void)
{
    const char *dir = getenv("TMPDIR");
    return dir && *dir ? dir : "/tmp";
}

rf_code anon_file_fail(const char *what, rf_error *error)
{
    return fail_errno(error, RF_E_WRITE, "cannot %s a temporary file in %s (see TMPDIR)", what,
                      anon_file_directory());
}

rf_code anon_file_open(int *fd, rf_error *error)
{
    int opened = open_in(anon_file_directory());
    if (opened < 0)
        return anon_file_fail("create", error);
    *fd = opened;
    return RF_OK;
}

rf_code anon_file_open_in(const char *path, int *fd, rf_error *error)
{
    if (!path)
        return anon_file_open(fd, error);
    int opened = open_in(path);
    if (opened < 0)
        return fail_errno(error, RF_E_WRITE, "cannot create a temporary file in %s", path);
    *fd = opened;
    return RF_OK;
}

rf_code anon_file_write(int fd, rf_slice bytes, rf_error *error)
{
    while (bytes.len > 0) {
        ssize_t n = write(fd, bytes.ptr, bytes.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return anon_file_fail("write", error);
        bytes.ptr += n;
        bytes.len -= (size_t)n;
    }
    return RF_OK;
}

rf_code anon_file_read(int fd, void *out, size_t n, size_t *got, rf_error *error)
{
    for (*got = 0; *got < n;) {
        ssize_t some = read(fd, (char *)out + *got, n - *got);
        if (some < 0 && errno == EINTR)
            continue;
        if (some < 0)
            return anon_file_fail("read", error);
        if (some == 0)
            break;
        *got += (size_t)some;
    }
    return RF_OK;
}

rf_code anon_file_read_at(int fd, void *out, size_t n, uint64_t offset, rf_error *error)
{
    for (size_t got = 0; got < n;) {
        ssize_t some = pread(fd, (char *)out + got, n - got, (off_t)(offset + got));
        if (some < 0 && errno == EINTR)
            continue;
        if (some == 0)
            errno = EIO;
        if (some <= 0)
            return anon_file_fail("read", error);
        got += (size_t)some;
    }
    return RF_OK;
}
