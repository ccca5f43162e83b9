/* SPDX-License-Identifier: MIT */
/* Writing and reading hashes. A buffer is written when it is full; the first one is also used for reading. */
#include "transform/collision_spill.h"
#include "base/bytes.h"
#include "base/fail.h"
#include "io/anon_file.h"
#include <stdlib.h>
#include <unistd.h>

enum {
    LEAST_BUFFER = 512 / sizeof(XXH128_hash_t),
    LARGEST_BUFFER = 64 * 1024 / sizeof(XXH128_hash_t),
};

struct partition {
    int fd_plus_1; /* 0: no file yet */
    size_t used;   /* hashes in its buffer */
    uint64_t ambiguous, all;
};

struct collision_spill {
    struct partition partitions[COLLISION_PARTITIONS];
    size_t buffer; /* capacity of each buffer, in hashes */
    XXH128_hash_t buffers[];
};

struct collision_spill *collision_spill_new(uint64_t memory)
{
    uint64_t buffer = memory / 8 / COLLISION_PARTITIONS / sizeof(XXH128_hash_t);
    if (buffer < LEAST_BUFFER)
        buffer = LEAST_BUFFER;
    if (buffer > LARGEST_BUFFER)
        buffer = LARGEST_BUFFER;
    size_t size = COLLISION_PARTITIONS * (size_t)buffer * sizeof(XXH128_hash_t);
    struct collision_spill *spill = calloc(1, sizeof *spill + size);
    if (spill)
        spill->buffer = (size_t)buffer;
    return spill;
}

void collision_spill_drop(struct collision_spill *spill, unsigned partition)
{
    struct partition *p = &spill->partitions[partition];
    if (p->fd_plus_1)
        close(p->fd_plus_1 - 1);
    p->fd_plus_1 = 0;
}

void collision_spill_free(struct collision_spill *spill)
{
    if (!spill)
        return;
    for (unsigned i = 0; i < COLLISION_PARTITIONS; i++)
        collision_spill_drop(spill, i);
    free(spill);
}

/* --- filling ---------------------------------------------------------------------------------------- */

static rf_code flush(struct partition *partition, const XXH128_hash_t *hashes, rf_error *error)
{
    if (!partition->fd_plus_1) {
        int fd;
        TRY(anon_file_open(&fd, error));
        partition->fd_plus_1 = fd + 1;
    }
    size_t used = partition->used;
    partition->used = 0;
    return anon_file_write(partition->fd_plus_1 - 1, slice_of(hashes, used * sizeof *hashes), error);
}

rf_code collision_spill_put(struct collision_spill *spill, XXH128_hash_t hash, bool ambiguous,
                            rf_error *error)
{
    size_t number = hash.high64 >> 58;
    struct partition *partition = &spill->partitions[number];
    XXH128_hash_t *buffer = spill->buffers + number * spill->buffer;
    partition->all++;
    partition->ambiguous += ambiguous;
    buffer[partition->used++] = hash;
    return UNLIKELY(partition->used == spill->buffer) ? flush(partition, buffer, error) : RF_OK;
}

rf_code collision_spill_end(struct collision_spill *spill, rf_error *error)
{
    for (size_t i = 0; i < COLLISION_PARTITIONS; i++)
        if (spill->partitions[i].used > 0)
            TRY(flush(&spill->partitions[i], spill->buffers + i * spill->buffer, error));
    return RF_OK;
}

/* --- reading back ----------------------------------------------------------------------------------- */

uint64_t collision_spill_ambiguous(const struct collision_spill *spill, unsigned partition)
{
    return spill->partitions[partition].ambiguous;
}

rf_code collision_spill_read(struct collision_spill *spill, unsigned partition, collision_fn *fn, void *ctx,
                             rf_error *error)
{
    const struct partition *p = &spill->partitions[partition];
    XXH128_hash_t *hashes = spill->buffers;
    if (p->fd_plus_1 && lseek(p->fd_plus_1 - 1, 0, SEEK_SET) < 0)
        return fail_errno(error, RF_E_WRITE, "cannot read a temporary file");
    for (uint64_t number = 0; number < p->all;) {
        uint64_t left = p->all - number;
        size_t n = left < spill->buffer ? (size_t)left : spill->buffer, got;
        TRY(anon_file_read(p->fd_plus_1 - 1, hashes, n * sizeof *hashes, &got, error));
        if (got < n * sizeof *hashes)
            return fail(error, RF_E_WRITE, "temporary file corrupted");
        for (size_t i = 0; i < n; i++, number++)
            TRY(fn(ctx, hashes[i], number < p->ambiguous, error));
    }
    return RF_OK;
}
