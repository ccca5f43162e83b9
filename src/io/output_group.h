/* SPDX-License-Identifier: MIT */
/* Outputs that are written concurrently by a few threads, with a bounded number of blocks.
 *
 *     output: fills a block  ->  its writer thread: one block after the other
 *        ^                                  |
 *        +---------- free blocks <----------+
 *
 * All blocks of an output are written by the same thread, so they keep their order. There is a block for each
 * output to fill, and a few more in flight. All functions of a group must be called from the same thread,
 * except `write`. */
#ifndef IO_OUTPUT_GROUP_H
#define IO_OUTPUT_GROUP_H

#include <rdbferry/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct output_group;
struct output_writer;

/* An output's membership in a group. */
struct output_channel {
    struct output_group *group;
    /* Called on the writer thread; must accept every block, also those it discards. */
    void (*write)(struct output_channel *channel, const uint8_t *bytes, size_t len, bool last);
    /* private */
    struct output_writer *writer; /* NULL before the first block */
    unsigned in_flight;           /* blocks in flight */
};

struct output_block {
    struct output_block *next;
    struct output_channel *channel;
    uint8_t *bytes;
    size_t len;
    bool last; /* the last block */
};

/* `outputs`: maximum number of outputs that are unfinished at the same time. */
rf_code output_group_open(size_t outputs, struct output_group **out, rf_error *error);

/* No block may be filled or in flight. `group` may be NULL. */
void output_group_close(struct output_group *group);

size_t output_group_block_size(const struct output_group *group);

/* Whether the group is small enough for each of its outputs to keep its file open. */
bool output_group_keeps_files(const struct output_group *group);

/* Waits for a free block. Every output may have one at a time. */
struct output_block *output_group_take(struct output_group *group);

/* Passes a block to the writer thread, or returns it if it is empty. */
void output_group_hand_on(struct output_channel *channel, struct output_block *block);
void output_group_give_back(struct output_group *group, struct output_block *block);

/* Waits until none of its blocks is in flight. The effects of the writer thread are then visible. */
void output_group_await(struct output_channel *channel);

#endif
