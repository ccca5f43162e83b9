/* SPDX-License-Identifier: MIT */
/* The memory of a part, which grows up to a limit. What is usual is kept, so that batches do not allocate. */
#include "sink/part.h"
#include <stdlib.h>
#include <string.h>

enum { PART_MAX = 32 * 1024 * 1024, PART_KEPT = 1024 * 1024, PART_LEAST = 2 * OUTBUF_RESERVE_MAX };

static void discard(struct outbuf *buf)
{
    buf->code = RF_E_MEMORY;
    buf->pos = buf->start;
}

/* outbuf.next */
static void part_next(struct outbuf *buf)
{
    size_t used = (size_t)(buf->pos - buf->start), wanted = 2 * (size_t)(buf->end - buf->start);
    if (wanted > PART_MAX)
        return discard(buf);
    uint8_t *grown = malloc(wanted);
    if (!grown)
        return discard(buf);
    memcpy(grown, buf->start, used);
    free(buf->start);
    buf->start = grown;
    buf->pos = grown + used;
    buf->end = grown + wanted;
}

static struct outbuf empty_buf(uint8_t *memory, size_t size)
{
    return (struct outbuf){.start = memory, .pos = memory, .end = memory + size, .next = part_next};
}

bool part_open(struct part *part)
{
    uint8_t *memory = malloc(PART_LEAST);
    *part = (struct part){0};
    if (memory)
        part->buf = empty_buf(memory, PART_LEAST);
    return memory != NULL;
}

void part_close(struct part *part)
{
    free(part->buf.start);
    free(part->runs);
}

void part_clear(struct part *part)
{
    uint8_t *start = part->buf.start;
    size_t size = (size_t)(part->buf.end - start);
    uint8_t *smaller = size > PART_KEPT ? realloc(start, PART_LEAST) : NULL;
    part->buf = smaller ? empty_buf(smaller, PART_LEAST) : empty_buf(start, size);
    part->count = 0;
}

static bool reserve(struct part *part)
{
    size_t cap = part->cap ? 2 * part->cap : 8;
    if (part->count < part->cap)
        return true;
    struct part_run *runs = realloc(part->runs, cap * sizeof *runs);
    if (!runs)
        return false;
    part->runs = runs;
    part->cap = cap;
    return true;
}

void part_select(struct part *part, int64_t db, uint64_t keys, uint64_t expiring)
{
    if (!reserve(part))
        part->buf.code = RF_E_MEMORY;
    else
        part->runs[part->count++] = (struct part_run){db, part_size(part), keys, expiring};
}

rf_slice part_bytes(const struct part *part, size_t run)
{
    size_t from = part->runs[run].from;
    size_t end = run + 1 < part->count ? part->runs[run + 1].from : part_size(part);
    return (rf_slice){part->buf.start + from, end - from};
}
