/* SPDX-License-Identifier: MIT */
/* Values as commands: what flows in are entries, what flows out is RESP in an outbuf, in the order and form
 * of a server's own rewrite.
 *
 *   FUNCTION LOAD code     SELECT db     SET | RPUSH | SADD | ZADD | HMSET | ARMSET | XADD ...     PEXPIREAT
 *
 * What commands cannot say exactly goes as RESTORE with the original bytes, if the target reads them; what
 * cannot be said at all is RF_E_UNSAYABLE, or left out with a notice. (Valkey src/aof.c:
 * rewriteAppendOnlyFileRio) */
#ifndef COMMAND_ENCODER_H
#define COMMAND_ENCODER_H

#include "command/ability.h"
#include "command/batch.h"
#include <rdbferry/entry.h>
#include <rdbferry/notice.h>
#include <rdbferry/value.h>

struct encoder_options {
    rf_server target;
    bool prefer_restore, drop_unsupported, drop_detail;
    bool no_restore;  /* the target does not accept it, whatever its version */
    uint64_t longest; /* bytes of a string that the target takes; 0: any */
    rf_notify notify;
};

struct encoder {
    struct outbuf *out;
    struct encoder_options options;
    int64_t db; /* selected; -1: none yet */

    /* of the key at hand */
    const rf_entry *entry;
    rf_error *error;
    struct batch batch;
    uint64_t elements;
    bool dropped;
    unsigned without;      /* details that are left out (rdb/details.def) */
    bool has_insert_index; /* of an array */
    uint64_t insert_index;
    struct buffer group, consumer; /* of a stream */
};

void encoder_open(struct encoder *e, struct outbuf *out, const struct encoder_options *options);

/* Encodes one entry; aux and key counts are nothing to commands. Does not look at out->code. */
rf_code encoder_put(struct encoder *e, rf_entry *entry, rf_error *error);

/* Encodes the value of a key alone, without SELECT and expiry, into `out`. Afterwards e->elements is 0 where
 * it has none, and batch.commands tells how many commands it takes. */
rf_code encoder_put_value(struct encoder *e, struct outbuf *out, rf_entry *key, rf_error *error);

void encoder_close(struct encoder *e);

/* --- shared by the encoder's files ------------------------------------------------------------------ */

/* Begins a command of so many arguments. */
static inline void encoder_command(struct encoder *e, uint64_t args)
{
    e->batch.commands++;
    resp_array(e->out, args);
}

/* There is no way to say `what` to the target: fails, or gives notice and returns RF_OK where such things are
 * to be left out. */
rf_code encoder_unsayable(struct encoder *e, const char *what, rf_error *error);

/* There is no way to say these details to the target, of which there is one at least. *stays: the key is
 * written without them, of which notice has been given; else they are unsayable. */
rf_code encoder_leave_out(struct encoder *e, unsigned details, bool *stays, rf_error *error);

/* False for a string that the target does not take: *code is then RF_E_UNSAYABLE, or RF_OK where the key is
 * dropped. */
bool encoder_takes(struct encoder *e, rf_slice string, rf_code *code);

/* Whether RESTORE writes the key, with all its details. */
bool encoder_restores(const struct encoder *e, const rf_entry *entry);

/* Looks into the value and writes the key as RESTORE, saying why; nothing where the value is empty, which
 * RESTORE does not take; or as unsayable where the target does not accept its payload. */
rf_code encode_restore(struct encoder *e, rf_entry *entry, const char *why, rf_error *error);

/* In encode_stream.c: the stream as commands, or as RESTORE where they would lose something. */
rf_code encode_stream(struct encoder *e, rf_entry *entry, rf_error *error);

#endif
