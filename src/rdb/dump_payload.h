/* SPDX-License-Identifier: MIT */
/* DUMP payloads, the argument of RESTORE: a value with its own version and checksum.
 *
 *   [KEY_META opcode and record]  type byte  value  u16le RDB version  u64le CRC-64 of all before
 *
 * The version written is the lowest that has the type, which most servers accept. Versions from 80 on, and
 * the type bytes used with them, are Valkey's. A checksum of zero means none (Redis 8.10). (Valkey
 * src/cluster.c: createDumpPayload, verifyDumpPayload) */
#ifndef RDB_DUMP_PAYLOAD_H
#define RDB_DUMP_PAYLOAD_H

#include "rdb/value.h"
#include <rdbferry/entry.h>
#include <rdbferry/error.h>
#include <rdbferry/value.h>
#include <rdbferry/version.h>
#include <stdbool.h>

/* --- making --- */

/* Whether `target` accepts the payload of this key. */
bool dump_payload_accepted(const rf_entry *key, rf_server target);

/* The size of the payload; holds the value, which can still be used afterwards. */
rf_code dump_payload_size(rf_entry *key, uint64_t *size, rf_error *error);

/* Passes the payload to `fn` in pieces. */
rf_code dump_payload_put(rf_entry *key, rf_bytes_fn fn, void *ctx, rf_error *error);

/* Appends the whole payload to `into`, and consumes the value, if it has no more than `most` raw bytes and
 * its framing is intact. Otherwise *taken is false and the value is unchanged. The value is checked as by
 * rf_value_check(), which counts its *elements; after an error in it nothing is appended, and the reader can
 * continue. */
rf_code dump_payload_take(rf_entry *key, size_t most, struct buffer *into, uint64_t *elements, bool *taken,
                          rf_error *error);

/* --- reading --- */

/* A payload whose value is being read; must not be moved while it is open. */
struct dump_payload {
    rf_dialect dialect;
    int version; /* the RDB version of the server that made it */
    struct window w;
    struct rf_value value;
    struct hash_template template;
    struct hash_templates none; /* payloads do not use those of files */
    rf_notify no_listener;
    rf_error sticky;
};

/* Checks version and checksum, and sets kind, type, encoding, metadata and value of `entry`, and, for errors,
 * the given db and key. `payload`, `key` and `source`, the input's name in errors, must outlive the payload.
 * RF_E_UNSUPPORTED for an unknown type; after an error there is nothing to close. */
rf_code dump_payload_open(struct dump_payload *p, rf_slice payload, int64_t db, rf_slice key,
                          const char *source, rf_entry *entry, rf_error *error);

/* To be called when the value has been consumed: RF_E_CORRUPT if the payload has trailing bytes. */
rf_code dump_payload_finish(struct dump_payload *p, rf_error *error);

void dump_payload_close(struct dump_payload *p);

#endif
