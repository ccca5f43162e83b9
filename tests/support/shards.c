/* SPDX-License-Identifier: MIT */
#include "support/shards.h"
#include "base/bytes.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

__attribute__((format(printf, 2, 3))) static void put(struct buffer *out, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (length >= (int)sizeof text || !buffer_append(out, slice_of(text, (size_t)length)))
        abort();
}

void shards_print(const rf_topology *topology, struct buffer *out)
{
    for (size_t i = 0; i < rf_topology_shards(topology); i++) {
        const rf_shard *shard = rf_topology_shard(topology, i);
        put(out, "%s %s %d %s", shard->name, shard->host ? shard->host : "-", shard->port,
            shard->id ? shard->id : "-");
        for (size_t r = 0; r < shard->range_count; r++)
            put(out, " %d-%d", shard->ranges[r].first, shard->ranges[r].last);
        put(out, "\n");
    }
}

static const char *ranges_fault(const rf_topology *topology, size_t index, uint8_t *seen)
{
    const rf_shard *shard = rf_topology_shard(topology, index);
    unsigned beyond = 0;
    if (shard->range_count == 0)
        return "a shard without slots";
    for (size_t r = 0; r < shard->range_count; r++) {
        const rf_slot_range *range = &shard->ranges[r];
        if (range->last < range->first || range->last >= RF_SLOTS || (r > 0 && range->first <= beyond))
            return "ranges that are not in order, or touch";
        for (unsigned slot = range->first; slot <= range->last; slot++)
            if (seen[slot]++ || rf_topology_of_slot(topology, slot) != index)
                return "a slot of somebody else's";
        beyond = range->last + 1u;
    }
    return NULL;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char *names_fault(const rf_topology *topology)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";
    static const char *names[RF_SLOTS];
    size_t count = rf_topology_shards(topology);
    for (size_t i = 0; i < count; i++) {
        const rf_shard *shard = rf_topology_shard(topology, i);
        names[i] = shard->name;
        if (!*names[i] || strspn(names[i], plain) != strlen(names[i]) || strlen(names[i]) > 240)
            return "a name that is unfit for files";
        if (!shard->host && shard->port != 0)
            return "a port without a host";
    }
    qsort(names, count, sizeof *names, compare_names);
    for (size_t i = 1; i < count; i++)
        if (strcmp(names[i - 1], names[i]) == 0)
            return "two shards of one name";
    return NULL;
}

const char *shards_fault(const rf_topology *topology)
{
    static uint8_t seen[RF_SLOTS];
    size_t count = rf_topology_shards(topology);
    memset(seen, 0, sizeof seen);
    if (count < 1 || count > RF_SLOTS)
        return "no shards, or too many";
    for (size_t i = 0; i < count; i++) {
        const char *fault = ranges_fault(topology, i, seen);
        if (fault)
            return fault;
    }
    if (memchr(seen, 0, sizeof seen))
        return "a slot of nobody's";
    return names_fault(topology);
}
