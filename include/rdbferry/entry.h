/* SPDX-License-Identifier: MIT */
/* An entry: one item of an input. A plain struct; transforms may change its fields before it reaches a
 * sink. */
#ifndef RDBFERRY_ENTRY_H
#define RDBFERRY_ENTRY_H

#include <rdbferry/api.h>
#include <rdbferry/error.h>
#include <rdbferry/slice.h>
#include <rdbferry/version.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct rf_value rf_value;
typedef struct rf_arguments rf_arguments;

typedef enum rf_entry_kind {
    RF_ENTRY_AUX,            /* name, text */
    RF_ENTRY_FUNCTION,       /* text: the library's code */
    RF_ENTRY_MODULE_AUX,     /* name: the module, text: the raw record after the opcode */
    RF_ENTRY_KEY_COUNTS,     /* db, keys, expiring: a hint before a database's keys */
    RF_ENTRY_KEY,            /* db, key, type and below */
    RF_ENTRY_COMMAND,        /* db, argc, argv: a command of an AOF */
    RF_ENTRY_FOREIGN,        /* db, key, name, text: a data record that only servers of one vendor understand;
                                `name` is the vendor, `text` the kind of record: "cron job" */
    RF_ENTRY_FOREIGN_DETAIL, /* the same; db and key are those of the preceding key, to which it belongs */
} rf_entry_kind;

/* A logical type, as reported by the TYPE command. */
/* clang-format off */
#define RF_TYPES(X)                                                                     \
    X(STRING, "string") X(LIST, "list") X(SET, "set") X(ZSET, "zset") X(HASH, "hash")   \
    X(STREAM, "stream") X(MODULE, "module") X(ARRAY, "array")             \
    X(PATH_HASH, "path-hash")
/* clang-format on */

typedef enum rf_type {
#define RF_TYPE_ENUM(name, text) RF_##name,
    RF_TYPES(RF_TYPE_ENUM)
#undef RF_TYPE_ENUM
        RF_TYPE_COUNT
} rf_type;

/* "string", "zset"; "?" for RF_TYPE_COUNT, which is no type. */
RF_API const char *rf_type_name(rf_type type);

/* The type of that name, or of "str" and "sortedset". False: none. */
RF_API bool rf_type_parse(rf_slice name, rf_type *out);

/* Whether a value without elements can exist: servers delete empty collections, and drop or reject them when
 * loading. */
static inline bool rf_may_be_empty(rf_type type)
{
    return type == RF_STRING || type == RF_STREAM || type == RF_MODULE;
}

/* Name, origin and meaning of a wire type. */
typedef struct rf_encoding {
    const char *name; /* "listpack", "quicklist", ... as reported by OBJECT ENCODING where possible */
    rf_type type;
    uint8_t number;     /* the type byte */
    int since;          /* the first RDB version that has it */
    rf_dialect dialect; /* its project, from `since` 12 on; before that, common to both */
} rf_encoding;

/* Parses the first line of a function library's code, "#!<engine> name=<name>". What is missing is empty; if
 * anything is, servers reject the library, and the result is false. Both point into `code`. */
RF_API bool rf_function_header(rf_slice code, rf_slice *engine, rf_slice *name);

/* The name of a function library; without one, the first line of the code. */
RF_API rf_slice rf_function_name(rf_slice code);

/* Whether a server of known version can load an RDB with such a value. */
RF_API bool rf_server_reads(rf_server server, const rf_encoding *encoding);

/* Whether the module is built into the server: vector sets are, from Redis 8.0 on. Any other module must be
 * loaded. */
RF_API bool rf_server_has_module(rf_server server, const char *module);

enum { RF_NO_EXPIRY = -1 };

typedef struct rf_entry {
    rf_entry_kind kind;
    uint64_t offset; /* of its first byte in the decoded stream */
    int64_t db;
    rf_slice key;
    int slot; /* of the key in a cluster; -1: not computed yet */
    rf_type type;
    const rf_encoding *encoding; /* of the value in the input */
    int64_t expire_ms;           /* Unix time in milliseconds; RF_NO_EXPIRY: none */
    int64_t idle;                /* seconds since it was used (LRU); -1: not recorded */
    int freq;                    /* LFU counter 0..255; -1: not recorded */
    bool no_evict;               /* a server must not evict it (Redis 8.12) */
    const char *vendor_flags;    /* what only servers of one vendor know of it, and is skipped: "Dragonfly: a
                                    sticky key"; static; mostly NULL */
    rf_slice metadata;           /* a raw KEY_META record without its opcode (Redis 8.6+); mostly empty */
    rf_value *value;             /* lazy; owned by the reader, invalid after the next entry */
    rf_slice name;
    rf_slice text;
    uint64_t keys, expiring;
    const rf_slice *argv;
    size_t argc;
    unsigned row; /* of a command: its number in the library's table of commands, found by the reader; 0: not
                     looked up, or not in the table. What changes the name of a command sets it to 0 */
    rf_slice raw; /* the arguments from number `raw_from` to the last of argv as they stand in the input,
                     bulk strings of RESP; empty: not known */
    size_t raw_from;
    rf_arguments *rest;  /* the arguments after argv, which are streamed (see rf_command_stream()); mostly
                            NULL: there are none. Owned by the reader, invalid after the next entry */
    uint64_t rest_count; /* their number */
    int64_t time;        /* of a command: Unix seconds, from the last #TS annotation before it; 0: unknown */
    bool db_unknown; /* of a command: a SELECT may have been lost in damage before it; db is the last one */
} rf_entry;

/* Methods of writing a key to a running server. */
enum {
    RF_WRITE_COMMANDS = 1, /* element by element */
    RF_WRITE_RESTORE = 2,  /* serialized, in one argument */
    RF_WRITE_PARTIAL =
        4, /* without details that the server does not support, such as expiries of hash fields */
};

/* Determines the methods by which a key can be written to a server of known version: a combination of the
 * above, 0 if the server does not support it. Loaded modules are not considered, except those built into
 * Redis. The value must not have been consumed, and can be used afterwards. */
RF_API rf_code rf_server_write_modes(rf_server server, rf_entry *key, unsigned *modes, rf_error *error);

#endif
