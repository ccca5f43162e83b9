/* SPDX-License-Identifier: MIT */
/* Options of commands that write outputs: format, target version, and handling of collisions. A command's
 * struct holds a struct output_options named `written`. */
#ifndef CMD_OPTIONS_OUTPUT_OPTIONS_H
#define CMD_OPTIONS_OUTPUT_OPTIONS_H

#include "cmd/options/options.h"
#include "cmd/run/collisions.h"
#include <rdbferry/sink.h>

enum output_kind {
    TO_UNSET,
    TO_AOF = RF_SINK_AOF + 1,
    TO_AOF_DIR = RF_SINK_AOFDIR + 1,
    TO_RDB = RF_SINK_RDB + 1,
    TO_JSONL = RF_SINK_JSONL + 1,
};

/* For any kind except TO_UNSET. */
static inline rf_sink_kind output_sink_kind(int to)
{
    return (rf_sink_kind)(to - 1);
}

enum target_module { TARGET_NO_MODULE, TARGET_JSON };

struct output_options {
    int to;              /* enum output_kind */
    int base;            /* rf_aof_base */
    int binary;          /* rf_json_bytes */
    int rdb_compression; /* rf_compression */
    const char *appendfilename;
    bool preamble;
    bool restore, drop_unsupported, drop_detail, force, unsafe, if_missing, check;
    rf_server target;  /* 0.0: determined by the inputs */
    int target_module; /* enum target_module */
    int on_collision;  /* enum collision_policy */
    uint64_t memory;
    const char *explain_key; /* NULL: no key is explained */
    uint64_t explain_db;
};

/* The state before options are parsed. */
#define OUTPUT_OPTIONS                                                            \
    {                                                                             \
        .base = (int)OPT_UNSET, .binary = (int)OPT_UNSET, .explain_db = OPT_UNSET \
    }

/* The options of one format, those about an existing output except --force, those about the target, and those
 * about collisions. Their values are in a struct output_options. */
extern const struct option_row format_rows[], existing_rows[], reader_rows[], collision_rows[];
extern const struct option_choice collision_choices[];

#define DROP_DETAIL_HELP                                    \
    "write keys without details that the target does not\n" \
    "support, such as expiries of hash fields"

/* The oldest server version that can read this format; 0.0: any. */
rf_server output_options_min_version(const struct output_options *written);

/* Whether most values of a snapshot are copied as they are. */
bool output_options_copies(const struct output_options *written);

/* False: the output is not for a server. */
static inline bool output_options_has_target(const struct output_options *written)
{
    return written->to != TO_JSONL;
}

/* Checks that the options fit the format and each other, and fills in defaults. False: the error has been
 * printed. */
bool output_options_finalize(struct output_options *written, const char *command);

/* Whether --if-missing is given and the output exists; then says so. Nothing else is to be done, not even to
 * look at the inputs: after the first start they may be gone. */
bool output_options_is_done(const struct output_options *written, bool exists, const char *path, bool quiet);

/* --- formats inferred from file names ----------------------------------------------------------------- */

/* Recognizes ".aof", ".rdb" and ".jsonl", also before ".gz", ".lz4" and ".zst". An existing directory, a name
 * that ends in '/', or one whose last component has no dot is an AOF directory. TO_UNSET: the format cannot
 * be inferred. */
enum output_kind output_kind_of(const char *path);

rf_compression output_compression_of(const char *path);

#endif
