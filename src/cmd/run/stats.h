/* SPDX-License-Identifier: MIT */
/* Counters of entries read: by database, type and encoding. Counting an entry takes a few nanoseconds. */
#ifndef CMD_RUN_STATS_H
#define CMD_RUN_STATS_H

#include "cmd/inspect/inspect_tables.h"
#include <rdbferry/strings.h>

struct stats {
    struct tables tables; /* of keys: their number, bytes, which reach from one entry's offset to the next
                             one's, and how many expire */
    uint64_t functions, module_aux, commands;
    /* of the entry before, whose bytes are not known yet */
    struct key_totals *last; /* NULL: it was no key */
    uint64_t last_offset;
};

bool stats_add_new(struct stats *stats, const rf_entry *entry, int64_t db);

/* `db`: the database of the key in the input. False: out of memory. Most keys are like the previous one,
 * and most commands follow another one. */
static inline bool stats_add(struct stats *stats, const rf_entry *entry, int64_t db)
{
    struct key_totals *cell = stats->last;
    if (entry->kind == RF_ENTRY_COMMAND && !cell) {
        stats->commands++;
        return true;
    }
    if (!cell || entry->kind != RF_ENTRY_KEY || entry->encoding != stats->tables.last_encoding ||
        db != stats->tables.last_db)
        return stats_add_new(stats, entry, db);
    cell->keys++;
    cell->expiring += entry->expire_ms != RF_NO_EXPIRY;
    cell->bytes += entry->offset - stats->last_offset;
    stats->last_offset = entry->offset;
    return true;
}

/* Adds keys with plain strings, which follow one that was added, in the same database. */
void stats_add_strings(struct stats *stats, const rf_string *keys, size_t count);

/* Bytes from `offset` on are not counted: the end of an input, or a dropped entry. */
void stats_pause(struct stats *stats, uint64_t offset);

/* Adds the counters of `from`; continues with its last entry, whose bytes are not known yet. False: out of
 * memory. */
bool stats_merge(struct stats *stats, const struct stats *from);

/* Sets all counters to 0. */
void stats_clear(struct stats *stats);

size_t stats_databases(const struct stats *stats);

void stats_free(struct stats *stats);

#endif
