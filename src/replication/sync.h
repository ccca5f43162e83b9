/* SPDX-License-Identifier: MIT */
/* Parses what a server sends after PSYNC. No I/O: bytes are passed in as they arrive.
 *
 *     +FULLRESYNC <id> <offset>\r\n     then the RDB and the stream of commands
 *     +CONTINUE [<id>]\r\n              then the stream
 *     -<error>\r\n
 *     \n                                keepalives, before each of these and before the RDB
 *
 * A server that has PSYNC under another name takes it for SYNC and sends the RDB at once. */
#ifndef REPLICATION_SYNC_H
#define REPLICATION_SYNC_H

#include "io/rdb_frame.h"

enum { SYNC_ID = 40, SYNC_LINE_MAX = 512 };

enum sync_event {
    SYNC_MORE,     /* all bytes are used up */
    SYNC_FULL,     /* a full synchronization: `id` and `offset` are set */
    SYNC_CONTINUE, /* a partial one: `id` is set, or is "" if it has not changed */
    SYNC_REFUSED,  /* an error: `line` is its text, without the '-' */
    SYNC_BEGIN,    /* an RDB: `frame` has its size, if that is known */
    SYNC_RDB,      /* a part of it */
    SYNC_END,      /* its end */
    SYNC_STREAM,   /* a part of the stream */
    SYNC_INVALID,  /* `line` is none of the above */
};

struct sync {
    enum { SYNC_AT_STATUS, SYNC_AT_RDB, SYNC_IN_RDB, SYNC_IN_STREAM } state;
    char line[SYNC_LINE_MAX];
    size_t length; /* of `line`, as far as it has arrived */
    char id[SYNC_ID + 1];
    uint64_t offset; /* of the last byte of the stream that the RDB includes */
    struct rdb_frame frame;
};

/* Removes from `in` what the next event is about. `piece` is set for SYNC_RDB and SYNC_STREAM, and valid as
 * long as those bytes and `sync` are. A zeroed struct sync expects the reply to PSYNC. After SYNC_REFUSED and
 * SYNC_INVALID it must not be used. */
enum sync_event sync_next(struct sync *sync, rf_slice *in, rf_slice *piece);

#endif
