/* SPDX-License-Identifier: MIT */
/* Counters. A key touches one cell, that of its database and type; sums are made when they are asked for. */
#include "stats.h"
#include <stdlib.h>

static struct stats_database *database_of(struct stats *stats, int64_t db)
{
    size_t index = db >= 0 && db < STATS_DATABASES ? (size_t)db : STATS_DATABASES;

    if (!stats->databases[index])
        stats->databases[index] = calloc(1, sizeof *stats->databases[index]);
    return stats->databases[index];
}

static void settle_last(struct stats *stats, uint64_t offset)
{
    if (stats->last)
        stats->last->bytes += offset - stats->last_offset;
    stats->last = NULL;
}

static bool add_key(struct stats *stats, const rf_entry *entry)
{
    const rf_encoding *encoding = rf_value_encoding(entry->value);
    size_t slot = encoding->number | (encoding->dialect == RF_VALKEY ? 256u : 0u);
    struct stats_database *database = database_of(stats, entry->db);
    struct stats_count *cell;

    if (!database)
        return false;
    cell = &database->types[entry->type];
    cell->keys++;
    cell->expiring += entry->expire_ms != RF_NO_EXPIRY;
    stats->encodings[slot] = encoding;
    stats->encoding_keys[slot]++;
    stats->last = cell;
    stats->last_offset = entry->offset;
    return true;
}

bool stats_add(struct stats *stats, const rf_entry *entry)
{
    settle_last(stats, entry->offset);
    switch (entry->kind) {
    case RF_ENTRY_KEY: return add_key(stats, entry);
    case RF_ENTRY_FUNCTION: stats->functions++; break;
    case RF_ENTRY_MODULE_AUX: stats->module_aux++; break;
    case RF_ENTRY_COMMAND: stats->commands++; break;
    case RF_ENTRY_AUX:
    case RF_ENTRY_KEY_COUNTS: break;
    }
    return true;
}

void stats_end_input(struct stats *stats, uint64_t offset)
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

    for (int type = 0; stats->databases[db] && type < RF_TYPE_COUNT; type++)
        sum(&result, &stats->databases[db]->types[type]);
    return result;
}

struct stats_count stats_of_type(const struct stats *stats, rf_type type)
{
    struct stats_count result = {0};

    for (size_t db = 0; db <= STATS_DATABASES; db++)
        if (stats->databases[db])
            sum(&result, &stats->databases[db]->types[type]);
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
