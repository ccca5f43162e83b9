/* SPDX-License-Identifier: MIT */
/* Notices: what a user should know of and is no error. The library counts nothing and prints nothing;
 * it calls the function it was given, on the thread that reads entries. */
#ifndef RDBFERRY_NOTICE_H
#define RDBFERRY_NOTICE_H

#include <rdbferry/slice.h>
#include <stdint.h>

/* clang-format off */
#define RF_NOTICES(X)                                                                              \
    X(EMPTY_KEY,       "empty_key",       "empty keys skipped, as a server does")                  \
    X(TRAILING_BYTES,  "trailing_bytes",  "bytes after the end of the RDB ignored")                \
    X(END_MARK,        "end_mark",        "the end mark of a diskless primary skipped")           \
    X(NO_DATA,         "no_data",         "an AOF without any data")                               \
    X(OLD_FILE,        "old_file",        "files of the AOF that was replaced could not be removed") \
    X(NO_CHECKSUM,     "no_checksum",     "no checksum in the input")                              \
    X(FOREIGN_RECORD,  "foreign_record",  "records of another vendor skipped")                     \
    X(SLOT_IMPORT,     "slot_import",     "slots were being imported: their keys may be incomplete") \
    X(STREAM_LENGTH,   "stream_length",   "streams whose totals contradict their entries")       \
    X(MANY_DATABASES,  "many_databases",  "databases numbered 16 or more: the server must be set to have them") \
    X(SCRIPT_DROPPED,  "script_dropped",  "cached scripts (aux 'lua') not carried over")           \
    X(STREAM_COUNTERS, "stream_counters", "streams whose counters the target version does not have")   \
    X(BY_RESTORE,      "by_restore",      "keys written as RESTORE")                               \
    X(DROPPED,         "dropped",         "dropped: the target version has no way to say it")      \
    X(DETAIL,          "detail_dropped",  "keys written without a detail that the target does not support") \
    X(MODULE_VALUE,    "module_value",    "values of modules, which the server must have")           \
    X(UNKNOWN_COMMAND, "unknown_command", "commands that no server has by itself: the server must have their modules") \
    X(MODULE_AUX,      "module_aux",      "records that modules saved beside the keys; the server must have the modules") \
    X(MODULE_AUX_TYPE, "module_aux_type", "records that modules saved beside the keys left out, as type module is") \
    X(OTHER_MODULE_AUX, "other_module_aux", "records of a module that other inputs have with other content; all are written") \
    X(SAME_MODULE_AUX, "same_module_aux", "records of modules found again with the same bytes")          \
    X(SAME_FUNCTION,   "same_function",   "function libraries found again with the same code")
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
    void (*fn)(void *ctx, const rf_notice *notice); /* NULL: nobody listens */
    void *ctx;
} rf_notify;

#endif
