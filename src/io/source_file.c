/* SPDX-License-Identifier: MIT */
/* The bottom of a source: a file, a pipe or a device.
 *
 * A pipe can keep a reader waiting for ever, so there every read first waits for either the pipe or the
 * call to stop (an eventfd). */
#include "base/fail.h"
#include "io/source.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

struct file_origin {
    struct origin origin;
    int fd;
    bool owned;
    int stop_fd; /* -1: a regular file, which never waits */
};

static rf_code file_wait(const struct file_origin *file, rf_error *error)
{
    struct pollfd fds[2] = {{.fd = file->fd, .events = POLLIN}, {.fd = file->stop_fd, .events = POLLIN}};
    while (poll(fds, 2, -1) < 0) {
        if (errno != EINTR)
            return fail_errno(error, RF_E_READ, "cannot wait for input");
    }
    return fds[1].revents ? fail(error, RF_E_READ, "reading was stopped") : RF_OK;
}

static rf_code file_read(struct layer *layer, uint8_t *out, size_t cap, size_t *n, rf_error *error)
{
    struct file_origin *file = (struct file_origin *)layer;
    for (;;) {
        if (file->stop_fd >= 0)
            TRY(file_wait(file, error));
        ssize_t got = read(file->fd, out, cap);
        if (got >= 0) {
            *n = (size_t)got;
            atomic_fetch_add_explicit(&file->origin.position, *n, memory_order_relaxed);
            return RF_OK;
        }
        if (errno != EINTR && errno != EAGAIN)
            return fail_errno(error, RF_E_READ, "cannot read");
    }
}

static void file_stop(struct origin *origin)
{
    struct file_origin *file = (struct file_origin *)origin;
    if (file->stop_fd >= 0)
        eventfd_write(file->stop_fd, 1);
}

static void file_close(struct layer *layer)
{
    struct file_origin *file = (struct file_origin *)layer;
    if (file->owned)
        close(file->fd);
    if (file->stop_fd >= 0)
        close(file->stop_fd);
    free(file);
}

rf_code origin_open_fd(int fd, bool owned, struct origin **out, rf_error *error)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return fail_errno(error, RF_E_READ, "cannot read");
    bool regular = S_ISREG(st.st_mode);
    int stop_fd = regular ? -1 : eventfd(0, EFD_CLOEXEC);
    if (!regular && stop_fd < 0)
        return fail_errno(error, RF_E_READ, "cannot wait for input");
    struct file_origin *file = calloc(1, sizeof *file);
    if (!file) {
        if (stop_fd >= 0)
            close(stop_fd);
        return fail(error, RF_E_MEMORY, "out of memory");
    }
    if (regular)
        posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    *file = (struct file_origin){
        .origin = {.layer = {.read = file_read, .close = file_close},
                   .size = regular ? (int64_t)st.st_size : -1,
                   .stop = file_stop},
        .fd = fd,
        .owned = owned,
        .stop_fd = stop_fd,
    };
    *out = &file->origin;
    return RF_OK;
}

rf_code origin_open_path(const char *path, struct origin **out, rf_error *error)
{
    int fd;
    do
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    while (fd < 0 && errno == EINTR);
    if (fd < 0)
        return fail_errno(error, RF_E_READ, "cannot open");
    rf_code code = origin_open_fd(fd, true, out, error);
    if (code != RF_OK)
        close(fd);
    return code;
}
