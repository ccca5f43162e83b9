/* SPDX-License-Identifier: MIT */
/* Options of commands that write outputs: of what kind, for whom, and what is done about keys that come out
 * with one name. A command's struct holds a struct written_options of the name `written`. */
#ifndef CMD_WRITTEN_OPTIONS_H
#define CMD_WRITTEN_OPTIONS_H

#include "collisions.h"
#include "destination.h"
#include "options.h"
#include <rdbferry/sink.h>

struct written_options {
    int to;     /* enum destination_kind */
    int base;   /* rf_aof_base */
    int binary; /* rf_json_bytes */
    const char *appendfilename;
    bool preamble;
    bool restore, drop_unsupported, drop_detail, force, unsafe, check;
    rf_server target; /* 0.0: as the inputs say */
    int on_collision; /* enum collision_policy */
    uint64_t memory;
    const char *explain_key; /* NULL: nothing is to be explained */
    uint64_t explain_db;
};

enum { UNTOLD = -1 }; /* of a choice */
#define UNTOLD_DB UINT64_MAX

/* As it is before options are read. */
#define WRITTEN_OPTIONS                                           \
    {                                                             \
        .base = UNTOLD, .binary = UNTOLD, .explain_db = UNTOLD_DB \
    }

extern const struct option_choice base_choices[], binary_choices[], collision_choices[];

#define DROP_DETAIL_HELP \
    "write keys without details that the target does not\nsupport, such as expiries of hash fields"

/* clang-format off */
#define WRITTEN_AT(type, member) .offset = offsetof(type, written.member)

#define KIND_ROWS(type)                                                                                       \
    {OPTION_CHOICE, 0, "base", "KIND", "aof-dir: the base file as rdb (default) or aof",                      \
     WRITTEN_AT(type, base), .choices = base_choices},                                                        \
    {OPTION_STRING, 0, "appendfilename", "NAME", "aof-dir: the server's setting of that name\n(appendonly.aof)", \
     WRITTEN_AT(type, appendfilename)},                                                                       \
    {OPTION_CHOICE, 0, "binary", "HOW",                                                                       \
     "jsonl: bytes that are no UTF-8 as escape (default),\n\\u0080 to \\u00ff, or as base64, which is exact", \
     WRITTEN_AT(type, binary), .choices = binary_choices},                                                    \
    {OPTION_FLAG, 0, "check", .help =                                                                         \
     "look into every value, also those that are only\ncopied into an RDB, and for keys that occur twice",    \
     WRITTEN_AT(type, check)}

#define UNSAFE_ROW(type)                                                                                      \
    {OPTION_FLAG, 0, "force-unsafe", .help =                                                                  \
     "as --force, also what a running server has open;\nand write to a directory that holds other files",     \
     WRITTEN_AT(type, unsafe)}

#define READER_ROWS(type)                                                                                     \
    {OPTION_HEADING, .help = "Target"},                                                                       \
    {OPTION_SERVER, 0, "target-version", "VERSION",                                                           \
     "the server that is to read OUT, such as 6.2 or\nvalkey-9.0; left out, the one that wrote the input",    \
     WRITTEN_AT(type, target)},                                                                               \
    {OPTION_FLAG, 0, "restore", .help = "write all keys but strings as RESTORE", WRITTEN_AT(type, restore)},  \
    {OPTION_FLAG, 0, "drop-unsupported", .help = "leave out what the target has no way to say",               \
     WRITTEN_AT(type, drop_unsupported)},                                                                     \
    {OPTION_FLAG, 0, "drop-detail", .help = DROP_DETAIL_HELP, WRITTEN_AT(type, drop_detail)}

#define COLLISION_ROWS(type)                                                                                  \
    {OPTION_HEADING, .help = "Keys that come out with one name; one key"},  \
    {OPTION_CHOICE, 0, "on-collision", "POLICY",                                                              \
     "keys that come out with one name: fail (default),\nskip (keep the first) or overwrite (keep the last)", \
     WRITTEN_AT(type, on_collision), .choices = collision_choices},                                           \
    {OPTION_SIZE, 0, "memory", "SIZE", "for finding those (512M); beyond it, files in\n$TMPDIR", WRITTEN_AT(type, memory)}, \
    {OPTION_STRING, 0, "explain-key", "KEY",                                                                  \
     "show what the rules do to a key (it may have \\xNN\nfor a byte), and read nothing", WRITTEN_AT(type, explain_key)}, \
    {OPTION_COUNT, 0, "explain-db", "N", "the database it is in (0)", WRITTEN_AT(type, explain_db), .most = INT32_MAX}
/* clang-format on */

/* The oldest server that can read this kind of output; 0.0: any. */
rf_server written_options_floor(const struct written_options *written);

/* False: what is written is not for a server. */
static inline bool written_options_has_target(const struct written_options *written)
{
    return written->to != TO_JSONL;
}

/* Options that do not fit the kind, or each other. False: the error has been printed. Fills in what was left
 * out otherwise. */
bool written_options_settle(struct written_options *written, const char *command);

#endif
