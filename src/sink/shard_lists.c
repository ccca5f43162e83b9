/* SPDX-License-Identifier: MIT */
/* Lists of keys by shard: only those that have some are visited. */
#include "sink/shard_lists.h"
#include <stdlib.h>

bool shard_lists_open(struct shard_lists *lists, size_t shards)
{
    *lists = (struct shard_lists){.of = malloc(shards * sizeof *lists->of)};
    for (size_t i = 0; lists->of && i < shards; i++)
        lists->of[i].first = SHARD_LISTS_MOST;
    return lists->of != NULL;
}

void shard_lists_close(struct shard_lists *lists)
{
    free(lists->of);
}

size_t shard_lists_get(const struct shard_lists *lists, size_t shard, const rf_string *keys,
                       rf_string out[SHARD_LISTS_MOST])
{
    size_t count = 0;
    for (size_t i = lists->of[shard].first; i != SHARD_LISTS_MOST; i = lists->next[i])
        out[count++] = keys[i];
    return count;
}

void shard_lists_clear(struct shard_lists *lists)
{
    for (size_t i = 0; i < lists->shard_count; i++)
        lists->of[lists->shards[i]].first = SHARD_LISTS_MOST;
    lists->shard_count = 0;
}
