/* SPDX-License-Identifier: MIT */
/* Writing and reading chunks. A record that is larger than a buffer is a chunk of its own, uncompressed. */
#include "io/partitioned_file.h"
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
    int fd_plus_1;  /* 0: no file yet */
    size_t used;    /* of its buffer */
    uint64_t bytes; /* of all its records */
};

struct partitioned_file {
    size_t count, buffer;
    uint8_t *buffers; /* consecutive */
    uint8_t *chunk;   /* a head and a compressed buffer; NULL: uncompressed */
    struct partition each[];
};

static size_t chunk_size(size_t buffer)
{
    return sizeof(struct chunk_head) + (size_t)LZ4_compressBound((int)buffer);
}

size_t partitioned_file_buffer(size_t count, uint64_t memory)
{
    uint64_t buffer = memory / count & ~(uint64_t)7;
    if (buffer < PARTITION_MIN_BUFFER)
        return PARTITION_MIN_BUFFER;
    return buffer < PARTITION_MAX_BUFFER ? (size_t)buffer : PARTITION_MAX_BUFFER;
}

struct partitioned_file *partitioned_file_new(size_t count, size_t buffer, bool compress)
{
    struct partitioned_file *file = calloc(1, sizeof *file + count * sizeof *file->each);
    if (!file)
        return NULL;
    file->count = count;
    file->buffer = buffer;
    file->buffers = malloc(count * buffer);
    file->chunk = compress ? malloc(chunk_size(buffer)) : NULL;
    if (file->buffers && (file->chunk || !compress))
        return file;
    partitioned_file_free(file);
    return NULL;
}

uint64_t partitioned_file_memory(size_t count, size_t buffer)
{
    return (count + 1) * buffer + 2 * chunk_size(buffer);
}

static void free_buffers(struct partitioned_file *file)
{
    free(file->buffers);
    free(file->chunk);
    file->buffers = file->chunk = NULL;
}

void partitioned_file_drop(struct partitioned_file *file, size_t partition)
{
    struct partition *p = &file->each[partition];
    if (p->fd_plus_1)
        close(p->fd_plus_1 - 1);
    p->fd_plus_1 = 0;
    p->bytes = 0;
}

void partitioned_file_free(struct partitioned_file *file)
{
    if (!file)
        return;
    for (size_t i = 0; i < file->count; i++)
        partitioned_file_drop(file, i);
    free_buffers(file);
    free(file);
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

static rf_code write_chunk(struct partition *partition, rf_slice records, rf_error *error)
{
    struct chunk_head head = {.bytes = records.len};
    TRY(write_to(partition, slice_of(&head, sizeof head), error));
    return write_to(partition, records, error);
}

static rf_code flush(struct partitioned_file *file, size_t number, rf_error *error)
{
    struct partition *partition = &file->each[number];
    rf_slice records = slice_of(file->buffers + number * file->buffer, partition->used);
    struct chunk_head head = {.bytes = records.len};
    if (records.len == 0)
        return RF_OK;
    partition->used = 0;
    if (!file->chunk)
        return write_chunk(partition, records, error);
    head.packed = (uint64_t)LZ4_compress_default((const char *)records.ptr, (char *)file->chunk + sizeof head,
                                                 (int)records.len, LZ4_compressBound((int)file->buffer));
    memcpy(file->chunk, &head, sizeof head);
    return write_to(partition, slice_of(file->chunk, sizeof head + head.packed), error);
}

static rf_code put_alone(struct partitioned_file *file, size_t number, rf_slice head, rf_slice tail,
                         size_t size, rf_error *error)
{
    static const uint8_t padding[8] = {0};
    struct partition *partition = &file->each[number];
    struct chunk_head chunk = {.bytes = size};
    TRY(flush(file, number, error));
    TRY(write_to(partition, slice_of(&chunk, sizeof chunk), error));
    TRY(write_to(partition, head, error));
    TRY(write_to(partition, tail, error));
    return write_to(partition, slice_of(padding, size - head.len - tail.len), error);
}

rf_code partitioned_file_put(struct partitioned_file *file, size_t number, rf_slice head, rf_slice tail,
                             rf_error *error)
{
    struct partition *partition = &file->each[number];
    size_t end = head.len + tail.len, size = (end + 7) & ~(size_t)7;
    partition->bytes += size;
    if (UNLIKELY(size > file->buffer))
        return put_alone(file, number, head, tail, size, error);
    if (UNLIKELY(size > file->buffer - partition->used))
        TRY(flush(file, number, error));
    uint8_t *at = file->buffers + number * file->buffer + partition->used;
    memcpy(at, head.ptr, head.len);
    if (tail.len > 0)
        memcpy(at + head.len, tail.ptr, tail.len);
    if (size > end)
        memset(at + end, 0, size - end);
    partition->used += size;
    return RF_OK;
}

rf_code partitioned_file_end(struct partitioned_file *file, rf_error *error)
{
    for (size_t i = 0; i < file->count; i++)
        TRY(flush(file, i, error));
    free_buffers(file);
    return RF_OK;
}

/* --- reading back ----------------------------------------------------------------------------------- */

struct chunk_reader {
    int fd;
    uint64_t left;                 /* bytes of records still to come */
    struct buffer packed, records; /* len is not used */
};

rf_code partitioned_file_fail_corrupted(rf_error *error)
{
    return fail(error, RF_E_WRITE, "temporary file corrupted");
}

static rf_code read_exactly(struct chunk_reader *reader, struct buffer *into, uint64_t n, rf_error *error)
{
    size_t got;
    if (n > SIZE_MAX / 2 || !buffer_reserve(into, (size_t)n))
        return fail(error, RF_E_MEMORY, "out of memory");
    TRY(anon_file_read(reader->fd, into->data, (size_t)n, &got, error));
    return got == n ? RF_OK : partitioned_file_fail_corrupted(error);
}

static rf_code unpack(struct chunk_reader *reader, const struct chunk_head *head, rf_error *error)
{
    if (head->bytes > PARTITION_MAX_BUFFER || head->packed > chunk_size(PARTITION_MAX_BUFFER))
        return partitioned_file_fail_corrupted(error);
    TRY(read_exactly(reader, &reader->packed, head->packed, error));
    if (!buffer_reserve(&reader->records, (size_t)head->bytes))
        return fail(error, RF_E_MEMORY, "out of memory");
    int made = LZ4_decompress_safe((const char *)reader->packed.data, (char *)reader->records.data,
                                   (int)head->packed, (int)head->bytes);
    return made >= 0 && (size_t)made == head->bytes ? RF_OK : partitioned_file_fail_corrupted(error);
}

/* The records of the next chunk. */
static rf_code read_chunk(struct chunk_reader *reader, rf_slice *records, rf_error *error)
{
    struct chunk_head head;
    size_t got;
    TRY(anon_file_read(reader->fd, &head, sizeof head, &got, error));
    if (got < sizeof head || head.bytes == 0 || head.bytes > reader->left)
        return partitioned_file_fail_corrupted(error);
    if (head.packed == 0)
        TRY(read_exactly(reader, &reader->records, head.bytes, error));
    else
        TRY(unpack(reader, &head, error));
    reader->left -= head.bytes;
    *records = slice_of(reader->records.data, (size_t)head.bytes);
    return RF_OK;
}

rf_code partitioned_file_read(struct partitioned_file *file, size_t number, records_fn *fn, void *ctx,
                              rf_error *error)
{
    const struct partition *partition = &file->each[number];
    struct chunk_reader reader = {.fd = partition->fd_plus_1 - 1, .left = partition->bytes};
    rf_slice records;
    rf_code code = RF_OK;
    if (partition->bytes == 0)
        return RF_OK;
    if (lseek(reader.fd, 0, SEEK_SET) < 0)
        code = anon_file_fail("read", error);
    while (code == RF_OK && reader.left > 0 && (code = read_chunk(&reader, &records, error)) == RF_OK)
        code = fn(ctx, records, error);
    buffer_free(&reader.packed);
    buffer_free(&reader.records);
    return code;
}
