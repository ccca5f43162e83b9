/* SPDX-License-Identifier: MIT */
/* Counters of the entries that were read. */
#include "cmd/run/stats.h"

static void flush_last(struct stats *stats, uint64_t offset)
{
    if (stats->last)
        stats->last->bytes += offset - stats->last_offset;
    stats->last = NULL;
}

static bool add_key(struct stats *stats, const rf_entry *entry, int64_t db)
{
    struct key_totals *cell = tables_find(&stats->tables, entry, db);
    if (!cell)
        return false;
    cell->keys++;
    cell->expiring += entry->expire_ms != RF_NO_EXPIRY;
    stats->last = cell;
    stats->last_offset = entry->offset;
    return true;
}

static void add_other(struct stats *stats, rf_entry_kind kind)
{
    stats->functions += kind == RF_ENTRY_FUNCTION;
    stats->module_aux += kind == RF_ENTRY_MODULE_AUX;
    stats->commands += kind == RF_ENTRY_COMMAND;
}

bool stats_add_new(struct stats *stats, const rf_entry *entry, int64_t db)
{
    flush_last(stats, entry->offset);
    if (entry->kind == RF_ENTRY_KEY)
        return add_key(stats, entry, db);
    add_other(stats, entry->kind);
    return true;
}

void stats_add_strings(struct stats *stats, const rf_string *keys, size_t count)
{
    struct key_totals *cell = stats->last;
    for (size_t i = 0; i < count; i++)
        cell->expiring += keys[i].expire_ms != RF_NO_EXPIRY;
    cell->keys += count;
    cell->bytes += keys[count - 1].offset - stats->last_offset;
    stats->last_offset = keys[count - 1].offset;
}

void stats_pause(struct stats *stats, uint64_t offset)
{
    flush_last(stats, offset);
}

bool stats_merge(struct stats *stats, const struct stats *from)
{
    size_t place = tables_place_of_db(from->tables.last_db);
    if (!tables_merge(&stats->tables, &from->tables))
        return false;
    stats->commands += from->commands;
    stats->last = NULL;
    if (from->last) {
        stats->last = stats->tables.databases[place] + (from->last - from->tables.databases[place]);
        stats->tables.last = stats->last;
        stats->tables.last_encoding = from->tables.last_encoding;
        stats->tables.last_db = from->tables.last_db;
    }
    stats->last_offset = from->last_offset;
    return true;
}

void stats_clear(struct stats *stats)
{
    tables_clear(&stats->tables);
    stats->functions = stats->module_aux = stats->commands = 0;
    stats->last = NULL;
}

size_t stats_databases(const struct stats *stats)
{
    size_t count = 0;
    for (size_t db = 0; db <= STATS_DATABASES; db++)
        count += stats->tables.databases[db] != NULL;
    return count;
}

void stats_free(struct stats *stats)
{
    tables_free(&stats->tables);
}
