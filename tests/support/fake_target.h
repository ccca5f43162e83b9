/* SPDX-License-Identifier: MIT */
/* A live target, as bad as a test wants it: one or more nodes on loopback ports, served by one thread. It
 * answers what a server answers, out of a small store, unless a rule says otherwise. Everything it is told is
 * logged. */
#ifndef TESTS_FAKE_TARGET_H
#define TESTS_FAKE_TARGET_H

#include "support/fake_store.h"
#include <pthread.h>
#include <rdbferry/target.h>

enum { FAKE_NODES = 3, FAKE_RULES = 32, FAKE_PEERS = 64, FAKE_QUEUE = 64, FAKE_EVER = 1 << 30 };

enum {
    FAKE_DOES = 1,    /* the command is carried out, although its answer is another one */
    FAKE_CLOSES = 2,  /* nothing is read from this connection behind it, and nothing more written */
    FAKE_HANGS = 8,   /* likewise, but it stays open, up to `until` where there is one */
    FAKE_DIES = 16,   /* the server: all its connections are closed, what it answered last is lost, and
                         whoever comes next meets another process */
    FAKE_LINGERS = 4, /* and CLIENT LIST goes on to tell of it until it is killed */
};

/* In a transaction commands are queued, as a server does: most errors come then, and have EXEC refuse; those
 * that begin with ERR, WRONGTYPE or BUSYKEY are among its answers.
 *
 * The first rule for a command that has not been used up is the one that counts. */
struct fake_rule {
    const char *on;     /* what the command begins with, its arguments separated by blanks */
    const char *answer; /* "@1" stands for host:port of node 1, "#1" for its port; NULL: its own, or none
                           where it closes */
    int flags;
    int times;         /* 0: once */
    int node;          /* 0: any; else its number + 1 */
    const char *until; /* what hangs ends with a command that begins so, on any connection and also before */
};

struct fake_line {
    unsigned node, connection; /* connections are numbered from 1 on */
    char text[120];            /* the command; what is not printable as "\xNN" */
};

struct fake_peer {
    int fd;
    unsigned id, node;
    int64_t db;
    char name[80];
    struct buffer in, out;
    bool multi, discards;         /* between MULTI and EXEC; the latter will refuse */
    struct buffer queued;         /* commands, as they came */
    const char *late[FAKE_QUEUE]; /* what EXEC answers in place of doing them; NULL: it does */
    size_t queue;
    bool hangs;        /* ended, but not closed */
    const char *until; /* of the rule by which it hangs; NULL: it does not, or for good */
    bool ended;        /* what it sends is not read as commands any more */
    bool lingers;      /* it is told of in CLIENT LIST, although it may be closed: fd is -1 then */
};

struct fake_target {
    /* Set before it starts; zeroed: one Redis 7.2 that stands alone. */
    unsigned nodes;
    bool cluster;                      /* each node has an even share of the slots, in their order */
    const char *version, *replication; /* lines of INFO, without the last end; NULL: as they are mostly */
    const struct fake_rule *rules;     /* up to one without `on`; may be NULL */
    const struct fake_rule *(*decide)(struct fake_target *t,
                                      const char *command); /* asked next; may be NULL */
    void *ctx;
    bool nameless; /* INFO has no run_id */
    bool batches;  /* it takes MSET and MSETNX; otherwise each string comes by itself */
    size_t piece;  /* bytes written at a time; 0: all */

    rf_target target;     /* the way to it; its members may be changed before it is used */
    pthread_mutex_t lock; /* held while a command is carried out; for whoever looks at what is below */
    struct fake_store store;
    struct fake_line *log;
    size_t logged;

    size_t given_up; /* connections that the client closed while they hung, before `until` came */

    unsigned deaths[FAKE_NODES];
    int ports[FAKE_NODES], listeners[FAKE_NODES], wake[2];
    int used[FAKE_RULES];
    struct fake_peer peers[FAKE_PEERS];
    size_t peer_count;
    unsigned serial;
    pthread_t thread;
};

void fake_target_start(struct fake_target *t);

/* Ends it; log and store can still be looked at. */
void fake_target_stop(struct fake_target *t);
void fake_target_free(struct fake_target *t);

/* The number of the first line from `from` on that begins so; -1: there is none. */
long fake_find(struct fake_target *t, size_t from, const char *prefix);

/* How many lines begin so. */
size_t fake_count(struct fake_target *t, const char *prefix);

/* The store, as text; the caller's to free. */
char *fake_text(struct fake_target *t);

/* Carries out a command of words in node 0 and database 0, as if somebody else had sent it. */
void fake_do(struct fake_target *t, const char *words);

/* Takes a command off the front of a run of them; false where it is not all there. A line that is no array is
 * a command of one argument. */
bool fake_take_request(rf_slice *rest, rf_slice *argv, size_t *argc);

#endif
