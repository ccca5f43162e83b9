/* SPDX-License-Identifier: MIT */
/* DUMP payloads, what RESTORE takes: a value that carries its own version and checksum.
 *
 *   [KEY_META opcode and record]  type byte  value  u16le RDB version  u64le CRC-64 of all before
 *
 * The version written is the lowest that has the type, which is what the most servers accept.
 * (Valkey src/cluster.c: createDumpPayload, verifyDumpPayload) */
#ifndef RDB_DUMP_PAYLOAD_H
#define RDB_DUMP_PAYLOAD_H

#include <rdbferry/entry.h>
#include <rdbferry/error.h>
#include <rdbferry/value.h>
#include <rdbferry/version.h>
#include <stdbool.h>

/* Whether `target` accepts the payload of this key. */
bool dump_payload_accepted(const rf_entry *key, rf_server target);

/* The size of the payload; holds the value, which can then still be used. */
rf_code dump_payload_size(rf_entry *key, uint64_t *size, rf_error *error);

/* Hands out the payload in pieces. */
rf_code dump_payload_put(rf_entry *key, rf_bytes_fn fn, void *ctx, rf_error *error);

#endif
