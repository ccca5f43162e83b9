/* SPDX-License-Identifier: MIT */
/* The framing of an RDB that is sent to a replica: where it ends.
 *
 *     $<length>\r\n <that many bytes>
 *     $EOF:<mark>\r\n <RDB> <mark>      40 random bytes
 *
 * No I/O: bytes are passed in as they arrive. */
#ifndef IO_RDB_FRAME_H
#define IO_RDB_FRAME_H

#include <rdbferry/slice.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RDB_FRAME_MARK = 40 };

struct rdb_frame {
    bool marked;    /* it ends with a mark, else after `left` bytes */
    bool ended;     /* the bytes that follow are not part of it */
    uint64_t left;  /* bytes that have not been seen yet, if it is not marked */
    size_t matched; /* how much of the mark the bytes so far end with */
    uint8_t mark[RDB_FRAME_MARK];
};

/* Parses the text between '$' and "\r\n". Returns false if it is invalid. */
bool rdb_frame_open(struct rdb_frame *frame, rf_slice text);

/* Removes the next part of the RDB from `in`; it is valid as long as those bytes and the frame are. Must be
 * called until it is empty: then the frame has ended, or `in` is used up. */
rf_slice rdb_frame_next(struct rdb_frame *frame, rf_slice *in);

#endif
