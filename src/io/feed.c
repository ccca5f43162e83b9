/* SPDX-License-Identifier: MIT */
/* A feed: a thread that fills blocks from a source.
 *
 *     free blocks  ->  thread: read, CRC-64  ->  full blocks  ->  feed_next()
 *          ^                                                          |
 *          +---------------------- block_return() -------------------+
 *
 * Blocks are allocated with their exact size, and under AddressSanitizer the unused part of a short block is
 * poisoned, so that reads past its end are detected. */
#include "io/feed.h"
#include "base/fail.h"
#include "base/thread.h"
#include "codec/crc64.h"
#include "io/queue.h"
#include "io/source.h"
#include <stdatomic.h>
#include <stdlib.h>

#if __has_include(<sanitizer/asan_interface.h>)
#include <sanitizer/asan_interface.h> /* no-ops unless built with it */
#else
#define ASAN_POISON_MEMORY_REGION(from, size)   ((void)(from), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(from, size) ((void)(from), (void)(size))
#endif

struct feed_block {
    struct block block; /* first: a block is cast back */
    uint8_t memory[];
};

struct feed {
    rf_source *source;
    size_t block_size;
    struct queue free, full;
    struct block **blocks;
    size_t block_count;
    struct block end; /* the last one */
    rf_error error;
    pthread_t thread;
    bool running;
    _Atomic bool without_crc;
    _Atomic uint64_t decoded, spliced;
};

/* Fills a block. A read from a pipe is passed on at once; for a file the block is filled. */
static rf_code feed_fill(struct feed *feed, struct block *block)
{
    bool partial = rf_source_size(feed->source) < 0;
    size_t n;
    block->len = 0;
    do {
        rf_code code = source_read(feed->source, block->data + block->len, feed->block_size - block->len, &n,
                                   &feed->error);
        if (code != RF_OK)
            return code;
        block->len += n;
    } while (n > 0 && block->len < feed->block_size && !partial);
    return RF_OK;
}

static void *feed_run(void *arg)
{
    struct feed *feed = arg;
    struct block *block;
    uint64_t offset = 0, crc = 0;
    rf_code code = RF_OK;
    bool ended = false;

    while (!ended && (block = queue_pop(&feed->free)) != NULL) {
        block->data = ((struct feed_block *)block)->memory + FEED_HEADROOM;
        ASAN_UNPOISON_MEMORY_REGION(block->data, feed->block_size);
        code = feed_fill(feed, block);
        ASAN_POISON_MEMORY_REGION(block->data + block->len, feed->block_size - block->len);
        block->offset = offset;
        block->crc = crc;
        block->file_offset = (int64_t)source_file_position(feed->source);
        block->users = 1;
        offset += block->len;
        if (!atomic_load_explicit(&feed->without_crc, memory_order_relaxed))
            crc = crc64(crc, block->data, block->len);
        atomic_store_explicit(&feed->decoded, offset, memory_order_relaxed);
        ended = code != RF_OK || block->len == 0;
        if (block->len > 0)
            queue_put(&feed->full, block);
    }
    feed->end = (struct block){
        .offset = offset,
        .crc = crc,
        .file_offset = (int64_t)source_file_position(feed->source),
        .code = code,
    };
    queue_close(&feed->full);
    return NULL;
}

static bool feed_allocate(struct feed *feed)
{
    bool ready = queue_init(&feed->free, feed->block_count);
    ready &= queue_init(&feed->full, feed->block_count);
    feed->blocks = calloc(feed->block_count, sizeof(struct block *));
    for (size_t i = 0; ready && feed->blocks && i < feed->block_count; i++) {
        struct feed_block *b = malloc(sizeof *b + FEED_HEADROOM + feed->block_size);
        if (!b)
            return false;
        b->block = (struct block){.len = 0};
        feed->blocks[i] = &b->block;
        queue_put(&feed->free, &b->block);
    }
    return ready && feed->blocks;
}

rf_code feed_open(rf_source *source, size_t block_size, size_t lent, struct feed **out, rf_error *error)
{
    struct feed *feed = calloc(1, sizeof *feed);
    if (!feed)
        return fail(error, RF_E_MEMORY, "out of memory");
    feed->source = source;
    feed->block_size = block_size ? block_size : FEED_BLOCK;
    feed->block_count = FEED_BLOCKS + lent;
    if (!feed_allocate(feed)) {
        feed_close(feed);
        return fail(error, RF_E_MEMORY, "out of memory");
    }
    int failure = thread_start(&feed->thread, feed_run, feed);
    if (failure) {
        feed_close(feed);
        return fail(error, RF_E_MEMORY, "cannot start a thread");
    }
    feed->running = true;
    *out = feed;
    return RF_OK;
}

struct block *feed_next(struct feed *feed)
{
    struct block *block = queue_pop(&feed->full);
    return block ? block : &feed->end;
}

void feed_skip_crc(struct feed *feed)
{
    atomic_store_explicit(&feed->without_crc, true, memory_order_relaxed);
}

void block_share(struct block *block)
{
    atomic_fetch_add_explicit(&block->users, 1, memory_order_relaxed);
}

void block_return(struct feed *feed, struct block *block)
{
    if (atomic_fetch_sub_explicit(&block->users, 1, memory_order_acq_rel) > 1)
        return;
    if (block->spill)
        free(block);
    else
        queue_put(&feed->free, block);
}

const rf_error *feed_error(const struct feed *feed)
{
    return &feed->error;
}

bool feed_is_plain(const struct feed *feed)
{
    return rf_source_layers(feed->source)[0] == '\0';
}

void feed_count_spliced(struct feed *feed, size_t n)
{
    atomic_fetch_add_explicit(&feed->spliced, n, memory_order_relaxed);
}

void feed_position(const struct feed *feed, uint64_t *decoded, uint64_t *file)
{
    *decoded = atomic_load_explicit(&feed->decoded, memory_order_relaxed) +
               atomic_load_explicit(&feed->spliced, memory_order_relaxed);
    *file = source_file_position(feed->source);
}

void feed_close(struct feed *feed)
{
    if (feed->running) {
        source_stop(feed->source);
        queue_close(&feed->free);
        pthread_join(feed->thread, NULL);
    }
    for (size_t i = 0; feed->blocks && i < feed->block_count; i++)
        free(feed->blocks[i]);
    free(feed->blocks);
    queue_free(&feed->free);
    queue_free(&feed->full);
    free(feed);
}
