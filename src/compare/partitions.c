/* SPDX-License-Identifier: MIT */
/* Writing and reading chunks. A record that is larger than a buffer is a chunk of its own, uncompressed. */
#include "compare/partitions.h"
#include "base/buffer.h"
#include "base/bytes.h"
#include "base/fail.h"
#include "io/anon_file.h"
#include <lz4.h>
#include <stdlib.h>
#include <unistd.h>

struct chunk_head {
    uint64_t bytes, packed;
};

struct partition {
    int fd_plus_1; /* 0: no file yet */
    size_t used;   /* of its buffer */
};

struct partitions {
    size_t count, buffer;
    uint8_t *buffers; /* consecutive */
    uint8_t *chunk;   /* a head and a compressed buffer */
    struct partition each[];
};

static size_t chunk_size(size_t buffer)
{
    return sizeof(struct chunk_head) + (size_t)LZ4_compressBound((int)buffer);
}

struct partitions *partitions_new(size_t count, size_t buffer)
{
    struct partitions *p = calloc(1, sizeof *p + count * sizeof *p->each);
    if (!p)
        return NULL;
    p->count = count;
    p->buffer = buffer;
    p->buffers = malloc(count * buffer);
    p->chunk = malloc(chunk_size(buffer));
    if (p->buffers && p->chunk)
        return p;
    partitions_free(p);
    return NULL;
}

uint64_t partitions_memory(size_t count, size_t buffer)
{
    return (count + 1) * buffer + 2 * chunk_size(buffer);
}

static void free_buffers(struct partitions *p)
{
    free(p->buffers);
    free(p->chunk);
    p->buffers = p->chunk = NULL;
}

static void close_partition(struct partition *partition)
{
    if (partition->fd_plus_1)
        close(partition->fd_plus_1 - 1);
    partition->fd_plus_1 = 0;
}

void partitions_free(struct partitions *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->count; i++)
        close_partition(&p->each[i]);
    free_buffers(p);
    free(p);
}

/* --- filling ---------------------------------------------------------------------------------------- */

static rf_code write_to(struct partition *partition, rf_slice bytes, rf_error *error)
{
    if (!partition->fd_plus_1) {
        int fd;
        TRY(anon_file_open(&fd, error));
        partition->fd_plus_1 = fd + 1;
    }
    return anon_file_write(partition->fd_plus_1 - 1, bytes, error);
}

static uint8_t *buffer_of(struct partitions *p, size_t number)
{
    return p->buffers + number * p->buffer;
}

static rf_code flush(struct partitions *p, size_t number, rf_error *error)
{
    struct partition *partition = &p->each[number];
    struct chunk_head head = {.bytes = partition->used};
    if (partition->used == 0)
        return RF_OK;
    head.packed = (uint64_t)LZ4_compress_default((const char *)buffer_of(p, number),
                                                 (char *)p->chunk + sizeof head, (int)partition->used,
                                                 LZ4_compressBound((int)p->buffer));
    memcpy(p->chunk, &head, sizeof head);
    partition->used = 0;
    return write_to(partition, slice_of(p->chunk, sizeof head + head.packed), error);
}

static rf_code put_alone(struct partitions *p, size_t number, const struct record *record, rf_slice key,
                         rf_error *error)
{
    static const uint8_t padding[8] = {0};
    struct partition *partition = &p->each[number];
    size_t size = record_size(record);
    struct chunk_head head = {.bytes = size};
    TRY(flush(p, number, error));
    TRY(write_to(partition, slice_of(&head, sizeof head), error));
    TRY(write_to(partition, slice_of(record, sizeof *record), error));
    TRY(write_to(partition, key, error));
    return write_to(partition, slice_of(padding, size - sizeof *record - key.len), error);
}

rf_code partitions_put(struct partitions *p, size_t number, const struct record *record, rf_slice key,
                       rf_error *error)
{
    struct partition *partition = &p->each[number];
    size_t size = record_size(record), end = sizeof *record + key.len;
    if (size > p->buffer)
        return put_alone(p, number, record, key, error);
    if (size > p->buffer - partition->used)
        TRY(flush(p, number, error));
    uint8_t *at = buffer_of(p, number) + partition->used;
    memcpy(at, record, sizeof *record);
    if (key.len > 0)
        memcpy(at + sizeof *record, key.ptr, key.len);
    memset(at + end, 0, size - end);
    partition->used += size;
    return RF_OK;
}

rf_code partitions_end(struct partitions *p, rf_error *error)
{
    for (size_t i = 0; i < p->count; i++)
        TRY(flush(p, i, error));
    free_buffers(p);
    return RF_OK;
}

/* --- reading back ----------------------------------------------------------------------------------- */

struct chunk_reader {
    int fd;
    struct buffer packed, records; /* len is not used */
};

static rf_code fail_read(rf_error *error)
{
    return fail(error, RF_E_WRITE, "temporary file corrupted");
}

static rf_code read_exactly(struct chunk_reader *reader, struct buffer *into, uint64_t n, rf_error *error)
{
    size_t got;
    if (n > SIZE_MAX / 2 || !buffer_reserve(into, (size_t)n))
        return fail(error, RF_E_MEMORY, "out of memory");
    TRY(anon_file_read(reader->fd, into->data, (size_t)n, &got, error));
    return got == n ? RF_OK : fail_read(error);
}

static rf_code unpack(struct chunk_reader *reader, const struct chunk_head *head, rf_error *error)
{
    if (head->bytes > PARTITION_LARGEST_BUFFER || head->packed > chunk_size(PARTITION_LARGEST_BUFFER))
        return fail_read(error);
    TRY(read_exactly(reader, &reader->packed, head->packed, error));
    if (!buffer_reserve(&reader->records, (size_t)head->bytes))
        return fail(error, RF_E_MEMORY, "out of memory");
    int made = LZ4_decompress_safe((const char *)reader->packed.data, (char *)reader->records.data,
                                   (int)head->packed, (int)head->bytes);
    return made >= 0 && (size_t)made == head->bytes ? RF_OK : fail_read(error);
}

/* The records of the next chunk; empty at the end. */
static rf_code read_chunk(struct chunk_reader *reader, rf_slice *records, rf_error *error)
{
    struct chunk_head head;
    size_t got;
    *records = (rf_slice){0};
    TRY(anon_file_read(reader->fd, &head, sizeof head, &got, error));
    if (got == 0)
        return RF_OK;
    if (got < sizeof head)
        return fail_read(error);
    if (head.packed == 0)
        TRY(read_exactly(reader, &reader->records, head.bytes, error));
    else
        TRY(unpack(reader, &head, error));
    *records = slice_of(reader->records.data, (size_t)head.bytes);
    return RF_OK;
}

static rf_code hand_out(rf_slice records, record_fn *fn, void *ctx, rf_error *error)
{
    while (records.len > 0) {
        const struct record *record = (const struct record *)(const void *)records.ptr;
        if (records.len < sizeof *record || records.len < record_size(record))
            return fail_read(error);
        TRY(fn(ctx, record, record_key(record), error));
        records.ptr += record_size(record);
        records.len -= record_size(record);
    }
    return RF_OK;
}

rf_code partitions_read(struct partitions *p, size_t number, record_fn *fn, void *ctx, rf_error *error)
{
    struct partition *partition = &p->each[number];
    struct chunk_reader reader = {.fd = partition->fd_plus_1 - 1};
    rf_slice records;
    rf_code code = RF_OK;
    if (!partition->fd_plus_1)
        return RF_OK;
    if (lseek(reader.fd, 0, SEEK_SET) < 0)
        code = fail_errno(error, RF_E_WRITE, "cannot read a temporary file");
    while (code == RF_OK && (code = read_chunk(&reader, &records, error)) == RF_OK && records.len > 0)
        code = hand_out(records, fn, ctx, error);
    buffer_free(&reader.packed);
    buffer_free(&reader.records);
    close_partition(partition);
    return code;
}
