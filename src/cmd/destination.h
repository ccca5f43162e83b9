/* SPDX-License-Identifier: MIT */
/* What an output's name says of its kind. */
#ifndef CMD_DESTINATION_H
#define CMD_DESTINATION_H

#include <rdbferry/sink.h>

enum destination_kind { TO_UNTOLD, TO_AOF, TO_AOF_DIR, TO_RDB, TO_JSONL };

/* ".aof", ".rdb" and ".jsonl", also before ".gz" and ".lz4"; a directory that is there, a name with '/' at
 * its end, or one whose last part has no dot is an AOF directory. TO_UNTOLD: the name does not tell. */
enum destination_kind destination_kind_of(const char *path);

rf_compression destination_compression_of(const char *path);

#endif
