/* SPDX-License-Identifier: MIT */
/* Reading RDB files: records in, entries out.
 *
 *   header (9 bytes)   record*   FF   [CRC-64, 8 bytes, since version 5]
 *   record: an opcode and what it has, or:  type byte  string key  value
 *
 * Expiry, idle time, frequency and metadata come as records of their own before the key they belong to, in
 * any order. */
#ifndef RDB_RDB_READER_H
#define RDB_RDB_READER_H

#include "base/buffer.h"
#include "rdb/value.h"
#include <rdbferry/reader.h>

struct rdb_opcode;

struct rdb_reader {
    struct window *w;
    const struct rdb_type *types;
    const struct rdb_opcode *opcodes;
    rf_reader_info *info;
    const rf_notify *notify;
    bool is_preamble; /* as its AUX says: the commands of an AOF follow, or nothing */
    int64_t db;
    bool has_prefix; /* what belongs to the next key is not as clear_prefix() leaves it */
    int freq;
    int64_t expire_ms;
    uint64_t
        record; /* the offset of the expiry, if that is all that came before the key; or VALUE_NO_RECORD */
    int64_t idle;
    struct buffer key, metadata, aux; /* what an entry borrows that outlives releases */
    char module[10];
    struct hash_templates templates;
    struct rf_value value;
};

/* Reads the header; fills `info`, now and as AUX fields go by. Everything handed in stays the caller's and
 * outlives the reader; `sticky` gets the errors that values meet, but for those that `resume` goes on
 * behind. */
rf_code rdb_reader_open(struct rdb_reader *r, struct window *w, rf_reader_info *info, const char *input,
                        bool resume, rf_error *sticky, const rf_notify *notify);

/* The next entry; RF_END behind a right checksum. The value of the entry before has been used or skipped. */
rf_code rdb_reader_next(struct rdb_reader *r, rf_entry *entry);

/* A zeroed one is let through. */
void rdb_reader_close(struct rdb_reader *r);

#endif
