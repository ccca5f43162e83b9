/* SPDX-License-Identifier: MIT */
/* Outputs that are written side by side by a few threads, through a bounded number of blocks.
 *
 *     output: fills a block  ->  its writer thread: one block after the other
 *        ^                                  |
 *        +---------- free blocks <----------+
 *
 * All blocks of an output go to the same thread, so they keep their order. There is a block for each output
 * to fill, and a few more to be on their way. Threads: of one group all is called from one thread, but for
 * `write`. */
#ifndef IO_OUTPUT_GROUP_H
#define IO_OUTPUT_GROUP_H

#include <rdbferry/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct output_group;
struct output_writer;

/* One output's way through its group. */
struct output_channel {
    struct output_group *group;
    /* On the writer thread; it has to take every block, also those it throws away. */
    void (*write)(struct output_channel *channel, const uint8_t *bytes, size_t len, bool last);
    /* private */
    struct output_writer *writer; /* NULL before the first block */
    unsigned under_way;           /* blocks that have not come back */
};

struct output_block {
    struct output_block *next;
    struct output_channel *channel;
    uint8_t *bytes;
    size_t len;
    bool last; /* nothing comes behind it */
};

/* For so many outputs that are not finished yet at any one time. */
rf_code output_group_open(size_t outputs, struct output_group **out, rf_error *error);

/* No block may be filled or under way. NULL is let through. */
void output_group_close(struct output_group *group);

size_t output_group_block_size(const struct output_group *group);

/* Whether the group is small enough for each of its outputs to keep its file open. */
bool output_group_keeps_files(const struct output_group *group);

/* A free block; waits for one. Every output may have one at a time. */
struct output_block *output_group_take(struct output_group *group);

/* Hands a block on to the writer thread, or, with nothing to be written, back. */
void output_group_hand_on(struct output_channel *channel, struct output_block *block);
void output_group_give_back(struct output_group *group, struct output_block *block);

/* Waits until none of its blocks is under way. What the writer thread has written is then to be seen. */
void output_group_await(struct output_channel *channel);

#endif
