/* SPDX-License-Identifier: MIT */
/* Counters. A key changes one cell, that of its database and encoding; sums are computed on request. */
#include "stats.h"
#include <stdlib.h>

size_t stats_place_of_db(int64_t db)
{
    return db >= 0 && db < STATS_DATABASES ? (size_t)db : STATS_DATABASES;
}

size_t stats_place_of_encoding(const rf_encoding *encoding)
{
    return encoding->number % (STATS_ENCODINGS / 2) +
           (encoding->dialect == RF_VALKEY ? STATS_ENCODINGS / 2 : 0);
}

static void settle_last(struct stats *stats, uint64_t offset)
{
    if (stats->last)
        stats->last->bytes += offset - stats->last_offset;
    stats->last = NULL;
}

static bool add_database(struct stats *stats, size_t index)
{
    stats->databases[index] = calloc(1, sizeof *stats->databases[index]);
    return stats->databases[index] != NULL;
}

static bool add_key(struct stats *stats, const rf_entry *entry, int64_t db)
{
    size_t slot = stats_place_of_encoding(entry->encoding), index = stats_place_of_db(db);
    struct stats_count *cell;

    if (!stats->databases[index] && !add_database(stats, index))
        return false;
    cell = &stats->databases[index]->encodings[slot];
    if (cell->keys++ == 0)
        stats->encodings[slot] = entry->encoding;
    cell->expiring += entry->expire_ms != RF_NO_EXPIRY;
    stats->last = cell;
    stats->last_encoding = entry->encoding;
    stats->last_db = db;
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
    settle_last(stats, entry->offset);
    if (entry->kind == RF_ENTRY_KEY)
        return add_key(stats, entry, db);
    add_other(stats, entry->kind);
    return true;
}

void stats_pause(struct stats *stats, uint64_t offset)
{
    settle_last(stats, offset);
}

static void sum(struct stats_count *into, const struct stats_count *from)
{
    into->keys += from->keys;
    into->bytes += from->bytes;
    into->expiring += from->expiring;
}

struct stats_count stats_of_database(const struct stats *stats, size_t db)
{
    struct stats_count result = {0};

    for (size_t slot = 0; stats->databases[db] && slot < STATS_ENCODINGS; slot++)
        sum(&result, &stats->databases[db]->encodings[slot]);
    return result;
}

struct stats_count stats_of_encoding(const struct stats *stats, size_t encoding)
{
    struct stats_count result = {0};

    for (size_t db = 0; db <= STATS_DATABASES; db++)
        if (stats->databases[db])
            sum(&result, &stats->databases[db]->encodings[encoding]);
    return result;
}

struct stats_count stats_of_type(const struct stats *stats, rf_type type)
{
    struct stats_count result = {0}, count;

    for (size_t slot = 0; slot < STATS_ENCODINGS; slot++) {
        if (!stats->encodings[slot] || stats->encodings[slot]->type != type)
            continue;
        count = stats_of_encoding(stats, slot);
        sum(&result, &count);
    }
    return result;
}

struct stats_count stats_total(const struct stats *stats)
{
    struct stats_count result = {0};

    for (int type = 0; type < RF_TYPE_COUNT; type++) {
        struct stats_count count = stats_of_type(stats, (rf_type)type);

        sum(&result, &count);
    }
    return result;
}

size_t stats_databases(const struct stats *stats)
{
    size_t count = 0;

    for (size_t db = 0; db <= STATS_DATABASES; db++)
        count += stats->databases[db] != NULL;
    return count;
}

void stats_free(struct stats *stats)
{
    for (size_t db = 0; db <= STATS_DATABASES; db++)
        free(stats->databases[db]);
}
