/* SPDX-License-Identifier: MIT */
/* Reads the command stream of an AOF: each command is an entry with its database, uninterpreted.
 *
 *   command*   between them lines that begin with '#': annotations, of at most 1023 bytes
 *
 * Every file starts in database 0. SELECT is consumed, and sets the db of the entries after it. */
#ifndef AOF_AOF_READER_H
#define AOF_AOF_READER_H

#include "resp/resp_read.h"
#include <rdbferry/entry.h>

struct aof_reader {
    struct window *w;
    struct rf_arguments command;
    int64_t db;
    int64_t time; /* of the last #TS annotation; 0: none yet */
    bool in_transaction;
    bool streams;            /* the last command: its rest may not have been read yet */
    uint64_t complete_bytes; /* see rf_reader_info */
};

/* True if the byte may begin a command stream. */
bool aof_recognises(uint8_t first);

/* `stream_from`: see rf_reader_options. */
void aof_reader_open(struct aof_reader *r, struct window *w, uint64_t stream_from);

/* The next command, or RF_END. A stream that ends inside a command or a transaction is RF_E_TRUNCATED. */
rf_code aof_reader_next(struct aof_reader *r, rf_entry *entry);

void aof_reader_close(struct aof_reader *r);

#endif
