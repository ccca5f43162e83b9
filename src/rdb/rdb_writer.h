/* SPDX-License-Identifier: MIT */
/* Writing RDB files: entries in, records out; values are copied as they are.
 *
 *   header  AUX*  (FUNCTION2 | MODULE_AUX | SELECTDB RESIZEDB? key*)*  EOF  CRC-64
 *   key:  [EXPIRETIME_MS] [IDLE | FREQ] [KEY_META]  type  key  value
 *
 * The version written is the target's. What that version has no type or record for is RF_E_UNSAYABLE. */
#ifndef RDB_RDB_WRITER_H
#define RDB_RDB_WRITER_H

#include "io/output.h"
#include <rdbferry/entry.h>
#include <rdbferry/notice.h>
#include <rdbferry/value.h>
#include <rdbferry/version.h>

enum rdb_purpose { RDB_PLAIN, RDB_AOF_PREAMBLE, RDB_AOF_BASE };

struct rdb_writer {
    struct output *out; /* adding up CRC-64 from its first byte */
    rf_server target;
    int version;
    int64_t db; /* selected; -1: none yet */
    bool drop_unsupported, check;
    rf_notify notify;
};

/* Writes the header. `options` are read, not kept. */
void rdb_writer_open(struct rdb_writer *w, struct output *out, enum rdb_purpose purpose,
                     const rf_sink_options *options);

/* Writes one entry; aux and commands are not for an RDB, and are refused or passed by. */
rf_code rdb_writer_put(struct rdb_writer *w, rf_entry *entry, rf_error *error);

/* Writes the end and the checksum. */
rf_code rdb_writer_end(struct rdb_writer *w, rf_error *error);

#endif
