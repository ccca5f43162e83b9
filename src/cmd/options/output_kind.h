/* SPDX-License-Identifier: MIT */
/* Output formats inferred from file names. */
#ifndef CMD_OPTIONS_OUTPUT_KIND_H
#define CMD_OPTIONS_OUTPUT_KIND_H

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

/* Recognizes ".aof", ".rdb" and ".jsonl", also before ".gz" and ".lz4". An existing directory, a name that
 * ends in '/', or one whose last component has no dot is an AOF directory. TO_UNSET: the format cannot be
 * inferred. */
enum output_kind output_kind_of(const char *path);

rf_compression output_compression_of(const char *path);

#endif
