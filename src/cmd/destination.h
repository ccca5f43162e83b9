/* SPDX-License-Identifier: MIT */
/* What an output's name says of its kind. */
#ifndef CMD_DESTINATION_H
#define CMD_DESTINATION_H

#include <rdbferry/sink.h>

enum destination_kind {
    TO_UNTOLD,
    TO_AOF = RF_SINK_AOF + 1,
    TO_AOF_DIR = RF_SINK_AOFDIR + 1,
    TO_RDB = RF_SINK_RDB + 1,
    TO_JSONL = RF_SINK_JSONL + 1,
};

/* Of any but TO_UNTOLD. */
static inline rf_sink_kind destination_sink_kind(int to)
{
    return (rf_sink_kind)(to - 1);
}

/* ".aof", ".rdb" and ".jsonl", also before ".gz" and ".lz4"; a directory that is there, a name with '/' at
 * its end, or one whose last part has no dot is an AOF directory. TO_UNTOLD: the name does not tell. */
enum destination_kind destination_kind_of(const char *path);

rf_compression destination_compression_of(const char *path);

#endif
