/* SPDX-License-Identifier: MIT */
/* Replaying: entries go into a live target, and stay there whatever happens meanwhile.
 *
 * A key is written in one step that nobody sees half done: by one command (SET, RESTORE), or under a name of
 * its own beside it (of the same slot), which is renamed when all of it is there. What was sent is kept until
 * the target has answered, and where replicas follow it until they have it too (WAIT): after a lost
 * connection, a failover, slots that move or a server that loads, all that is not settled is sent again,
 * after the lost connection has been killed on the server (CLIENT KILL), lest it go on.
 *
 * Whether a key exists is decided by the server in the same step. Where it does, and what was sent before may
 * be why, the two values are compared: what this run has written is not "there already".
 *
 * A user of the target needs, besides the commands that write: PEXPIREAT, UNLINK or DEL, FUNCTION for
 * libraries, CLUSTER SLOTS and ASKING in a cluster, ROLE behind Sentinels, and DUMP and PTTL after a
 * recovery. INFO, SELECT, RESTORE, MULTI, RENAME and RENAMENX are done without as far as that is possible
 * (abilities.h); CLIENT SETNAME, CLIENT LIST, CLIENT KILL, WAIT and CONFIG GET always: there is a pause then
 * after a lost connection, and a failover may lose what was written last. MODULE LIST and CLUSTER NODES are
 * too: values of modules that may be missing do not go to servers before 6.2 then, and redirections to nodes
 * without slots are not followed.
 *
 * Nothing is sent that could harm a server: damaged values, values of modules that it lacks, commands that no
 * AOF has, and a key over which servers have gone down twice, which ends the run. */
#ifndef RDBFERRY_REPLAY_H
#define RDBFERRY_REPLAY_H

#include <rdbferry/abilities.h>
#include <rdbferry/entry.h>
#include <rdbferry/error.h>
#include <rdbferry/notice.h>
#include <rdbferry/target.h>
#include <rdbferry/value.h>
#include <rdbferry/version.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct rf_replay rf_replay;

/* What becomes of a key that the target has already, as it is; a key that is replaced is never gone in
 * between. */
typedef enum rf_on_exists {
    RF_ON_EXISTS_FAIL,    /* it stays, and is a failure */
    RF_ON_EXISTS_SKIP,    /* it stays, and is counted */
    RF_ON_EXISTS_REPLACE, /* it goes */
} rf_on_exists;

typedef enum rf_replay_mode {
    RF_REPLAY_AUTO,     /* RESTORE where that is cheaper and the target reads it */
    RF_REPLAY_RESTORE,  /* RESTORE for strings too; what the target does not read is a failure */
    RF_REPLAY_COMMANDS, /* RESTORE only for what commands cannot say */
} rf_replay_mode;

/* Where an entry lies. */
typedef struct rf_place {
    uint32_t input; /* the caller's number: inputs come in ascending order */
    uint64_t offset;
} rf_place;

static inline bool rf_place_before(rf_place a, rf_place b)
{
    return a.input < b.input || (a.input == b.input && a.offset < b.offset);
}

typedef enum rf_failure_kind {
    RF_FAILURE_EXISTS,    /* it was there, and RF_ON_EXISTS_FAIL */
    RF_FAILURE_DOUBTFUL,  /* something else is there, and it cannot be told whether it was before this run */
    RF_FAILURE_REFUSED,   /* by the server */
    RF_FAILURE_UNSAYABLE, /* there are no words for it that the server knows, or it is too large for it, or
                             the server lacks its module */
    RF_FAILURE_DAMAGED,   /* the value is: nothing of it was sent */
    RF_FAILURE_FORBIDDEN, /* a command of an AOF that is never sent, such as SHUTDOWN */
} rf_failure_kind;

enum { RF_FAILURE_KINDS = RF_FAILURE_FORBIDDEN + 1 };

/* An entry that was not written. Borrowed until the function returns. */
typedef struct rf_failure {
    rf_failure_kind kind;
    rf_place place;
    int64_t db; /* RF_LIBRARY: a function library, `key` is its name */
    rf_slice key;
    const char *reason; /* what the server said; printable */
} rf_failure;

typedef struct rf_replay_options {
    rf_on_exists on_exists;
    rf_replay_mode mode;
    bool fail_fast;         /* the first failure ends the run */
    bool drop_detail;       /* what the target has no words for in a key is left out, with a notice */
    uint64_t big_key;       /* bytes of a value, from which on it goes as commands, bit by bit; 0: 1 MiB */
    unsigned connections;   /* to each node; 0: 2 */
    uint64_t rate;          /* bytes sent a second, at most; 0: as fast as it goes */
    int64_t retry_for_ms;   /* how long trouble may last that passes; 0: 60 s */
    const char *run;        /* names this run in CLIENT LIST: "rdbferry-<run>-<n>"; letters and digits */
    bool resumed;           /* there was a run of this name before; its connections are killed */
    rf_place written_until; /* and what lies before this place it may have written; zeroed: nothing */
    rf_notify notify;
    /* Each may be NULL; all are called on the caller's thread, out of any function here. */
    void (*failed)(void *ctx, const rf_failure *failure);
    void (*skipped)(void *ctx, int64_t db, rf_slice key); /* RF_ON_EXISTS_SKIP: it was there */
    rf_bytes_fn dead_letter; /* gets the commands that would write what has failed, as far as there are any:
                               of what is damaged or forbidden there are none */
    void (*news)(void *ctx, const char *text); /* "10.0.0.5:6379: the connection is lost: ..." */
    /* Called while a function here lasts, and between entries, some ten times a second. Anything but RF_OK
     * ends the run with that code. */
    rf_code (*tick)(void *ctx, rf_error *error);
    void *ctx;
} rf_replay_options;

typedef struct rf_replay_info {
    const char *kind;       /* "standalone", "sentinel" or "cluster" */
    rf_server server;       /* as the target says, or INFO or HELLO; or assumed */
    rf_abilities abilities; /* what it accepts; of what has been tried since, too */
    size_t nodes;           /* that are written to */
    int64_t databases;      /* that a key may be in; 0: not known */
    char name[256];         /* where it is, without user and password */
} rf_replay_info;

/* Connects, authenticates, and finds out what it is talking to; target and options->run stay the caller's,
 * and outlive this. A target that names another database than 0, which no key needs, is RF_E_ARGUMENT.
 * RF_E_TARGET, also for a server that is a replica. */
RF_API rf_code rf_replay_open(const rf_target *target, const rf_replay_options *options, rf_replay **out,
                              rf_error *error);

/* Whether a key is named like one under which a value was being written, by any run: "key:rdbferry:run:xyz".
 */
RF_API bool rf_replay_is_temporary(rf_slice key);

RF_API const rf_replay_info *rf_replay_info_get(const rf_replay *replay);

/* Takes one entry: a key, a function library or a command; what became of it may be known only after a later
 * call. Uses up its value. Commands go to servers that stand alone only, one after the other, behind all
 * keys; of these it cannot be told after a lost connection whether they were done, so that ends the run.
 *
 * RF_OK also for an entry that has failed, unless options->fail_fast; a value that is damaged is such an
 * entry, unless the reader cannot go on behind it (see rf_reader_options.resume). Errors are sticky: after
 * one, every call returns it. RF_E_TARGET: the target is gone for longer than options->retry_for_ms, or says
 * what no waiting mends (OOM, NOAUTH, NOPERM, MISCONF). RF_E_UNSAYABLE: a key in a database that the target
 * does not have. */
RF_API rf_code rf_replay_put(rf_replay *replay, uint32_t input, rf_entry *entry, rf_error *error);

/* Waits until everything is settled. More may be put afterwards. */
RF_API rf_code rf_replay_finish(rf_replay *replay, rf_error *error);

/* Whatever has been put and lies before this place is settled: it is written, or has failed, or was left out.
 * It is the place of the oldest entry that is not settled, or one right behind the entry put last. Good after
 * an error too. */
RF_API rf_place rf_replay_settled(const rf_replay *replay);

/* Keys, unless said otherwise. Of all that was put and is settled: the first five add up. */
typedef struct rf_replay_counts {
    uint64_t written;
    uint64_t skipped; /* they were there already */
    uint64_t expired; /* their time had come: nothing was sent */
    uint64_t empty;   /* collections without elements */
    uint64_t failed;
    uint64_t failures[RF_FAILURE_KINDS]; /* by kind, libraries and commands among them */
    uint64_t restored;                   /* of those written: by RESTORE */
    uint64_t libraries;                  /* function libraries that are there now */
    uint64_t commands;                   /* of AOFs */
    uint64_t bytes;                      /* sent */
    uint64_t resent;                     /* keys that were sent more than once */
    uint64_t lost;                       /* connections */
} rf_replay_counts;

RF_API rf_replay_counts rf_replay_counts_get(const rf_replay *replay);

/* What went to one node. */
typedef struct rf_replay_node {
    const char *name; /* "10.0.0.5:6379"; lives until the next call of another function */
    uint64_t keys, bytes;
    unsigned connections; /* open now */
} rf_replay_node;

/* False past the last one. */
RF_API bool rf_replay_node_get(const rf_replay *replay, size_t index, rf_replay_node *node);

/* In which ways a replay with these options (of which on_exists, mode, big_key and drop_detail matter) can
 * write a key to such a target: RF_BY_COMMANDS, RF_BY_RESTORE. 0: in none, and *why says what the target does
 * not accept, or is NULL where that is the value itself. May use up or hold the value, as rf_server_takes()
 * does. */
RF_API rf_code rf_replay_takes(const rf_abilities *target, const rf_replay_options *options, rf_entry *key,
                               unsigned *ways, const char **why, rf_error *error);

/* NULL is let through. Without a finish, what is under way is given up. */
RF_API void rf_replay_close(rf_replay *replay);

#endif
