/* SPDX-License-Identifier: MIT */
/* Notices: conditions that a user should know about but that are not errors. The library neither counts nor
 * prints them; it calls the given function on the thread that reads entries. */
#ifndef RDBFERRY_NOTICE_H
#define RDBFERRY_NOTICE_H

#include <rdbferry/slice.h>
#include <stdint.h>

/* clang-format off */
#define RF_NOTICES(X)                                                                              \
    X(EMPTY_KEY,       "empty_key",       "empty keys skipped, as servers do")                     \
    X(TRAILING_BYTES,  "trailing_bytes",  "bytes after the end of the RDB ignored")                \
    X(END_MARK,        "end_mark",        "the EOF mark of diskless replication skipped")          \
    X(NO_DATA,         "no_data",         "an AOF without data")                                   \
    X(OLD_FILE,        "old_file",        "files of the replaced AOF could not be removed")        \
    X(UNNAMED_FILE,    "unnamed_file",    "files in the AOF directory that no manifest names: left as they are") \
    X(NO_CHECKSUM,     "no_checksum",     "no checksum in the input")                              \
    X(FOREIGN_RECORD,  "foreign_record",  "vendor-specific records skipped")                       \
    X(SLOT_IMPORT,     "slot_import",     "slot import in progress: keys of these slots may be incomplete") \
    X(STREAM_LENGTH,   "stream_length",   "streams with counters inconsistent with their entries") \
    X(MANY_DATABASES,  "many_databases",  "database numbers of 16 or more: raise `databases` on the server") \
    X(SCRIPT_DROPPED,  "script_dropped",  "cached scripts (aux 'lua') not migrated")               \
    X(STREAM_COUNTERS, "stream_counters", "streams written without counters, which the target version does not support") \
    X(BY_RESTORE,      "by_restore",      "keys written as RESTORE")                               \
    X(DROPPED,         "dropped",         "skipped: not supported by the target version")          \
    X(DETAIL,          "detail_dropped",  "keys written without a detail that the target does not support") \
    X(JSON_STRING,     "json_string",     "JSON documents written as strings (--target-module json writes JSON)") \
    X(MODULE_VALUE,    "module_value",    "module values; the server must have the modules")       \
    X(UNKNOWN_COMMAND, "unknown_command", "commands unknown to all servers; the server must have their modules") \
    X(RELATIVE_EXPIRY, "relative_expiry", "commands with a relative expiry, copied as they are: it counts from when they are loaded") \
    X(PRESENT_END,     "present_end",     "the file is being written: read up to its present end") \
    X(MODULE_AUX,      "module_aux",      "module auxiliary records; the server must have the modules") \
    X(MODULE_AUX_TYPE, "module_aux_type", "module auxiliary records skipped, as type module is excluded") \
    X(OTHER_MODULE_AUX, "other_module_aux", "module auxiliary records that differ between inputs; all are written") \
    X(SAME_MODULE_AUX, "same_module_aux", "duplicate module auxiliary records with the same content") \
    X(SAME_FUNCTION,   "same_function",   "duplicate function libraries with the same code")
/* clang-format on */

typedef enum rf_notice_code {
#define RF_NOTICE_ENUM(name, id, text) RF_NOTICE_##name,
    RF_NOTICES(RF_NOTICE_ENUM)
#undef RF_NOTICE_ENUM
        RF_NOTICE_COUNT
} rf_notice_code;

typedef struct rf_notice {
    rf_notice_code code;
    int64_t offset; /* in the decoded stream; -1: none */
    int db;         /* -1: none */
    rf_slice key;   /* empty with db -1: no key concerned */
    const char *detail;
} rf_notice;

/* `detail` and `key` are borrowed until the function returns. */
typedef struct rf_notify {
    void (*fn)(void *ctx, const rf_notice *notice); /* may be NULL */
    void *ctx;
} rf_notify;

#endif
