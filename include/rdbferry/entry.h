/* SPDX-License-Identifier: MIT */
/* An entry: one thing found in an input. A plain struct; transforms may change its fields before a
 * sink sees it. */
#ifndef RDBFERRY_ENTRY_H
#define RDBFERRY_ENTRY_H

#include <rdbferry/api.h>
#include <rdbferry/error.h>
#include <rdbferry/slice.h>
#include <rdbferry/version.h>
#include <stdint.h>

typedef struct rf_value rf_value;

typedef enum rf_entry_kind {
    RF_ENTRY_AUX,        /* name, text */
    RF_ENTRY_FUNCTION,   /* text: the library's code */
    RF_ENTRY_MODULE_AUX, /* name: the module, text: the raw record after the opcode */
    RF_ENTRY_KEY_COUNTS, /* db, keys, expiring: a hint before a database's keys */
    RF_ENTRY_KEY,        /* db, key, type and below */
    RF_ENTRY_COMMAND,    /* db, argc, argv: a command of an AOF */
    RF_ENTRY_FOREIGN,    /* db, key, name, text: a record that holds data and that only servers of one vendor
                            understand; its own name, the vendor's, and what it is: "cron job" */
    RF_ENTRY_FOREIGN_DETAIL, /* likewise; db and key are those of the key before, to which it belongs */
} rf_entry_kind;

/* A logical type, as TYPE names it. */
/* clang-format off */
#define RF_TYPES(X)                                                                     \
    X(STRING, "string") X(LIST, "list") X(SET, "set") X(ZSET, "zset") X(HASH, "hash")   \
    X(STREAM, "stream") X(MODULE, "module") X(ARRAY, "array")
/* clang-format on */

typedef enum rf_type {
#define RF_TYPE_ENUM(name, text) RF_##name,
    RF_TYPES(RF_TYPE_ENUM)
#undef RF_TYPE_ENUM
        RF_TYPE_COUNT
} rf_type;

/* How a wire type is called, where it comes from, what it means. */
typedef struct rf_encoding {
    const char *name; /* "listpack", "quicklist", ... as OBJECT ENCODING would say it where it can */
    rf_type type;
    uint8_t number;     /* the type byte */
    int since;          /* the first RDB version that has it */
    rf_dialect dialect; /* whose it is from `since` 12 on; before that it is common to both */
} rf_encoding;

/* The name of a function library, which lies in its code: "#!<engine> name=<name>". Where there is none it
 * is the first line. */
RF_API rf_slice rf_function_name(rf_slice code);

/* Whether an RDB with such a value can be loaded by `server`, of which the version is known. */
RF_API bool rf_server_reads(rf_server server, const rf_encoding *encoding);

/* Whether a module's values are the server's own: vector sets are, from Redis 8.0 on. Any other module has to
 * be provided. */
RF_API bool rf_server_has_module(rf_server server, const char *module);

enum { RF_NO_EXPIRY = -1 };

typedef struct rf_entry {
    rf_entry_kind kind;
    uint64_t offset; /* of its first byte in the decoded stream */
    int64_t db;
    rf_slice key;
    int slot; /* that the key has in a cluster; -1: nobody has worked it out */
    rf_type type;
    const rf_encoding *encoding; /* of the value, as it lies in the input */
    int64_t expire_ms;           /* Unix time in milliseconds; RF_NO_EXPIRY: none */
    int64_t idle;                /* seconds since it was used (LRU); -1: not recorded */
    int freq;                    /* LFU counter 0..255; -1: not recorded */
    rf_slice metadata;           /* a raw KEY_META record without its opcode (Redis 8.6+); mostly empty */
    rf_value *value;             /* lazy; owned by the reader, gone with the next entry */
    rf_slice name;
    rf_slice text;
    uint64_t keys, expiring;
    const rf_slice *argv;
    size_t argc;
} rf_entry;

/* Ways in which a key can be written to a running server. */
enum {
    RF_BY_COMMANDS = 1, /* element by element */
    RF_BY_RESTORE = 2,  /* whole, in one argument */
    RF_IN_PART = 4,     /* by commands, but for details such as expiries of hash fields */
};

/* Which ways there are to write a key to `server`, of which the version is known: a sum of the above, 0 where
 * it has no words for it. Whether the server has a module that the value needs, it does not know, unless the
 * module is Redis's own. The value, which has not been used, can be used afterwards. */
RF_API rf_code rf_server_takes(rf_server server, rf_entry *key, unsigned *ways, rf_error *error);

#endif
