/* SPDX-License-Identifier: MIT */
/* Definitions shared by readers and writers of RDB files: opcodes by name (opcodes.def has all of them), the
 * versions that introduced them, and which server reads what. */
#ifndef RDB_RDB_FORMAT_H
#define RDB_RDB_FORMAT_H

#include <rdbferry/version.h>
#include <stdbool.h>

enum rdb_opcode_number {
    RDB_DRAGONFLY_KEY_FLAGS = 220,
    RDB_KEY_NO_EVICT = 241,
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
    RDB_LAST_COMMON = 11, /* later versions of the two projects are unrelated */
    RDB_KEY_META_SINCE = 13,
    RDB_NO_EVICT_SINCE = 16,
    RDB_STREAM_CHECKS_SINCE = 14, /* Redis rejects inconsistent streams; Valkey does not */
};

/* Whether a server of `reader`'s dialect that reads RDB `version` supports what was introduced in version
 * `since` of `dialect`. */
static inline bool rdb_known_to(rf_dialect reader, int version, int since, rf_dialect dialect)
{
    return since <= version && (since <= RDB_LAST_COMMON || dialect == reader);
}

enum {
    RDB_ZIPMAP = 9,                   /* a hash in the earliest versions */
    RDB_STREAM_WITHOUT_COUNTERS = 15, /* without entries-added, max-deleted ID and entries-read */
};

enum { RDB_STRING = 0, RDB_MODULE = 7, RDB_SET_LISTPACK = 20 };

/* From which Dragonfly counts the seconds of a field's or member's expiry: 2023-02-01 00:00 UTC. */
#define RDB_DRAGONFLY_EXPIRY_BASE INT64_C(1675209600)

/* The range of a hash field's expiry, in ms: in the format of Redis, and in its commands. */
enum { RDB_FIELD_EXPIRE_BITS = 48, RDB_FIELD_EXPIRE_COMMAND_BITS = 46 };

#endif
