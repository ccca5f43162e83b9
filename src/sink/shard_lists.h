/* SPDX-License-Identifier: MIT */
/* Sorts keys with plain strings by shard, so that those of each are put together:
 *
 *     0: shard 2   1: shard 0   2: shard 2    ->    shard 2: 0, 2   shard 0: 1 */
#ifndef SINK_SHARD_LISTS_H
#define SINK_SHARD_LISTS_H

#include "base/bytes.h"
#include <rdbferry/strings.h>

enum { SHARD_LISTS_MOST = 128 };

/* The numbers of the keys of a shard. */
struct shard_list {
    uint8_t first, last; /* SHARD_LISTS_MOST: there are none */
};

struct shard_lists {
    struct shard_list *of; /* each shard */
    uint8_t next[SHARD_LISTS_MOST];
    uint16_t shards[SHARD_LISTS_MOST]; /* that have keys, in the order of the first ones */
    size_t shard_count;
};

/* False: out of memory. A zeroed one may be closed. */
bool shard_lists_open(struct shard_lists *lists, size_t shards);
void shard_lists_close(struct shard_lists *lists);

/* Adds key i; the one before has been added. */
static inline void shard_lists_add(struct shard_lists *lists, size_t i, size_t shard)
{
    struct shard_list *list = &lists->of[shard];
    if (UNLIKELY(list->first == SHARD_LISTS_MOST)) {
        list->first = (uint8_t)i;
        lists->shards[lists->shard_count++] = (uint16_t)shard;
    } else {
        lists->next[list->last] = (uint8_t)i;
    }
    list->last = (uint8_t)i;
    lists->next[i] = SHARD_LISTS_MOST;
}

/* Copies those of a shard to `out`; returns how many. */
size_t shard_lists_get(const struct shard_lists *lists, size_t shard, const rf_string *keys,
                       rf_string out[SHARD_LISTS_MOST]);

/* Empties all of them. */
void shard_lists_clear(struct shard_lists *lists);

#endif
