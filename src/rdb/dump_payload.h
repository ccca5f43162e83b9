/* SPDX-License-Identifier: MIT */
/* DUMP payloads, what RESTORE takes: a value that carries its own version and checksum.
 *
 *   [KEY_META opcode and record]  type byte  value  u16le RDB version  u64le CRC-64 of all before
 *
 * The version written is the lowest that has the type, which is what the most servers accept. From 80 on a
 * version is Valkey's, and so is the type. A checksum of zero was not computed (Redis 8.10).
 * (Valkey src/cluster.c: createDumpPayload, verifyDumpPayload) */
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

/* The size of the payload; holds the value, which can then still be used. */
rf_code dump_payload_size(rf_entry *key, uint64_t *size, rf_error *error);

/* Hands out the payload in pieces. */
rf_code dump_payload_put(rf_entry *key, rf_bytes_fn fn, void *ctx, rf_error *error);

/* Appends the whole payload to `into`, and uses up the value, if it has no more than `most` raw bytes and its
 * frame is sound. *taken is false where not: the value is as it was. It is looked into as rf_value_check()
 * does, which counts its *elements; of an error in it nothing is appended, and the reader can go on. */
rf_code dump_payload_take(rf_entry *key, size_t most, struct buffer *into, uint64_t *elements, bool *taken,
                          rf_error *error);

/* --- reading --- */

/* A payload whose value is being read; stays where it is while it is open. */
struct dump_payload {
    struct window w;
    struct rf_value value;
    struct hash_template template;
    struct hash_templates none; /* those of files mean nothing here */
    rf_notify nobody;
    rf_error sticky;
};

/* Checks version and checksum, and fills in `entry`: kind, type, encoding, metadata and value, and db and key
 * as they are given, for errors. `payload`, `key` and `source`, the input's name in errors, outlive the
 * payload. RF_E_UNSUPPORTED for a type that is not known; after an error there is nothing to close. */
rf_code dump_payload_open(struct dump_payload *p, rf_slice payload, int64_t db, rf_slice key,
                          const char *source, rf_entry *entry, rf_error *error);

/* Of a value that has been used: RF_E_CORRUPT if the payload has more than that. */
rf_code dump_payload_finish(struct dump_payload *p, rf_error *error);

void dump_payload_close(struct dump_payload *p);

#endif
