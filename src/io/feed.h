/* SPDX-License-Identifier: MIT */
/* A feed: the thread that reads ahead. It pulls blocks from a source (and so decompresses), adds up their
 * CRC-64 and hands them over a bounded queue, in order.
 *
 *     block:  | room for the rest of the block before | bytes | */
#ifndef IO_FEED_H
#define IO_FEED_H

#include <rdbferry/error.h>
#include <rdbferry/source.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FEED_ROOM = 64 * 1024, FEED_BLOCK = 512 * 1024, FEED_BLOCKS = 6 };

struct block {
    uint8_t *data;       /* FEED_ROOM bytes of room lie before it */
    size_t len;          /* 0: the input ends here, or `code` says why it cannot be read */
    uint64_t offset;     /* of data in the decoded stream */
    uint64_t crc;        /* of the decoded stream before data */
    int64_t file_offset; /* how far the file was read when this block was full */
    rf_code code;        /* with len 0 only; see feed_error() */
    bool spill;          /* made by a window, not by a feed */
    struct block *next;  /* for a list of whoever holds the block */
};

struct feed;

/* Starts the thread. `source` stays the caller's. `block_size` 0: FEED_BLOCK. */
rf_code feed_open(rf_source *source, size_t block_size, struct feed **out, rf_error *error);

/* The next block, the caller's until feed_return(). Waits for it; there are FEED_BLOCKS in all, and at least
 * one must be with the feed. The one with len 0 is the last: it stays the feed's and comes again. */
struct block *feed_next(struct feed *feed);
void feed_return(struct feed *feed, struct block *block);

/* Why reading failed. */
const rf_error *feed_error(const struct feed *feed);

/* Whether offsets in the decoded stream are offsets in the file. */
bool feed_is_plain(const struct feed *feed);

/* How far the source was read, decoded and in the file; from any thread. */
void feed_position(const struct feed *feed, uint64_t *decoded, uint64_t *file);

/* Stops the thread, also where it waits for a pipe; frees all blocks. The source can then only be closed. */
void feed_close(struct feed *feed);

#endif
