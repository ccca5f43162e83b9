/* SPDX-License-Identifier: MIT */
/* A pipeline: one connection to a node, with requests that are sent ahead of their replies.
 *
 * Encoded commands are stored in consecutive blocks. A request is a range of them: all that is sent for one
 * entry. Positions count the bytes of a pipeline from its beginning:
 *
 *      blocks   |....kept.............|....ready, unsent....|..being encoded..|
 *      requests head ... answer ... tail
 *               answered   sent or to be sent
 *
 * Requests and their bytes are kept until they are released: when they are answered, or if the node has
 * replicas, when these have acknowledged them. The pipeline does not interpret replies; its listener does. */
#ifndef REPLAY_PIPELINE_H
#define REPLAY_PIPELINE_H

#include "base/buffer.h"
#include "base/outbuf.h"
#include "net/connection.h"
#include "net/reply.h"
#include "replay/send_window.h"
#include <rdbferry/replay.h>

enum request_kind {
    REQUEST_KEY,
    REQUEST_STRINGS, /* a batch of keys (strings.h) */
    REQUEST_COMMAND, /* a group of AOF commands */
    REQUEST_CLEANUP, /* removes a key, mostly a staging key */
    REQUEST_SELECT,
    REQUEST_WAIT,   /* WAIT: when it is answered, everything before it may be released */
    REQUEST_IMPORT, /* asks whether the server is in import mode */
};

/* The method by which a key is written. */
enum write_method {
    METHOD_SET,     /* SET key value ... */
    METHOD_RESTORE, /* RESTORE key ttl payload ... */
    METHOD_STAGED,  /* commands for a staging key, then RENAME or RENAMENX */
};

/* The result of a request, from its replies. */
enum request_result {
    RESULT_OK,
    RESULT_EXISTS,
    RESULT_RETRY,    /* transient */
    RESULT_MOVED,    /* transient, and to be sent to another node */
    RESULT_ASK,      /* the same, but only once */
    RESULT_REJECTED, /* this key is rejected */
    RESULT_FATAL,    /* every key will be rejected */
};

struct request {
    uint64_t seq;   /* number of the entry */
    uint64_t start; /* position of its first byte */
    rf_position position;
    int64_t expire_ms;
    int64_t ends_ms;              /* when the key disappears by itself: it expires, or all its fields do */
    int64_t since_ms;             /* time of the first transient error; 0: none */
    char *error_text;             /* the first error reply; owned; NULL: none */
    void *ask_node;               /* the node that this error redirects to */
    void *confirmed_on;           /* the node where the key exists with the right value; NULL: not known */
    struct command_group *group;  /* REQUEST_COMMAND: the commands; owned */
    struct string_batch *strings; /* REQUEST_STRINGS: the keys; owned. seq and position are of the first */
    int32_t db;
    uint32_t without;             /* details that the key is written without (rdb/details.def) */
    uint32_t replies;             /* replies pending */
    uint32_t queued;              /* commands between its MULTI and its EXEC */
    uint32_t entries;             /* number of AOF entries it consists of */
    uint32_t errors;              /* of these, commands that failed */
    uint32_t failed_at;           /* without a transaction: the first command with a transient error */
    uint32_t lost_run;            /* the server process (run_id) when the connection was lost */
    uint8_t crashes, disconnects; /* see suspect.h */
    uint8_t kind, method, result; /* enums; the result is that of the first error */
    uint8_t redirects;
    bool module;        /* a module value, written with RESTORE */
    bool transaction;   /* its last reply is that of EXEC */
    bool no_evict;      /* the key has the attribute (rf_entry) */
    bool restored;      /* written with RESTORE */
    bool no_multi;      /* its MULTI was rejected */
    bool retry_rest;    /* some commands were rejected, so that the others were not executed */
    bool lost;          /* its connection was lost, and the consequences are not determined yet */
    bool survived;      /* the same process was there when the node was connected to again */
    bool first_lost;    /* it was the oldest unanswered request */
    bool maybe_applied; /* the key may have been written before */
    bool misnamed;      /* without a transaction: the key may have got what an attempt before had left */
    bool done;          /* its outcome is final, although it may not be released yet */
};

enum { DB_UNKNOWN = -1 };

struct pipeline_block;
struct pipeline;

/* The callbacks of a pipeline: a reply to the next request, with an array's elements; or a reply to a
 * streamed value. */
struct pipeline_listener {
    void (*reply)(struct pipeline *pipeline, struct request *request, struct reply reply, rf_slice rest);
    void (*stream_reply)(struct pipeline *pipeline, struct reply reply, rf_slice rest);
    void (*block)(struct pipeline *pipeline); /* streaming: a block is full, and ready to be sent */
};

struct pipeline {
    struct outbuf out; /* must be first; encoders write to it */
    const struct pipeline_listener *listener;
    void *owner;                   /* the node */
    struct connection *connection; /* NULL: none; then nothing is kept, and nothing may be written */
    unsigned serial;               /* number of the connection */
    uint32_t run;                  /* identifies the server process; 0: not known */
    uint32_t events;               /* that epoll waits for */
    struct pipeline_block *first, *last, *sending, *spare;
    uint64_t ready, sent;
    size_t blocked; /* size of a TLS write that would block; it must be repeated with at least this size */
    struct request *ring;
    uint64_t ring_size, head, answer,
        tail; /* request numbers; modulo ring_size they are indices of the ring */
    struct buffer in;
    size_t consumed;
    struct reply_scan scan;
    int64_t db; /* the selected database, or DB_UNKNOWN */
    struct progress progress;
    bool streaming;            /* bytes are not kept, and replies do not belong to requests */
    bool lost;                 /* streaming: the connection is lost; what is encoded is discarded */
    const char *broken;        /* why the listener wants the connection closed; NULL: it does not */
    struct send_window window; /* how many bytes it may keep */
    uint64_t wait_sent_up_to;  /* position after the last REQUEST_WAIT */
    uint64_t replicated_up_to; /* number of the first request that replicas have not acknowledged */
};

/* Initializes a pipeline without a connection. */
void pipeline_open(struct pipeline *pipeline, const struct pipeline_listener *listener, void *owner);

/* Takes over a connection without pending replies. RF_E_MEMORY. */
rf_code pipeline_connect(struct pipeline *pipeline, struct connection *connection, unsigned serial,
                         rf_error *error);

/* Closes the connection, and discards blocks and requests. */
void pipeline_disconnect(struct pipeline *pipeline);
void pipeline_close(struct pipeline *pipeline);

/* --- writing --- */

/* Begins a request at the encoder's position; RF_E_MEMORY. The caller may set its members until
 * pipeline_end().
 */
rf_code pipeline_begin(struct pipeline *pipeline, struct request **out, rf_error *error);

/* The same for a request that has been sent before, or is of a group: a copy of `as`, except for its replies.
 * `as` must not be in the pipeline. */
rf_code pipeline_begin_again(struct pipeline *pipeline, const struct request *as, struct request **out,
                             rf_error *error);

/* Completes the request, which will have this number of replies, so that it can be sent. RF_E_MEMORY if its
 * bytes could not be kept. */
rf_code pipeline_end(struct pipeline *pipeline, uint32_t replies, rf_error *error);

/* Cancels the request that was begun. */
void pipeline_cancel(struct pipeline *pipeline);

/* Turns streaming on or off; nothing may be kept then. */
void pipeline_stream(struct pipeline *pipeline, bool on);

/* Everything encoded so far may be sent. */
void pipeline_mark_ready(struct pipeline *pipeline);

/* --- sending and receiving ----------------------------------------------------------------------------- */

static inline uint64_t pipeline_unsent(const struct pipeline *pipeline)
{
    return pipeline->ready - pipeline->sent;
}

/* The number of bytes kept. */
uint64_t pipeline_kept(const struct pipeline *pipeline);

/* Sends up to `most` bytes, or as many as a write that would block had, without waiting; sets *n to the
 * number sent. RF_E_TARGET: the connection is lost. */
rf_code pipeline_send(struct pipeline *pipeline, uint64_t most, uint64_t *n, rf_error *error);

/* Receives without waiting, and calls the listener. RF_E_TARGET: the connection is lost or there was an
 * invalid reply; complete replies before it have been handled. */
rf_code pipeline_receive(struct pipeline *pipeline, rf_error *error);

/* --- kept requests ------------------------------------------------------------------------------------- */

static inline struct request *pipeline_request(const struct pipeline *pipeline, uint64_t number)
{
    return &pipeline->ring[number & (pipeline->ring_size - 1)];
}

/* Whether everything is sent and answered. */
static inline bool pipeline_is_answered(const struct pipeline *pipeline)
{
    return pipeline->answer == pipeline->tail;
}

/* Releases the requests before this number, which must be answered. */
void pipeline_release(struct pipeline *pipeline, uint64_t number);

/* Appends the bytes of a kept request. */
bool pipeline_copy(const struct pipeline *pipeline, uint64_t number, struct buffer *into);

#endif
