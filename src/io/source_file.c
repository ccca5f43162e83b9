/* SPDX-License-Identifier: MIT */
/* The bottom of a source: a file, a pipe or a device.
 *
 * A pipe can block a reader indefinitely, so every read first waits for either the pipe or the request to
 * stop (an eventfd). Its first bytes are kept to compute its identity. */
#include "base/fail.h"
#include "io/source.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

struct file_origin {
    struct origin origin;
    int fd;
    bool owned;
    bool held;     /* read at `position`, up to `size` */
    int stop_fd;   /* -1: a regular file, which never blocks */
    uint8_t *head; /* the first bytes of a pipe; NULL: it is a regular file */
    size_t head_pos, head_len;
    bool head_whole; /* it is complete */
};

enum { IDENTITY_PART = 64 * 1024 };

static rf_code file_wait(const struct file_origin *file, rf_error *error)
{
    struct pollfd fds[2] = {{.fd = file->fd, .events = POLLIN}, {.fd = file->stop_fd, .events = POLLIN}};
    while (poll(fds, 2, -1) < 0) {
        if (errno != EINTR)
            return fail_errno(error, RF_E_READ, "cannot wait for input");
    }
    return fds[1].revents ? fail(error, RF_E_READ, "read cancelled") : RF_OK;
}

static ssize_t read_held(const struct file_origin *file, uint8_t *out, size_t cap)
{
    int64_t position = (int64_t)atomic_load_explicit(&file->origin.position, memory_order_relaxed);
    uint64_t left = (uint64_t)(file->origin.size - position);
    return pread(file->fd, out, left < cap ? (size_t)left : cap, position);
}

/* Reads at most `cap` bytes; *n is 0 at the end. */
static rf_code read_some(const struct file_origin *file, uint8_t *out, size_t cap, size_t *n, rf_error *error)
{
    for (;;) {
        if (file->stop_fd >= 0)
            TRY(file_wait(file, error));
        ssize_t got = file->held ? read_held(file, out, cap) : read(file->fd, out, cap);
        if (got >= 0) {
            *n = (size_t)got;
            return RF_OK;
        }
        if (errno != EINTR && errno != EAGAIN)
            return fail_errno(error, RF_E_READ, "cannot read");
    }
}

static rf_code extend_head(struct file_origin *file, rf_error *error)
{
    size_t n;
    TRY(read_some(file, file->head + file->head_len, IDENTITY_PART - file->head_len, &n, error));
    file->head_len += n;
    file->head_whole = n == 0 || file->head_len == IDENTITY_PART;
    return RF_OK;
}

static size_t deliver_head(struct file_origin *file, uint8_t *out, size_t cap)
{
    size_t left = file->head_len - file->head_pos, n = left < cap ? left : cap;
    if (n > 0)
        memcpy(out, file->head + file->head_pos, n);
    file->head_pos += n;
    return n;
}

static rf_code file_read(struct layer *layer, uint8_t *out, size_t cap, size_t *n, rf_error *error)
{
    struct file_origin *file = (struct file_origin *)layer;
    *n = 0;
    if (file->head && file->head_pos == file->head_len && !file->head_whole)
        TRY(extend_head(file, error));
    if (file->head)
        *n = deliver_head(file, out, cap);
    bool ended = file->head && file->head_len < IDENTITY_PART;
    if (*n == 0 && !ended)
        TRY(read_some(file, out, cap, n, error));
    atomic_fetch_add_explicit(&file->origin.position, *n, memory_order_relaxed);
    return RF_OK;
}

/* --- identity ---------------------------------------------------------------------------------------- */

static void get_identity(XXH128_hash_t hash, int64_t size, rf_identity *out)
{
    out->size = size;
    snprintf(out->hash, sizeof out->hash, "%016" PRIx64 "%016" PRIx64, (uint64_t)hash.high64,
             (uint64_t)hash.low64);
}

/* Reads up to `size` bytes at `offset` without moving the read position. */
static rf_code read_part(int fd, int64_t offset, uint8_t *out, size_t size, size_t *n, rf_error *error)
{
    for (*n = 0; *n < size;) {
        ssize_t got = pread(fd, out + *n, size - *n, offset + (int64_t)*n);
        if (got == 0)
            break;
        if (got < 0 && errno != EINTR)
            return fail_errno(error, RF_E_READ, "cannot read");
        *n += got > 0 ? (size_t)got : 0;
    }
    return RF_OK;
}

static rf_code identify_file(const struct file_origin *file, rf_identity *out, rf_error *error)
{
    uint8_t parts[2 * IDENTITY_PART];
    int64_t size = file->origin.size, tail = size > IDENTITY_PART ? size - IDENTITY_PART : 0;
    size_t first, last;
    TRY(read_part(file->fd, 0, parts, IDENTITY_PART, &first, error));
    TRY(read_part(file->fd, tail, parts + first, IDENTITY_PART, &last, error));
    get_identity(XXH3_128bits(parts, first + last), size, out);
    return RF_OK;
}

static rf_code file_identify(struct origin *origin, rf_identity *out, rf_error *error)
{
    struct file_origin *file = (struct file_origin *)origin;
    if (!file->head)
        return identify_file(file, out, error);
    while (!file->head_whole)
        TRY(extend_head(file, error));
    get_identity(XXH3_128bits(file->head, file->head_len), -1, out);
    return RF_OK;
}

static bool file_tail(struct origin *origin, uint8_t *out, size_t n)
{
    const struct file_origin *file = (struct file_origin *)origin;
    size_t got;
    rf_error ignored;
    return origin->size >= (int64_t)n &&
           read_part(file->fd, origin->size - (int64_t)n, out, n, &got, &ignored) == RF_OK && got == n;
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
    free(file->head);
    free(file);
}

/* Preparations that only a pipe or a device needs. */
static rf_code prepare_pipe(struct file_origin *file, rf_error *error)
{
    file->head = malloc(IDENTITY_PART);
    if (!file->head)
        return fail(error, RF_E_MEMORY, "out of memory");
    file->stop_fd = eventfd(0, EFD_CLOEXEC);
    if (file->stop_fd >= 0)
        return RF_OK;
    free(file->head);
    return fail_errno(error, RF_E_READ, "cannot wait for input");
}

rf_code origin_open_fd(int fd, bool owned, struct origin **out, rf_error *error)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return fail_errno(error, RF_E_READ, "cannot read");
    bool regular = S_ISREG(st.st_mode);
    struct file_origin *file = calloc(1, sizeof *file);
    if (!file)
        return fail(error, RF_E_MEMORY, "out of memory");
    *file = (struct file_origin){
        .origin = {.layer = {.read = file_read, .close = file_close},
                   .size = regular ? (int64_t)st.st_size : -1,
                   .stop = file_stop,
                   .identify = file_identify,
                   .tail = file_tail},
        .fd = fd,
        .owned = owned,
        .stop_fd = -1,
    };
    rf_code code = regular ? RF_OK : prepare_pipe(file, error);
    if (code != RF_OK) {
        free(file);
        return code;
    }
    if (regular)
        posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    *out = &file->origin;
    return RF_OK;
}

rf_code origin_open_held(int fd, int64_t size, struct origin **out, rf_error *error)
{
    struct origin *origin = NULL;
    TRY(origin_open_fd(fd, false, &origin, error));
    struct file_origin *file = (struct file_origin *)origin;
    file->held = true;
    origin->size = size;
    *out = origin;
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
