/* SPDX-License-Identifier: MIT */
/* Parts are queued in memory as long as no file has any; then all are appended to the last file, until the
 * reader has read them all. */
#include "io/fifo.h"
#include "base/bytes.h"
#include "base/fail.h"
#include "io/anon_file.h"
#include <lz4.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#define FILE_MAX   (UINT64_C(64) << 20) /* of one file: how much is kept after it has been read */
#define MEMORY_MAX ((size_t)4 << 20)

/* In memory, and as the header in a file. */
struct part {
    struct part *next; /* in memory only */
    int64_t stamp;
    uint32_t size, stored; /* bytes, and how many of them there are in the file: fewer if compressed */
    uint8_t bytes[];
};

enum { HEADER = 16 };

struct segment {
    struct segment *next;
    int fd;
    uint64_t written, read;
};

struct fifo {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    const char *directory;
    uint64_t limit, on_disk;
    struct part *first, **last; /* in memory */
    size_t in_memory;
    struct segment *head, *tail; /* NULL: no file */
    bool stopped, finished;
    rf_code code;
    rf_error error;
    uint8_t *compressed;  /* of the writer */
    uint8_t *from_file;   /* of the reader: compressed bytes, */
    struct part *current; /* and the part that it has */
};

static rf_code out_of_memory(rf_error *error)
{
    return fail(error, RF_E_MEMORY, "out of memory");
}

rf_code fifo_open(const char *directory, uint64_t limit, struct fifo **out, rf_error *error)
{
    struct fifo *fifo = calloc(1, sizeof *fifo);
    if (!fifo)
        return out_of_memory(error);
    pthread_mutex_init(&fifo->lock, NULL);
    pthread_cond_init(&fifo->changed, NULL);
    fifo->directory = directory;
    fifo->limit = limit;
    fifo->last = &fifo->first;
    fifo->compressed = malloc(HEADER + LZ4_COMPRESSBOUND(FIFO_PART_MAX));
    fifo->from_file = malloc(HEADER + LZ4_COMPRESSBOUND(FIFO_PART_MAX));
    *out = fifo;
    if (fifo->compressed && fifo->from_file)
        return RF_OK;
    fifo_close(fifo);
    return out_of_memory(error);
}

/* --- files -------------------------------------------------------------------------------------------- */

static rf_code add_segment(struct fifo *fifo, rf_error *error)
{
    struct segment *segment = calloc(1, sizeof *segment);
    if (!segment)
        return out_of_memory(error);
    rf_code code = anon_file_open_in(fifo->directory, &segment->fd, error);
    if (code != RF_OK) {
        free(segment);
        return code;
    }
    *(fifo->tail ? &fifo->tail->next : &fifo->head) = segment;
    fifo->tail = segment;
    return RF_OK;
}

static void remove_segment(struct fifo *fifo)
{
    struct segment *segment = fifo->head;
    fifo->head = segment->next;
    if (!fifo->head)
        fifo->tail = NULL;
    fifo->on_disk -= segment->written;
    close(segment->fd);
    free(segment);
}

/* Returns the length of the record in `compressed`. */
static size_t compress_part(struct fifo *fifo, rf_slice bytes, int64_t stamp)
{
    uint8_t *to = fifo->compressed;
    int stored = LZ4_compress_default((const char *)bytes.ptr, (char *)to + HEADER, (int)bytes.len,
                                      LZ4_COMPRESSBOUND(FIFO_PART_MAX));
    if (stored <= 0 || (size_t)stored >= bytes.len) {
        stored = (int)bytes.len;
        memcpy(to + HEADER, bytes.ptr, bytes.len);
    }
    store_le64(to, (uint64_t)stamp);
    store_le32(to + 8, (uint32_t)bytes.len);
    store_le32(to + 12, (uint32_t)stored);
    return HEADER + (size_t)stored;
}

static rf_code put_in_file(struct fifo *fifo, size_t length, rf_error *error)
{
    if (!fifo->tail || fifo->tail->written >= FILE_MAX)
        TRY(add_segment(fifo, error));
    TRY(anon_file_write(fifo->tail->fd, slice_of(fifo->compressed, length), error));
    fifo->tail->written += length;
    fifo->on_disk += length;
    return RF_OK;
}

/* The next part of the first file, which has one. */
static rf_code take_from_file(struct fifo *fifo, rf_error *error)
{
    struct segment *segment = fifo->head;
    uint8_t *from = fifo->from_file;
    TRY(anon_file_read_at(segment->fd, from, HEADER, segment->read, error));
    uint32_t size = load_le32(from + 8), stored = load_le32(from + 12);
    struct part *part = malloc(sizeof *part + size);
    if (!part)
        return out_of_memory(error);
    fifo->current = part;
    *part = (struct part){.stamp = (int64_t)load_le64(from), .size = size, .stored = stored};
    TRY(anon_file_read_at(segment->fd, stored == size ? part->bytes : from, stored, segment->read + HEADER,
                          error));
    if (stored < size &&
        LZ4_decompress_safe((const char *)from, (char *)part->bytes, (int)stored, (int)size) != (int)size)
        return fail(error, RF_E_WRITE, "a temporary file has changed");
    segment->read += HEADER + stored;
    if (segment->read == segment->written)
        remove_segment(fifo);
    return RF_OK;
}

/* --- writing ------------------------------------------------------------------------------------------ */

bool fifo_is_full(struct fifo *fifo)
{
    pthread_mutex_lock(&fifo->lock);
    bool full = fifo->limit > 0 && fifo->on_disk >= fifo->limit && !fifo->stopped;
    pthread_mutex_unlock(&fifo->lock);
    return full;
}

static rf_code put_in_memory(struct fifo *fifo, rf_slice bytes, int64_t stamp, rf_error *error)
{
    struct part *part = malloc(sizeof *part + bytes.len);
    if (!part)
        return out_of_memory(error);
    *part = (struct part){.stamp = stamp, .size = (uint32_t)bytes.len};
    memcpy(part->bytes, bytes.ptr, bytes.len);
    *fifo->last = part;
    fifo->last = &part->next;
    fifo->in_memory += bytes.len;
    return RF_OK;
}

rf_code fifo_put(struct fifo *fifo, rf_slice bytes, int64_t stamp, rf_error *error)
{
    rf_code code = RF_OK;
    pthread_mutex_lock(&fifo->lock);
    if (!fifo->stopped && !fifo->head && fifo->in_memory + bytes.len <= MEMORY_MAX) {
        code = put_in_memory(fifo, bytes, stamp, error);
    } else if (!fifo->stopped) {
        pthread_mutex_unlock(&fifo->lock);
        size_t length = compress_part(fifo, bytes, stamp);
        pthread_mutex_lock(&fifo->lock);
        code = put_in_file(fifo, length, error);
    }
    pthread_cond_signal(&fifo->changed);
    pthread_mutex_unlock(&fifo->lock);
    return code;
}

void fifo_finish(struct fifo *fifo, rf_code code, const rf_error *error)
{
    pthread_mutex_lock(&fifo->lock);
    fifo->finished = true;
    fifo->code = code;
    if (code != RF_END)
        fifo->error = *error;
    pthread_cond_signal(&fifo->changed);
    pthread_mutex_unlock(&fifo->lock);
}

/* --- reading ------------------------------------------------------------------------------------------ */

static rf_code take(struct fifo *fifo, rf_error *error)
{
    while (!fifo->first && !fifo->head && !fifo->finished && !fifo->stopped)
        pthread_cond_wait(&fifo->changed, &fifo->lock);
    if (fifo->stopped)
        return fail(error, RF_E_READ, "read cancelled");
    if (fifo->first) {
        fifo->current = fifo->first;
        fifo->first = fifo->first->next;
        if (!fifo->first)
            fifo->last = &fifo->first;
        fifo->in_memory -= fifo->current->size;
        return RF_OK;
    }
    if (fifo->head)
        return take_from_file(fifo, error);
    if (fifo->code != RF_END)
        *error = fifo->error;
    return fifo->code;
}

rf_code fifo_next(struct fifo *fifo, rf_slice *bytes, int64_t *stamp, rf_error *error)
{
    free(fifo->current);
    fifo->current = NULL;
    pthread_mutex_lock(&fifo->lock);
    rf_code code = take(fifo, error);
    pthread_mutex_unlock(&fifo->lock);
    if (code != RF_OK)
        return code;
    *bytes = slice_of(fifo->current->bytes, fifo->current->size);
    *stamp = fifo->current->stamp;
    return RF_OK;
}

void fifo_stop(struct fifo *fifo)
{
    pthread_mutex_lock(&fifo->lock);
    fifo->stopped = true;
    pthread_cond_signal(&fifo->changed);
    pthread_mutex_unlock(&fifo->lock);
}

void fifo_close(struct fifo *fifo)
{
    if (!fifo)
        return;
    while (fifo->head)
        remove_segment(fifo);
    for (struct part *part = fifo->first, *next; part; part = next) {
        next = part->next;
        free(part);
    }
    free(fifo->current);
    free(fifo->compressed);
    free(fifo->from_file);
    pthread_mutex_destroy(&fifo->lock);
    pthread_cond_destroy(&fifo->changed);
    free(fifo);
}
