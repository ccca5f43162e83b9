/* SPDX-License-Identifier: MIT */
/* The files of a snapshot of Dragonfly: NAME-0000.dfs and so on, one for each shard, and NAME-summary.dfs. */
#ifndef AOF_SNAPSHOT_SET_H
#define AOF_SNAPSHOT_SET_H

#include <rdbferry/error.h>
#include <stdbool.h>
#include <stddef.h>

/* Whether `path` is named as a file of such a snapshot; *is_summary: as its summary. */
bool snapshot_set_names(const char *path, bool *is_summary);

struct snapshot_set {
    char id[64];
    size_t shards; /* that the summary mentions; 0: it is none, or does not mention it */
};

/* Reads a summary. */
rf_code snapshot_set_read(const char *summary, struct snapshot_set *set, rf_error *error);

/* The path of a shard's file, which the caller frees; NULL: out of memory. */
char *snapshot_set_path(const char *summary, size_t shard);

/* The files of the same snapshot next to that of a shard: its summary, the shards before and after it. NULL:
 * there is none, or no memory. *must_be: it is a part of any such snapshot. The caller frees the path. */
enum { SNAPSHOT_NEIGHBOURS = 3 };
char *snapshot_set_neighbour(const char *path, int which, bool *must_be);

/* RF_E_FORMAT if the file of this shard is missing, or belongs to another snapshot or another shard. */
rf_code snapshot_set_check(const struct snapshot_set *set, const char *summary, const char *path,
                           size_t shard, rf_error *error);

#endif
