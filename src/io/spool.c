/* SPDX-License-Identifier: MIT */
/* A spool: a buffer that is flushed to an unnamed file when it is full. */
#include "io/spool.h"
#include "base/fail.h"
#include "io/anon_file.h"
#include <sys/mman.h>
#include <unistd.h>

/* Appends to the file, which is created by the first call. */
static rf_code to_disk(struct spool *spool, rf_slice bytes, rf_error *error)
{
    if (spool->fd_plus_1 == 0) {
        int fd;
        TRY(anon_file_open(&fd, error));
        spool->fd_plus_1 = fd + 1;
    }
    TRY(anon_file_write(spool->fd_plus_1 - 1, bytes, error));
    spool->on_disk += bytes.len;
    return RF_OK;
}

static rf_code memory_to_disk(struct spool *spool, rf_error *error)
{
    TRY(to_disk(spool, buffer_slice(&spool->memory), error));
    spool->memory.len = 0;
    return RF_OK;
}

rf_code spool_put(void *ctx, rf_slice bytes)
{
    struct spool *spool = ctx;
    if (spool->memory.len + bytes.len > SPOOL_MEMORY)
        TRY(memory_to_disk(spool, spool->error));
    if (bytes.len > SPOOL_MEMORY)
        return to_disk(spool, bytes, spool->error);
    return buffer_append(&spool->memory, bytes) ? RF_OK : fail(spool->error, RF_E_MEMORY, "out of memory");
}

rf_code spool_flush(struct spool *spool)
{
    TRY(memory_to_disk(spool, spool->error));
    buffer_free(&spool->memory);
    return RF_OK;
}

rf_code spool_finish(struct spool *spool, rf_slice *content, rf_error *error)
{
    if (spool->fd_plus_1 == 0) {
        *content = buffer_slice(&spool->memory);
        return RF_OK;
    }
    TRY(memory_to_disk(spool, error));
    buffer_free(&spool->memory);
    if (spool->on_disk > SIZE_MAX)
        return fail(error, RF_E_MEMORY, "out of memory");
    void *map = mmap(NULL, (size_t)spool->on_disk, PROT_READ, MAP_PRIVATE, spool->fd_plus_1 - 1, 0);
    if (map == MAP_FAILED)
        return fail_errno(error, RF_E_MEMORY, "cannot map a temporary file");
    spool->map = map;
    *content = (rf_slice){spool->map, (size_t)spool->on_disk};
    return RF_OK;
}

void spool_free(struct spool *spool)
{
    if (spool->map)
        munmap(spool->map, (size_t)spool->on_disk);
    if (spool->fd_plus_1 > 0)
        close(spool->fd_plus_1 - 1);
    buffer_free(&spool->memory);
    *spool = (struct spool){.fd_plus_1 = 0};
}
