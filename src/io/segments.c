/* SPDX-License-Identifier: MIT */
/* Each segment is a mapping: anonymous, or of the file, where space is allocated first, because a full disk
 * is not reported as an error on a mapping. */
#include "io/segments.h"
#include "base/fail.h"
#include "io/anon_file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static rf_code reserve_pointer(struct segments *s, rf_error *error)
{
    if (s->count < s->cap)
        return RF_OK;
    size_t cap = s->cap ? 2 * s->cap : SEGMENTS_IN_MEMORY;
    uint8_t **all = realloc(s->all, cap * sizeof *all);
    if (!all)
        return fail(error, RF_E_MEMORY, "out of memory");
    s->all = all;
    s->cap = cap;
    return RF_OK;
}

static rf_code grow(struct segments *s, off_t offset, rf_error *error)
{
    if (s->fd_plus_1 == 0) {
        int fd;
        TRY(anon_file_open(&fd, error));
        s->fd_plus_1 = fd + 1;
    }
    errno = posix_fallocate(s->fd_plus_1 - 1, offset, SEGMENT_SIZE);
    return errno == 0 ? RF_OK : anon_file_fail("write", error);
}

static rf_code add_segment(struct segments *s, rf_error *error)
{
    int flags = MAP_PRIVATE | MAP_ANONYMOUS, fd = -1;
    off_t offset = 0;
    TRY(reserve_pointer(s, error));
    if (s->count >= SEGMENTS_IN_MEMORY) {
        flags = MAP_SHARED;
        offset = (off_t)(s->count - SEGMENTS_IN_MEMORY) * SEGMENT_SIZE;
        TRY(grow(s, offset, error));
        fd = s->fd_plus_1 - 1;
    }
    void *map = mmap(NULL, SEGMENT_SIZE, PROT_READ | PROT_WRITE, flags, fd, offset);
    if (map == MAP_FAILED)
        return fail_errno(error, RF_E_MEMORY, "cannot map %d bytes", SEGMENT_SIZE);
    madvise(map, SEGMENT_SIZE, MADV_HUGEPAGE);
    s->all[s->count++] = map;
    s->used = 0;
    return RF_OK;
}

rf_code segments_take(struct segments *s, size_t size, void **out, rf_error *error)
{
    if (s->count == 0 || s->used == SEGMENT_SIZE)
        TRY(add_segment(s, error));
    *out = s->all[s->count - 1] + s->used;
    s->used += size;
    return RF_OK;
}

void segments_free(struct segments *s)
{
    for (size_t i = 0; i < s->count; i++)
        munmap(s->all[i], SEGMENT_SIZE);
    if (s->fd_plus_1 > 0)
        close(s->fd_plus_1 - 1);
    free(s->all);
    *s = (struct segments){0};
}
