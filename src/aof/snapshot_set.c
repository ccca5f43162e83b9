/* SPDX-License-Identifier: MIT */
/* AUX fields at the beginning of each file say what belongs together: `snapshot-id`, `shard-id` in the files
 * of shards, `shard-count` in the summary. (Dragonfly src/server/rdb_save.cc: SaveAux,
 * detail/save_stages_controller.cc: SaveDfs) */
#include "aof/snapshot_set.h"
#include "base/bytes.h"
#include "base/fail.h"
#include "base/number.h"
#include <errno.h>
#include <rdbferry/reader.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { SHARDS_MAX = 9999, SHARD_ENDING = sizeof "-0000.dfs" - 1 };

static const char summary_ending[] = "-summary.dfs";

static bool ends_with_digits(const char *path, size_t length)
{
    if (length <= SHARD_ENDING)
        return false;
    path += length - SHARD_ENDING;
    return path[0] == '-' && strspn(path + 1, "0123456789") == 4 && strcmp(path + 5, ".dfs") == 0;
}

bool snapshot_set_names(const char *path, bool *is_summary)
{
    size_t length = strlen(path), n = sizeof summary_ending - 1;
    *is_summary = length > n && strcmp(path + length - n, summary_ending) == 0;
    return *is_summary || ends_with_digits(path, length);
}

char *snapshot_set_path(const char *summary, size_t shard)
{
    char *path;
    int length = (int)(strlen(summary) - (sizeof summary_ending - 1));
    return asprintf(&path, "%.*s-%04zu.dfs", length, summary, shard) < 0 ? NULL : path;
}

char *snapshot_set_neighbour(const char *path, int which, bool *must_be)
{
    enum { SUMMARY, BEFORE, AFTER };
    size_t length = strlen(path);
    char *neighbour = NULL;
    *must_be = which == BEFORE;
    if (!ends_with_digits(path, length))
        return NULL;
    int name = (int)(length - SHARD_ENDING), shard = atoi(path + name + 1);
    if (which == SUMMARY)
        return asprintf(&neighbour, "%.*s%s", name, path, summary_ending) < 0 ? NULL : neighbour;
    shard += which == AFTER ? 1 : -1;
    if (shard < 0 || shard > SHARDS_MAX)
        return NULL;
    return asprintf(&neighbour, "%.*s-%04d.dfs", name, path, shard) < 0 ? NULL : neighbour;
}

/* What the AUX fields of a file say; -1, "": nothing. */
struct head {
    char id[64];
    int64_t shards, shard;
};

static void learn(struct head *head, const rf_entry *aux)
{
    if (slice_equal(aux->name, SLICE("snapshot-id")))
        snprintf(head->id, sizeof head->id, "%.*s",
                 (int)(aux->text.len < sizeof head->id ? aux->text.len : 0), (const char *)aux->text.ptr);
    else if (slice_equal(aux->name, SLICE("shard-count")))
        number_parse_i64(aux->text, &head->shards);
    else if (slice_equal(aux->name, SLICE("shard-id")))
        number_parse_i64(aux->text, &head->shard);
}

static rf_code read_head(const char *path, struct head *head, rf_error *error)
{
    rf_source *source;
    rf_reader *reader;
    rf_entry entry;
    rf_code code;
    *head = (struct head){.shards = -1, .shard = -1};
    TRY(rf_source_open(path, &source, error));
    TRY(rf_reader_open(source, &(rf_reader_options){0}, &reader, error));
    while ((code = rf_reader_next(reader, &entry, error)) == RF_OK && entry.kind == RF_ENTRY_AUX)
        learn(head, &entry);
    rf_reader_close(reader);
    return code == RF_END ? RF_OK : code;
}

rf_code snapshot_set_read(const char *summary, struct snapshot_set *set, rf_error *error)
{
    struct head head;
    *set = (struct snapshot_set){.shards = 0};
    TRY(read_head(summary, &head, error));
    if (head.shards == 0 || head.shards > SHARDS_MAX)
        return fail(error, RF_E_FORMAT, "the number of shards %lld is out of range", (long long)head.shards);
    memcpy(set->id, head.id, sizeof set->id);
    set->shards = head.shards > 0 ? (size_t)head.shards : 0;
    return RF_OK;
}

rf_code snapshot_set_check(const struct snapshot_set *set, const char *summary, const char *path,
                           size_t shard, rf_error *error)
{
    struct head one;
    struct stat found;
    if (stat(path, &found) != 0 && errno == ENOENT)
        return fail(error, RF_E_FORMAT, "the snapshot is incomplete: shard %zu is missing (%s)", shard, path);
    TRY(read_head(path, &one, error));
    if (strcmp(set->id, one.id) != 0)
        return fail(error, RF_E_FORMAT, "belongs to another snapshot than %s", summary);
    if (one.shard >= 0 && one.shard != (int64_t)shard)
        return fail(error, RF_E_FORMAT, "is the file of shard %lld", (long long)one.shard);
    return RF_OK;
}
