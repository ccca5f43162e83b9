/* SPDX-License-Identifier: MIT */
/* A follow: the thread that reads the link (follow.c), and what the caller reads (follow_read.c).
 *
 *     link  ->  thread: ACK, connect again  ->  queue of the RDB       ->  rf_follow_snapshot()
 *                                           ->  queue of the stream    ->  rf_follow_next() */
#ifndef REPLICATION_FOLLOW_H
#define REPLICATION_FOLLOW_H

#include "io/fifo.h"
#include "replication/absolute_expiry.h"
#include "replication/link.h"
#include "replication/place.h"
#include "replication/stream_scan.h"
#include <pthread.h>
#include <rdbferry/follow.h>
#include <rdbferry/reader.h>
#include <stdatomic.h>

/* When the stream up to an offset arrived. */
struct follow_mark {
    uint64_t end;
    int64_t arrived_ms;
};

struct rf_follow {
    rf_target source; /* borrows from the caller's, but waits as the thread does once it runs */
    const rf_target *caller;
    struct place place;
    pthread_t thread;
    bool running;
    atomic_bool stopped;
    _Atomic uint64_t received; /* offset in the stream, */
    _Atomic uint64_t complete; /* and that of the end of the last command before it */
    atomic_bool connected;
    atomic_bool ended;          /* by an error: nothing more is received */
    atomic_bool needs_snapshot; /* another one */
    _Atomic uint64_t start;     /* of the stream */
    int event_fd;               /* signalled when one of the two changes */
    struct fifo *rdb, *stream;

    pthread_mutex_t lock; /* protects the next three */
    struct link *link;
    char linked[NODE_ID + 1]; /* id of the link's server; "": unknown */
    char id[SYNC_ID + 1];

    /* of the thread */
    struct stream_scan scan;
    bool in_stream, asked;
    int64_t next_ack_ms;

    /* of the caller */
    rf_reader *reader;     /* of the stream; NULL: not yet */
    uint64_t base;         /* offset in the stream of the first byte of what the reader reads */
    rf_follow_position at; /* after the last command that it has read */
    struct absolute_expiry absolute;
    pthread_mutex_t marks_lock; /* protects the following: the reader has a thread */
    struct follow_mark *marks;
    size_t mark_count, mark_capacity;
    uint64_t marked; /* the end of the last one */
};

/* place_locate() of its place; `source` is one of the two. */
rf_code follow_locate(rf_follow *follow, const rf_target *source, struct located *out, rf_error *error);

/* rf_follow_open() for a node of a cluster, or with NULL. */
rf_code follow_open(const rf_target *source, const struct primaries *cluster, size_t node,
                    const rf_follow_options *options, rf_follow **out, rf_error *error);

#endif
