/* SPDX-License-Identifier: MIT */
/* Blocks, and the threads that write them. A block is free, being filled, in the list of its writer, or being
 * written. */
#include "io/output_group.h"
#include "base/fail.h"
#include "base/outbuf.h"
#include "base/processors.h"
#include "base/thread.h"
#include <stdlib.h>
#include <sys/resource.h>

enum {
    SPARE_BLOCKS = 3, /* per writer: one is being written, two wait */
    BLOCK_MAX = 512 * 1024,
    BLOCK_MIN = OUTBUF_RESERVE_MAX,
    BLOCKS_TOGETHER = 2 * 1024 * 1024, /* total size of the blocks being filled, while blocks are larger
                                          than BLOCK_MIN */
    FILES_MAX = 64,                    /* number of files kept open */
};

struct output_writer {
    struct output_group *group;
    struct output_block *first, **end; /* its blocks, the oldest first */
    pthread_cond_t changed;            /* the list, or `closed` */
    pthread_t thread;
};

struct output_group {
    pthread_mutex_t lock;
    pthread_cond_t returned; /* a block has come back */
    struct output_block *free, *blocks;
    uint8_t *memory;
    size_t block_size, outputs;
    struct output_writer *writers;
    size_t writer_count, next_writer;
    bool closed;
};

/* --- the writers' side --------------------------------------------------------------------------------- */

/* Requires the lock. NULL: the group is closed. */
static struct output_block *next_block(struct output_writer *writer)
{
    while (!writer->first && !writer->group->closed)
        pthread_cond_wait(&writer->changed, &writer->group->lock);
    struct output_block *block = writer->first;
    if (block && !(writer->first = block->next))
        writer->end = &writer->first;
    return block;
}

static void push_free(struct output_group *group, struct output_block *block)
{
    /* the most recently used block first: the memory of the others may never be touched */
    block->next = group->free;
    group->free = block;
}

static void *writer_run(void *arg)
{
    struct output_writer *writer = arg;
    struct output_group *group = writer->group;
    struct output_block *block;
    pthread_mutex_lock(&group->lock);
    while ((block = next_block(writer)) != NULL) {
        struct output_channel *channel = block->channel;
        pthread_mutex_unlock(&group->lock);
        channel->write(channel, block->bytes, block->len, block->last);
        pthread_mutex_lock(&group->lock);
        channel->in_flight--;
        push_free(group, block);
        pthread_cond_signal(&group->returned);
    }
    pthread_mutex_unlock(&group->lock);
    return NULL;
}

/* --- the outputs' side --------------------------------------------------------------------------------- */

struct output_block *output_group_take(struct output_group *group)
{
    pthread_mutex_lock(&group->lock);
    while (!group->free)
        pthread_cond_wait(&group->returned, &group->lock);
    struct output_block *block = group->free;
    group->free = block->next;
    pthread_mutex_unlock(&group->lock);
    block->len = 0;
    block->last = false;
    return block;
}

void output_group_hand_on(struct output_channel *channel, struct output_block *block)
{
    struct output_group *group = channel->group;
    block->channel = channel;
    block->next = NULL;
    pthread_mutex_lock(&group->lock);
    if (!channel->writer)
        channel->writer = &group->writers[group->next_writer++ % group->writer_count];
    channel->in_flight++;
    *channel->writer->end = block;
    channel->writer->end = &block->next;
    pthread_cond_signal(&channel->writer->changed);
    pthread_mutex_unlock(&group->lock);
}

void output_group_give_back(struct output_group *group, struct output_block *block)
{
    pthread_mutex_lock(&group->lock);
    push_free(group, block);
    pthread_mutex_unlock(&group->lock);
}

void output_group_await(struct output_channel *channel)
{
    struct output_group *group = channel->group;
    pthread_mutex_lock(&group->lock);
    while (channel->in_flight > 0)
        pthread_cond_wait(&group->returned, &group->lock);
    pthread_mutex_unlock(&group->lock);
}

/* --- opening and closing -------------------------------------------------------------------------------- */

size_t output_group_block_size(const struct output_group *group)
{
    return group->block_size;
}

bool output_group_keeps_files(const struct output_group *group)
{
    struct rlimit limit;
    if (group->outputs > FILES_MAX)
        return false;
    return getrlimit(RLIMIT_NOFILE, &limit) < 0 || group->outputs <= limit.rlim_cur / 4;
}

static size_t clamp(size_t n, size_t low, size_t high)
{
    return n < low ? low : n > high ? high : n;
}

static size_t writers_wanted(size_t outputs)
{
    return clamp(outputs, 1, processors_available());
}

static bool make_blocks(struct output_group *group, size_t count)
{
    group->block_size = clamp(BLOCKS_TOGETHER / group->outputs, BLOCK_MIN, BLOCK_MAX);
    group->blocks = calloc(count, sizeof *group->blocks);
    if (count > SIZE_MAX / group->block_size || !group->blocks)
        return false;
    group->memory = malloc(count * group->block_size);
    for (size_t i = 0; group->memory && i < count; i++) {
        group->blocks[i].bytes = group->memory + i * group->block_size;
        push_free(group, &group->blocks[i]);
    }
    return group->memory != NULL;
}

/* Starts as many as possible; false: none. */
static bool start_writers(struct output_group *group, size_t wanted)
{
    group->writers = calloc(wanted, sizeof *group->writers);
    while (group->writers && group->writer_count < wanted) {
        struct output_writer *writer = &group->writers[group->writer_count];
        *writer = (struct output_writer){.group = group, .end = &writer->first};
        pthread_cond_init(&writer->changed, NULL);
        if (thread_start(&writer->thread, writer_run, writer) != 0) {
            pthread_cond_destroy(&writer->changed);
            break;
        }
        group->writer_count++;
    }
    return group->writer_count > 0;
}

rf_code output_group_open(size_t outputs, struct output_group **out, rf_error *error)
{
    struct output_group *group = calloc(1, sizeof *group);
    size_t writers = writers_wanted(outputs);
    if (!group)
        return fail(error, RF_E_MEMORY, "out of memory");
    group->outputs = outputs > 0 ? outputs : 1;
    pthread_mutex_init(&group->lock, NULL);
    pthread_cond_init(&group->returned, NULL);
    rf_code code = RF_OK;
    if (!make_blocks(group, group->outputs + writers * SPARE_BLOCKS))
        code = fail(error, RF_E_MEMORY, "out of memory");
    else if (!start_writers(group, writers))
        code = fail(error, RF_E_MEMORY, "cannot start a thread");
    if (code == RF_OK)
        *out = group;
    else
        output_group_close(group);
    return code;
}

static void stop_writers(struct output_group *group)
{
    pthread_mutex_lock(&group->lock);
    group->closed = true;
    for (size_t i = 0; i < group->writer_count; i++)
        pthread_cond_signal(&group->writers[i].changed);
    pthread_mutex_unlock(&group->lock);
    for (size_t i = 0; i < group->writer_count; i++) {
        pthread_join(group->writers[i].thread, NULL);
        pthread_cond_destroy(&group->writers[i].changed);
    }
}

void output_group_close(struct output_group *group)
{
    if (!group)
        return;
    stop_writers(group);
    pthread_cond_destroy(&group->returned);
    pthread_mutex_destroy(&group->lock);
    free(group->writers);
    free(group->memory);
    free(group->blocks);
    free(group);
}
