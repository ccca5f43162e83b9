/* SPDX-License-Identifier: MIT */
/* Writing RDB files for any server: entries in, records out.
 *
 *   header  AUX*  (FUNCTION2 | MODULE_AUX | SELECTDB RESIZEDB? key*)*  EOF  CRC-64
 *   key:  [EXPIRETIME_MS] [IDLE | FREQ] [KEY_META]  type  key  value
 *
 * The version written is the target's. A value is copied as it is where the target reads it so, and written
 * anew in a plainer type where it does not (rdb_reencode.h); a hash with a template is always. What the
 * version has no type or record for is RF_E_UNSAYABLE, naming the key, or left out with a notice.
 *
 * RESIZEDB tells how many keys a database has and how many of them expire, before the keys. Where the output
 * can be patched it is put at the database's first SELECTDB with lengths of full width, which get the exact
 * numbers at the end:
 *
 *   FB  81 keys, 8 bytes  81 expiring, 8 bytes
 *   FB  80 keys, 4 bytes  80 expiring, 4 bytes       before RDB 8
 *
 * The checksum is corrected by what the change makes of it, so nothing is read again. Databases from
 * RDB_COUNTED_DATABASES on get none. Where the output cannot be patched the input's own hints are passed on.
 */
#ifndef RDB_RDB_WRITER_H
#define RDB_RDB_WRITER_H

#include "io/output.h"
#include <rdbferry/entry.h>
#include <rdbferry/notice.h>
#include <rdbferry/value.h>
#include <rdbferry/version.h>

enum rdb_purpose { RDB_PLAIN, RDB_AOF_PREAMBLE, RDB_AOF_BASE };

enum { RDB_COUNTED_DATABASES = 1024 };

/* What has been written of a database. */
struct rdb_database {
    uint64_t counts_at; /* where the lengths of its RESIZEDB are in the output; 0: it has none */
    uint64_t keys, expiring;
};

struct rdb_writer {
    struct output *out; /* adding up CRC-64 from its first byte */
    rf_server target;
    int version;
    int64_t db; /* selected; -1: none yet */
    bool drop_unsupported, drop_detail;
    bool counts; /* RESIZEDB is patched; or it is the input's, or there is none */
    rf_notify notify;
    struct rdb_database *selected;
    struct rdb_database databases[RDB_COUNTED_DATABASES + 1]; /* the last one stands for all others */
};

/* Writes the header. `options` are read, not kept. The writer stays where it is from here on. */
void rdb_writer_open(struct rdb_writer *w, struct output *out, enum rdb_purpose purpose,
                     const rf_sink_options *options);

/* Writes one entry; aux and commands are not for an RDB, and are refused or passed by. */
rf_code rdb_writer_put(struct rdb_writer *w, rf_entry *entry, rf_error *error);

/* Writes the end and the checksum, and patches what was counted. */
rf_code rdb_writer_end(struct rdb_writer *w, rf_error *error);

#endif
