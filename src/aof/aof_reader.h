/* SPDX-License-Identifier: MIT */
/* Reads the command stream of an AOF: each command is an entry with its database, uninterpreted.
 *
 *   command*   between them lines that begin with '#': annotations, of at most 1023 bytes
 *
 * Every file starts in database 0. SELECT is consumed, and sets the db of the entries after it. The commands
 * in a RREPLAY are entries in its place. */
#ifndef AOF_AOF_READER_H
#define AOF_AOF_READER_H

#include "aof/rreplay.h"
#include <rdbferry/reader.h>

enum {
    AOF_LINE_MOST = 1023, /* a server reads no longer line, including its end */
    AOF_HEAD_BITS = 5,
};

/* How plain commands begin, and which one of these has followed it: see aof_commands.c. */
struct aof_head {
    struct command_head head; /* its `row` is that of a plain command */
    unsigned next;
};

struct aof_reader {
    struct window *w;
    struct rf_arguments command;
    int64_t db;
    int64_t time; /* of the last #TS annotation; 0: none yet */
    bool in_transaction;
    uint64_t multi;          /* the offset of the open transaction */
    bool streams;            /* the last command: its rest may not have been read yet */
    uint64_t streamed;       /* its offset */
    uint64_t complete_bytes; /* see rf_reader_info */
    struct rreplay rreplay;
    bool resume;          /* see rf_reader_options */
    struct buffer rewind; /* with `resume`: of the current command, what the window has left behind */
    bool damaged;         /* somewhere before */
    bool db_unknown;      /* see rf_entry */
    rf_log_damage damage; /* see rf_reader_info */
    uint64_t in_order_to; /* commands before this offset are in no batch */
    struct aof_head heads[1 << AOF_HEAD_BITS];
};

/* True if the byte may begin a command stream. */
bool aof_recognises(uint8_t first);

/* `resume`, `stream_from`: see rf_reader_options. */
void aof_reader_open(struct aof_reader *r, struct window *w, bool resume, uint64_t stream_from);

/* The next command, or RF_END. A stream that ends inside a command or a transaction is RF_E_TRUNCATED. After
 * damage that is not `at_end` the next call continues behind it. */
rf_code aof_reader_next(struct aof_reader *r, rf_entry *entry);

void aof_reader_close(struct aof_reader *r);

/* --- for commands that are not read as entries (aof/aof_commands.c, aof/aof_batch.c) -------------------- */

/* Whether commands may be read otherwise now: not, for one, while the last one is streamed. */
static inline bool aof_reader_is_between(const struct aof_reader *r)
{
    return !r->streams && !r->in_transaction && !r->rreplay.active && !r->damaged && !r->resume;
}

enum aof_frame {
    AOF_FRAME_COMMAND, /* it has been skipped */
    AOF_FRAME_STATE,   /* the same, and the database and the time are those after it */
    AOF_FRAME_BEGUN,   /* it is not complete, or not as servers write it: the position is undefined */
    AOF_FRAME_OTHER,   /* it needs to be read in order: the same */
};

/* Skips a command whose effect is on its keys; or a SELECT or an annotation. The window must be over memory.
 */
enum aof_frame aof_reader_frame(struct aof_reader *r);

/* Whether what comes next may be skipped. */
bool aof_reader_can_skip(const struct aof_reader *r);

/* The window has been moved on past intact commands. */
void aof_reader_skip(struct aof_reader *r, int64_t db, int64_t time);

#endif
