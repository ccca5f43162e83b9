/* SPDX-License-Identifier: MIT */
/* Reading RDB files: records in, entries out.
 *
 *   header (9 bytes)   record*   FF   [CRC-64, 8 bytes, since version 5]
 *   record: an opcode and its data, or:  type byte  string key  value
 *
 * Expiry, idle time, frequency and metadata are records of their own before the key they belong to, in any
 * order. */
#ifndef RDB_RDB_READER_H
#define RDB_RDB_READER_H

#include "base/buffer.h"
#include "rdb/chunks.h"
#include "rdb/value.h"
#include <rdbferry/reader.h>

struct rdb_opcode;

struct rdb_reader {
    struct window *w;
    const struct rdb_type *types;
    const struct rdb_opcode *opcodes;
    rf_reader_info *info;
    const rf_notify *notify;
    bool is_preamble;        /* from its AUX field: followed by AOF commands, or nothing */
    bool has_other_checksum; /* the input has one that covers an RDB with a checksum of zero */
    int64_t db;
    bool has_prefix; /* the state for the next key differs from what clear_prefix() sets */
    int freq;
    int64_t expire_ms;
    bool no_evict;
    const char *vendor_flags;
    uint64_t record; /* the offset of the expiry, if nothing else preceded the key; or VALUE_NO_RECORD */
    int64_t idle;
    uint64_t block_end;               /* the offset; 0: not inside of a compressed block */
    struct buffer key, metadata, aux; /* data borrowed by an entry that must outlive window releases */
    struct buffer block;              /* the contents of the last compressed block */
    struct chunks chunks;
    struct chunked_key *chunked; /* the complete one that is being read; NULL: none */
    struct window assembled;     /* over its record, */
    struct window *input;        /* instead of this one, */
    int64_t input_db;            /* where this was selected */
    char module[10];
    struct hash_templates templates;
    struct rf_value value;
    const uint8_t *framed; /* the name of the key in rdb_reader_frame() */
};

/* Reads the header; fills `info`, now and as AUX fields are read. All arguments remain the caller's and must
 * outlive the reader; `sticky` receives errors found in values, except those after which `resume`
 * continues. */
rf_code rdb_reader_open(struct rdb_reader *r, struct window *w, rf_reader_info *info, const char *input,
                        bool resume, rf_error *sticky, const rf_notify *notify);

/* The next entry; RF_END after a correct checksum. The value of the previous entry must have been consumed or
 * skipped. */
rf_code rdb_reader_next(struct rdb_reader *r, rf_entry *entry);

/* --- for functions of opcodes.def --------------------------------------------------------------------- */

void rdb_reader_notice(const struct rdb_reader *r, rf_notice_code code, const char *detail);

/* From here on types and opcodes are those of this dialect. */
void rdb_reader_enter_dialect(struct rdb_reader *r, rf_dialect dialect);

/* Reads the name of a key. */
rf_code rdb_reader_key_name(struct rdb_reader *r);

/* Returns the key of which the name was read as one that no other server supports. */
void rdb_reader_put_foreign(struct rdb_reader *r, rf_entry *entry, const char *product, const char *what);

/* --- for batches of keys (rdb/batch.c) ---------------------------------------------------------------- */

/* Skips the next key with all that precedes it, by its frame. False: it is not complete, damaged, or another
 * entry, and the position is undefined. The window must be over memory. */
bool rdb_reader_frame(struct rdb_reader *r);

/* Skips the value of the last key, unless it was consumed. */
rf_code rdb_reader_end_key(struct rdb_reader *r);

/* Inside of a compressed block (r->block_end > 0), between two records: a record must not cross its end. */
rf_code rdb_reader_check_block(struct rdb_reader *r);

/* Forgets the last key, and what preceded the next one. */
void rdb_reader_restart(struct rdb_reader *r, int64_t db);

/* The key that was read last has this name: details of it may follow. False: out of memory. */
bool rdb_reader_keep_name(struct rdb_reader *r, rf_slice name);

/* Allocates what a key needs. False: out of memory. */
bool rdb_reader_prepare(struct rdb_reader *r);

/* A zeroed reader may be passed. */
void rdb_reader_close(struct rdb_reader *r);

#endif
