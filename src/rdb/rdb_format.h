/* SPDX-License-Identifier: MIT */
/* What those who read and those who write RDB files both have to know: opcodes by name (opcodes.def has them
 * all), the versions that brought them, and which server reads what. */
#ifndef RDB_RDB_FORMAT_H
#define RDB_RDB_FORMAT_H

#include <rdbferry/version.h>
#include <stdbool.h>

enum rdb_opcode_number {
    RDB_KEY_META = 243,
    RDB_FUNCTION2 = 245,
    RDB_MODULE_AUX = 247,
    RDB_IDLE = 248,
    RDB_FREQ = 249,
    RDB_AUX = 250,
    RDB_RESIZEDB = 251,
    RDB_EXPIRETIME_MS = 252,
    RDB_EXPIRETIME = 253,
    RDB_SELECTDB = 254,
    RDB_END = 255,
};

enum rdb_since {
    RDB_EXPIRETIME_MS_SINCE = 3,
    RDB_CHECKSUM_SINCE = 5,
    RDB_SHORT_ZIPLIST_INTEGERS_SINCE = 6,
    RDB_AUX_SINCE = 7,          /* and RESIZEDB */
    RDB_LONG_LENGTHS_SINCE = 8, /* those of 64 bits */
    RDB_EVICTION_SINCE = 9,
    RDB_MODULE_AUX_SINCE = 9,
    RDB_FUNCTION_SINCE = 10,
    RDB_LAST_COMMON = 11, /* after it the two projects' versions mean nothing to each other */
    RDB_KEY_META_SINCE = 13,
    RDB_STREAM_CHECKS_SINCE = 14, /* a stream is refused that contradicts itself, by Redis; Valkey does not */
};

/* Whether a server of `reader`'s dialect that reads RDB `version` knows what came with version `since` of
 * `dialect`. */
static inline bool rdb_known_to(rf_dialect reader, int version, int since, rf_dialect dialect)
{
    return since <= version && (since <= RDB_LAST_COMMON || dialect == reader);
}

enum {
    RDB_ZIPMAP = 9,                   /* a hash of the first versions */
    RDB_STREAM_WITHOUT_COUNTERS = 15, /* of what has been added to it, deleted, or read by its groups */
};

/* When a hash's field may expire, in ms: what the format of Redis has room for, and what its commands take.
 */
enum { RDB_FIELD_EXPIRE_BITS = 48, RDB_FIELD_EXPIRE_COMMAND_BITS = 46 };

#endif
