/* SPDX-License-Identifier: MIT */
/* Options of commands that write outputs: format, target version, and handling of collisions. A command's
 * struct holds a struct output_options named `written`. */
#ifndef CMD_OPTIONS_OUTPUT_OPTIONS_H
#define CMD_OPTIONS_OUTPUT_OPTIONS_H

#include "cmd/options/options.h"
#include "cmd/options/output_kind.h"
#include "cmd/run/collisions.h"
#include <rdbferry/sink.h>

struct output_options {
    int to;     /* enum output_kind */
    int base;   /* rf_aof_base */
    int binary; /* rf_json_bytes */
    const char *appendfilename;
    bool preamble;
    bool restore, drop_unsupported, drop_detail, force, unsafe, check;
    rf_server target; /* 0.0: determined by the inputs */
    int on_collision; /* enum collision_policy */
    uint64_t memory;
    const char *explain_key; /* NULL: no key is explained */
    uint64_t explain_db;
};

enum { OPT_UNSET = -1 }; /* of an option with choices */
#define OPT_UNSET_DB UINT64_MAX

/* The state before options are parsed. */
#define OUTPUT_OPTIONS                                                     \
    {                                                                      \
        .base = OPT_UNSET, .binary = OPT_UNSET, .explain_db = OPT_UNSET_DB \
    }

extern const struct option_choice base_choices[], binary_choices[], collision_choices[];

#define DROP_DETAIL_HELP \
    "write keys without details that the target does not\nsupport, such as expiries of hash fields"

/* clang-format off */
#define OUTPUT_AT(type, member) .offset = offsetof(type, written.member)

#define KIND_ROWS(type)                                                                                       \
    {OPTION_CHOICE, 0, "base", "KIND", "aof-dir: format of the base file: rdb or aof (rdb)",                      \
     OUTPUT_AT(type, base), .choices = base_choices},                                                        \
    {OPTION_STRING, 0, "appendfilename", "NAME", "aof-dir: the server's appendfilename\n(appendonly.aof)", \
     OUTPUT_AT(type, appendfilename)},                                                                       \
    {OPTION_CHOICE, 0, "binary", "HOW",                                                                       \
     "jsonl: write bytes that are not valid UTF-8 as\n\\u0080 to \\u00ff (escape) or, without loss, as base64\n(escape)", \
     OUTPUT_AT(type, binary), .choices = binary_choices},                                                    \
    {OPTION_FLAG, 0, "check", .help =                                                                         \
     "check every value, also those only copied into an\nRDB, and look for duplicate keys",    \
     OUTPUT_AT(type, check)}

#define UNSAFE_ROW(type)                                                                                      \
    {OPTION_FLAG, 0, "force-unsafe", .help =                                                                  \
     "like --force, but also replace files that a running\nserver has open, and write to a directory that holds\nother files",     \
     OUTPUT_AT(type, unsafe)}

#define READER_ROWS(type)                                                                                     \
    {OPTION_HEADING, .help = "Target"},                                                                       \
    {OPTION_SERVER, 0, "target-version", "VERSION",                                                           \
     "server that will load the output, such as 6.2 or\nvalkey-9.0 (default: the one that wrote the input)",    \
     OUTPUT_AT(type, target)},                                                                               \
    {OPTION_FLAG, 0, "restore", .help = "write all keys except strings as RESTORE", OUTPUT_AT(type, restore)},  \
    {OPTION_FLAG, 0, "drop-unsupported", .help = "skip what the target version does not support",               \
     OUTPUT_AT(type, drop_unsupported)},                                                                     \
    {OPTION_FLAG, 0, "drop-detail", .help = DROP_DETAIL_HELP, OUTPUT_AT(type, drop_detail)}

#define COLLISION_ROWS(type)                                                                                  \
    {OPTION_HEADING, .help = "Name collisions; explaining one key"},  \
    {OPTION_CHOICE, 0, "on-collision", "POLICY",                                                              \
     "when keys end up with the same name: fail, skip (keep\nthe first) or overwrite (keep the last) (fail)", \
     OUTPUT_AT(type, on_collision), .choices = collision_choices},                                           \
    {OPTION_SIZE, 0, "memory", "SIZE", "memory for detecting collisions; beyond it, temporary\nfiles in $TMPDIR (512M)", OUTPUT_AT(type, memory)}, \
    {OPTION_STRING, 0, "explain-key", "KEY",                                                                  \
     "show how the rules rewrite KEY (\\xNN is a byte),\nwithout reading any input", OUTPUT_AT(type, explain_key)}, \
    {OPTION_COUNT, 0, "explain-db", "N", "database of that key (0)", OUTPUT_AT(type, explain_db), .most = INT32_MAX}
/* clang-format on */

/* The oldest server version that can read this format; 0.0: any. */
rf_server output_options_min_version(const struct output_options *written);

/* False: the output is not for a server. */
static inline bool output_options_has_target(const struct output_options *written)
{
    return written->to != TO_JSONL;
}

/* Checks that the options fit the format and each other, and fills in defaults. False: the error has been
 * printed. */
bool output_options_finalize(struct output_options *written, const char *command);

#endif
