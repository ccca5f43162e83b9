/* SPDX-License-Identifier: MIT */
/* Values as commands: takes entries and writes RESP to an outbuf, in the order and form of a server's own
 * rewrite.
 *
 *   FUNCTION LOAD code     SELECT db     SET | RPUSH | SADD | ZADD | HMSET | ARMSET | PHSET | XADD ...
 *   BLESS PEXPIREAT
 *
 * What commands cannot represent exactly is written as RESTORE with the original bytes, if the target reads
 * them; everything else is RF_E_INCOMPATIBLE, or skipped with a notice. (Valkey src/aof.c:
 * rewriteAppendOnlyFileRio) */
#ifndef COMMAND_ENCODER_H
#define COMMAND_ENCODER_H

#include "base/select_hook.h"
#include "command/ability.h"
#include "command/batch.h"
#include <rdbferry/entry.h>
#include <rdbferry/notice.h>
#include <rdbferry/plain_commands.h>
#include <rdbferry/strings.h>
#include <rdbferry/value.h>

struct encoder_options {
    rf_server target;
    bool prefer_restore, drop_unsupported, drop_detail;
    bool json;        /* the target has JSON values */
    bool no_restore;  /* the target does not accept it, whatever its version */
    uint64_t longest; /* maximum length of a string that the target accepts; 0: unlimited */
    rf_notify notify;
    struct select_hook select;
};

struct encoder {
    struct outbuf *out;
    struct encoder_options options;
    int64_t db; /* selected database; -1: none yet */

    /* of the current key */
    const rf_entry *entry;
    rf_error *error;
    struct batch batch;
    uint64_t elements;
    bool dropped;
    unsigned without;      /* details that are dropped (rdb/details.def) */
    bool has_insert_index; /* of an array */
    uint64_t insert_index;
    struct buffer group, consumer; /* of a stream */
};

void encoder_open(struct encoder *e, struct outbuf *out, const struct encoder_options *options);

/* Encodes one entry; AUX fields and key counts are ignored. Does not check out->code. */
rf_code encoder_put(struct encoder *e, rf_entry *entry, rf_error *error);

/* rf_sink_put_strings(). The same; the target accepts strings of any length. */
void encoder_put_strings(struct encoder *e, const rf_strings *strings);

/* rf_sink_put_commands(). Does not check out->code. */
void encoder_put_commands(struct encoder *e, const rf_plain_commands *run);

/* Appends commands about keys of one database, which an encoder with a select hook has written. */
void encoder_append(struct encoder *e, int64_t db, rf_slice commands);

/* Encodes only the value of a key, without SELECT, expiry and BLESS, into `out`. Afterwards e->elements is 0
 * if it is empty, and batch.commands is the number of commands. */
rf_code encoder_put_value(struct encoder *e, struct outbuf *out, rf_entry *key, rf_error *error);

void encoder_close(struct encoder *e);

/* --- shared by the encoder's files ------------------------------------------------------------------ */

/* Begins a command with this number of arguments. */
static inline void encoder_command(struct encoder *e, uint64_t args)
{
    batch_count(&e->batch);
    resp_array(e->out, args);
}

/* The target does not support `what`: fails, or sends a notice and returns RF_OK if such data is to be
 * dropped. */
rf_code encoder_unsupported(struct encoder *e, const char *what, rf_error *error);

/* The target does not support these details, at least one. *stays: the key is written without them, and
 * notices have been sent; otherwise it is handled by encoder_unsupported(). */
rf_code encoder_leave_out(struct encoder *e, unsigned details, bool *kept, rf_error *error);

/* False for a string that the target does not accept: *code is then RF_E_INCOMPATIBLE, or RF_OK if the key is
 * dropped. */
bool encoder_fits(struct encoder *e, rf_slice string, rf_code *code);

/* Whether RESTORE writes the key, with all its details. */
bool encoder_restores(const struct encoder *e, const rf_entry *entry);

/* Checks the value and writes the key as RESTORE, with a notice giving the reason; nothing if the value is
 * empty, which RESTORE does not accept; handled by encoder_unsupported() if the target does not accept its
 * payload. */
rf_code encode_restore(struct encoder *e, rf_entry *entry, const char *why, rf_error *error);

/* In encode_stream.c: the stream as commands, or as RESTORE if they would lose data. */
rf_code encode_stream(struct encoder *e, rf_entry *entry, rf_error *error);

#endif
