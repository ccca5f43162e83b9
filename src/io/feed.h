/* SPDX-License-Identifier: MIT */
/* A feed: the thread that reads ahead. It pulls blocks from a source (and so decompresses), computes their
 * CRC-64 and passes them through a bounded queue, in order.
 *
 *     block:  | headroom for the rest of the previous block | bytes | */
#ifndef IO_FEED_H
#define IO_FEED_H

#include <rdbferry/error.h>
#include <rdbferry/source.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FEED_HEADROOM = 64 * 1024, FEED_BLOCK = 512 * 1024, FEED_BLOCKS = 6 };

struct block {
    uint8_t *data;       /* preceded by FEED_HEADROOM bytes of headroom */
    size_t len;          /* 0: the end of the input, or a read error, see `code` */
    uint64_t offset;     /* of data in the decoded stream */
    uint64_t crc;        /* of the decoded stream before data */
    int64_t file_offset; /* file position when this block was filled */
    rf_code code;        /* with len 0 only; see feed_error() */
    bool spill;          /* allocated by a window, not by a feed */
    _Atomic unsigned users;
    struct block *next; /* list link for the owner of the block */
};

struct feed;

/* Starts the thread. The caller keeps ownership of `source`. `block_size` 0: FEED_BLOCK. `lent`: how many
 * blocks may be kept by others than the caller of feed_next() (see block_share()). */
rf_code feed_open(rf_source *source, size_t block_size, size_t lent, struct feed **out, rf_error *error);

/* No checksum is needed any more: that of blocks from now on is undefined. */
void feed_skip_crc(struct feed *feed);

/* Waits for the next block, which is the caller's until block_return(). There are FEED_BLOCKS besides those
 * that are lent, and the caller must leave at least one to the feed. The block with len 0 is the last: it
 * stays the feed's and is returned again by later calls. */
struct block *feed_next(struct feed *feed);

/* Another user of the block, which must call block_return(), too. A block is filled again, and a spill is
 * freed, when the last one has. From any thread; `feed` is not used for a spill. */
void block_share(struct block *block);
void block_return(struct feed *feed, struct block *block);

/* The read error. */
const rf_error *feed_error(const struct feed *feed);

/* Whether offsets in the decoded stream are offsets in the file. */
bool feed_is_plain(const struct feed *feed);

/* Counts bytes that the user of the blocks has put into the decoded stream. */
void feed_count_spliced(struct feed *feed, size_t n);

/* How far the source has been read, decoded and in the file; from any thread. */
void feed_position(const struct feed *feed, uint64_t *decoded, uint64_t *file);

/* Stops the thread, even if it waits for a pipe; frees all blocks. The source can then only be closed. */
void feed_close(struct feed *feed);

#endif
