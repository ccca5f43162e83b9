/* SPDX-License-Identifier: MIT */
/* Writing RDB files for any server: entries in, records out.
 *
 *   header  AUX*  (FUNCTION2 | MODULE_AUX | SELECTDB RESIZEDB? key*)*  EOF  CRC-64
 *   key:  [EXPIRETIME_MS] [IDLE | FREQ] [KEY_META]  type  key  value
 *
 * The version written is the target's. A value is copied unchanged if the target supports its encoding, and
 * re-encoded in a plainer type otherwise (rdb_reencode.h); a hash with a template always is. Data that the
 * version cannot represent is RF_E_INCOMPATIBLE, naming the key, or dropped with a notice.
 *
 * RESIZEDB holds the number of keys of a database and how many of them expire, before the keys. If the output
 * can be patched, it is written at the database's first SELECTDB with lengths of full width, which are set to
 * the exact numbers at the end:
 *
 *   FB  81 keys, 8 bytes  81 expiring, 8 bytes
 *   FB  80 keys, 4 bytes  80 expiring, 4 bytes       before RDB 8
 *
 * The checksum is updated accordingly, so nothing is read again. Databases from RDB_COUNTED_DATABASES on have
 * no RESIZEDB. If the output cannot be patched, the hints of the input are passed on. */
#ifndef RDB_RDB_WRITER_H
#define RDB_RDB_WRITER_H

#include "base/select_hook.h"
#include "io/output.h"
#include "rdb/rdb_format.h"
#include <rdbferry/entry.h>
#include <rdbferry/notice.h>
#include <rdbferry/strings.h>
#include <rdbferry/value.h>
#include <rdbferry/version.h>

enum rdb_purpose { RDB_PLAIN, RDB_AOF_PREAMBLE, RDB_AOF_BASE };

enum { RDB_COUNTED_DATABASES = 1024 };

/* The state of a database in the output. */
struct rdb_database {
    uint64_t counts_at; /* position of the lengths of its RESIZEDB in the output; 0: it has none */
    uint64_t keys, expiring;
};

struct rdb_writer {
    struct outbuf *buf;
    struct output *out; /* the owner of `buf`; NULL: a part */
    struct select_hook select;
    rf_server target;
    int version;
    int64_t db; /* selected database; -1: none yet */
    bool drop_unsupported, drop_detail, json;
    bool has_checksum; /* `out` computes CRC-64 from its first byte; else zero is written */
    bool counts;       /* RESIZEDB is patched; else it is the input's, or there is none */
    rf_notify notify;
    struct rdb_database *selected;
    struct rdb_database databases[RDB_COUNTED_DATABASES + 1]; /* the last one represents all others */
};

/* Writes the header. `options` are not retained. The writer must not be moved afterwards. */
void rdb_writer_open(struct rdb_writer *w, struct output *out, enum rdb_purpose purpose,
                     const rf_sink_options *options);

/* Writes only keys, without header, selects and end: for rdb_writer_append() to another writer. The keys
 * since a select are counted in w->selected, which is the same for all databases. */
void rdb_writer_open_part(struct rdb_writer *w, struct outbuf *buf, struct select_hook select,
                          const rf_sink_options *options);

/* Appends keys of one database that a part has written since a select. */
void rdb_writer_append(struct rdb_writer *w, int64_t db, uint64_t keys, uint64_t expiring, rf_slice records);

/* Writes one entry; AUX fields are skipped and commands rejected. */
rf_code rdb_writer_put(struct rdb_writer *w, rf_entry *entry, rf_error *error);

/* Whether rdb_writer_put_strings() may be called: not for the oldest versions. */
static inline bool rdb_writer_takes_strings(const struct rdb_writer *w)
{
    return w->version >= RDB_EVICTION_SINCE;
}

/* rf_sink_put_strings(). Does not check buf->code. */
void rdb_writer_put_strings(struct rdb_writer *w, const rf_strings *strings);

/* Writes the end and the checksum, and patches the counts. */
rf_code rdb_writer_end(struct rdb_writer *w, rf_error *error);

#endif
