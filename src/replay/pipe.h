/* SPDX-License-Identifier: MIT */
/* A pipe: one connection to a node, with what is sent ahead of its replies.
 *
 * What is encoded goes into blocks, one behind the other; a parcel is a stretch of them, all that is sent for
 * one entry. Positions count the bytes of a pipe from its beginning:
 *
 *      blocks   |....kept.............|....ready, unsent....|..being encoded..|
 *      parcels  head ... answer ... tail
 *               answered   sent or to be sent
 *
 * Parcels, and their bytes, are kept until they are released: when they are answered, or where a replica
 * follows when it has them too. No policy is here: what an answer means is for whoever is told it. */
#ifndef REPLAY_PIPE_H
#define REPLAY_PIPE_H

#include "base/buffer.h"
#include "base/outbuf.h"
#include "net/connection.h"
#include "net/reply.h"
#include <rdbferry/replay.h>

enum parcel_kind {
    PARCEL_KEY,
    PARCEL_COMMAND, /* of an AOF */
    PARCEL_CLEANUP, /* the end of a temporary name */
    PARCEL_SELECT,
    PARCEL_WAIT, /* for replicas: when it is answered, what lies before it may be released */
};

/* How a key is written. */
enum form {
    FORM_SET,     /* SET key value ... */
    FORM_RESTORE, /* RESTORE key ttl payload ... */
    FORM_BESIDE,  /* commands for a temporary name, then RENAME or RENAMENX */
};

/* What the answers to a parcel come to. */
enum verdict {
    VERDICT_OK,
    VERDICT_EXISTS,
    VERDICT_AGAIN,   /* it passes */
    VERDICT_MOVED,   /* likewise, at another node */
    VERDICT_ASK,     /* likewise, once */
    VERDICT_REFUSED, /* this key */
    VERDICT_FATAL,   /* all of them */
};

struct parcel {
    uint64_t seq;   /* number of its entry */
    uint64_t start; /* position of its first byte */
    rf_place place;
    int64_t expire_ms;
    int64_t ends_ms;  /* the key is gone by itself then: it expires, or all its fields do */
    int64_t since_ms; /* when there was trouble first; 0: never */
    char *said;       /* the first error among its answers; owned; NULL: none */
    void *asking;     /* the node that this error names */
    void *equal_at;   /* the node where the key exists as it should be; NULL: not known */
    int32_t db;
    uint32_t replies;            /* still to come */
    uint32_t queued;             /* commands between its MULTI and its EXEC */
    uint32_t entries;            /* of an AOF, that it stands for */
    uint32_t errors;             /* of these were answered by one */
    uint32_t lost_run;           /* of the server, when a connection was lost over it */
    uint8_t deaths, cuts;        /* see suspect.h */
    uint8_t kind, form, verdict; /* enums; the verdict is that of the first error */
    uint8_t redirects;
    bool module;      /* a module's value goes by RESTORE */
    bool transaction; /* its last reply is EXEC's */
    bool restored;    /* the value goes by RESTORE */
    bool lost;        /* a connection was, over it: what that tells is still to be found out */
    bool first_lost;  /* it was the oldest one that was not answered */
    bool doubtful;    /* it may have been written before */
    bool settled;     /* it is done with, although it may not be released yet */
};

enum { DB_UNKNOWN = -1 };

struct pipe_block;
struct pipe;

/* What a pipe tells: a reply to the parcel that is next, with an array's elements; or to what is streamed. */
struct pipe_listener {
    void (*reply)(struct pipe *pipe, struct parcel *parcel, struct reply reply, rf_slice rest);
    void (*streamed)(struct pipe *pipe, struct reply reply, rf_slice rest);
    void (*block)(struct pipe *pipe); /* streaming: a block is full, and ready to be sent */
};

struct pipe {
    struct outbuf out; /* comes first; encoders write here */
    const struct pipe_listener *listener;
    void *owner;                   /* the node it leads to */
    struct connection *connection; /* NULL: none; nothing is kept then, and nothing may be written */
    unsigned serial;               /* numbers connections */
    uint32_t run;                  /* of the server: which process it is; 0: not known */
    uint32_t events;               /* that epoll waits for */
    struct pipe_block *first, *last, *sending, *spare;
    uint64_t ready, sent;
    size_t blocked; /* bytes of a write that came to nothing: TLS wants no fewer of them the next time */
    struct parcel *ring;
    uint64_t ring_size, head, answer, tail; /* numbers of parcels; modulo ring_size places in the ring */
    struct buffer in;
    size_t taken;
    struct reply_scan scan;
    int64_t db; /* selected; or DB_UNKNOWN */
    struct progress progress;
    bool streaming;     /* bytes are not kept, and replies are not those of parcels */
    bool lost;          /* streaming: the connection; what is encoded is thrown away */
    const char *broken; /* why whoever was told a reply wants no more of this connection; NULL: it does */
    bool full;          /* more is kept than there is room for, and not yet much less */
    uint64_t guarded;   /* position behind the last PARCEL_WAIT */
    uint64_t safe;      /* number of the first parcel that no replica has answered for */
};

/* A pipe without a connection. */
void pipe_open(struct pipe *pipe, const struct pipe_listener *listener, void *owner);

/* Takes over a connection of which nothing is under way. RF_E_MEMORY. */
rf_code pipe_connect(struct pipe *pipe, struct connection *connection, unsigned serial, rf_error *error);

/* Closes the connection, and forgets blocks and parcels. */
void pipe_disconnect(struct pipe *pipe);
void pipe_close(struct pipe *pipe);

/* --- writing --- */

/* Begins a parcel where the encoder stands; RF_E_MEMORY. Its members are the caller's to set, up to
 * pipe_end(). */
rf_code pipe_begin(struct pipe *pipe, struct parcel **out, rf_error *error);

/* It is complete, with so many replies to come: it may be sent. RF_E_MEMORY if its bytes could not be kept.
 */
rf_code pipe_end(struct pipe *pipe, uint32_t replies, rf_error *error);

/* Takes back the parcel that was begun. */
void pipe_take_back(struct pipe *pipe);

/* Streaming begins and ends with nothing kept. */
void pipe_stream(struct pipe *pipe, bool on);

/* All that is encoded may be sent. */
void pipe_mark_ready(struct pipe *pipe);

/* --- moving bytes --- */

static inline uint64_t pipe_unsent(const struct pipe *pipe)
{
    return pipe->ready - pipe->sent;
}

/* Bytes that are kept. */
uint64_t pipe_kept(const struct pipe *pipe);

/* Sends up to `most` bytes, or as many as a write had that came to nothing before, as far as it goes without
 * waiting; *n: sent. RF_E_TARGET where the connection is lost. */
rf_code pipe_send(struct pipe *pipe, uint64_t most, uint64_t *n, rf_error *error);

/* Takes in what has arrived, and tells the listener. RF_E_TARGET: the connection is lost, or what arrives is
 * no reply; what was whole has been told. */
rf_code pipe_receive(struct pipe *pipe, rf_error *error);

/* --- what is kept --- */

static inline struct parcel *pipe_parcel(const struct pipe *pipe, uint64_t number)
{
    return &pipe->ring[number & (pipe->ring_size - 1)];
}

/* Whether all that was sent is answered and nothing is to be sent. */
static inline bool pipe_is_answered(const struct pipe *pipe)
{
    return pipe->answer == pipe->tail;
}

/* Releases the parcels before this number, which are answered. */
void pipe_release(struct pipe *pipe, uint64_t number);

/* Appends the bytes of a kept parcel. */
bool pipe_copy(const struct pipe *pipe, uint64_t number, struct buffer *into);

#endif
