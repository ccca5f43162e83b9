/* SPDX-License-Identifier: MIT */
/* A key changes one cell of each table; sums are computed on request. */
#include "cmd/inspect/inspect_tables.h"
#include <stdlib.h>
#include <string.h>

size_t tables_place_of_db(int64_t db)
{
    return db >= 0 && db < STATS_DATABASES ? (size_t)db : STATS_DATABASES;
}

/* The index of the counters of an encoding. */
static size_t place_of_encoding(const rf_encoding *encoding)
{
    enum { NUMBERS = STATS_ENCODINGS / RF_DIALECTS };
    return encoding->number % NUMBERS + NUMBERS * encoding->dialect;
}

/* The counters of the database in this place, by encoding; NULL: out of memory. */
static struct key_totals *find_database(struct tables *tables, size_t place)
{
    if (!tables->databases[place])
        tables->databases[place] = calloc(STATS_ENCODINGS, sizeof *tables->databases[place]);
    return tables->databases[place];
}

struct key_totals *tables_find(struct tables *tables, const rf_entry *key, int64_t db)
{
    size_t encoding = place_of_encoding(key->encoding);
    struct key_totals *database = find_database(tables, tables_place_of_db(db));
    if (!database)
        return NULL;
    tables->encodings[encoding] = key->encoding;
    tables->last = database + encoding;
    tables->last_encoding = key->encoding;
    tables->last_db = db;
    return tables->last;
}

void key_totals_merge(struct key_totals *totals, struct key_totals from)
{
    totals->keys += from.keys;
    totals->expiring += from.expiring;
    totals->bytes += from.bytes;
    totals->elements += from.elements;
    totals->longest = from.longest > totals->longest ? from.longest : totals->longest;
    totals->memory += from.memory;
}

static bool merge_database(struct tables *tables, const struct tables *from, size_t db)
{
    struct key_totals *database = find_database(tables, db);
    for (size_t i = 0; database && i < STATS_ENCODINGS; i++) {
        if (from->databases[db][i].keys == 0)
            continue;
        key_totals_merge(&database[i], from->databases[db][i]);
        tables->encodings[i] = from->encodings[i];
    }
    return database != NULL;
}

bool tables_merge(struct tables *tables, const struct tables *from)
{
    for (size_t db = 0; db <= STATS_DATABASES; db++)
        if (from->databases[db] && !merge_database(tables, from, db))
            return false;
    return true;
}

void tables_clear(struct tables *tables)
{
    tables_free(tables);
    memset(tables->databases, 0, sizeof tables->databases);
    tables->last = NULL;
}

struct key_totals tables_of_database(const struct tables *tables, size_t db)
{
    struct key_totals result = {0};
    for (size_t i = 0; tables->databases[db] && i < STATS_ENCODINGS; i++)
        key_totals_merge(&result, tables->databases[db][i]);
    return result;
}

struct key_totals tables_of_encoding(const struct tables *tables, size_t encoding)
{
    struct key_totals result = {0};
    for (size_t db = 0; db <= STATS_DATABASES; db++)
        if (tables->databases[db])
            key_totals_merge(&result, tables->databases[db][encoding]);
    return result;
}

struct key_totals tables_of_type(const struct tables *tables, rf_type type)
{
    struct key_totals result = {0};
    for (size_t i = 0; i < STATS_ENCODINGS; i++)
        if (tables->encodings[i] && tables->encodings[i]->type == type)
            key_totals_merge(&result, tables_of_encoding(tables, i));
    return result;
}

struct key_totals tables_total(const struct tables *tables)
{
    struct key_totals result = {0};
    for (size_t db = 0; db <= STATS_DATABASES; db++)
        key_totals_merge(&result, tables_of_database(tables, db));
    return result;
}

uint64_t tables_overhead(const struct tables *tables)
{
    uint64_t memory = 0;
    for (size_t db = 0; db <= STATS_DATABASES; db++) {
        struct key_totals totals = tables_of_database(tables, db);
        memory += rf_measure_tables(totals.keys, totals.expiring);
    }
    return memory;
}

void tables_free(struct tables *tables)
{
    for (size_t db = 0; db <= STATS_DATABASES; db++)
        free(tables->databases[db]);
}

/* --- histograms ---------------------------------------------------------------------------------------- */

enum { MINUTE = 60, HOUR = 60 * MINUTE, DAY = 24 * HOUR };

static const struct range of_time[] = {
    {"expired", 1},          {"< 1 minute", MINUTE},    {"< 1 hour", HOUR},
    {"< 1 day", DAY},        {"< 1 week", 7 * DAY},     {"< 30 days", 30 * DAY},
    {"< 1 year", 365 * DAY}, {"later", UINT64_MAX - 1}, {"none", UINT64_MAX},
};

static const struct range of_bytes[] = {
    {"< 100 B", 100},        {"< 300 B", 300},     {"< 1 KB", 1000},    {"< 3 KB", 3000},
    {"< 10 KB", 10000},      {"< 100 KB", 100000}, {"< 1 MB", 1000000}, {"< 10 MB", 10000000},
    {"< 100 MB", 100000000}, {"more", UINT64_MAX},
};

static const struct range of_elements[] = {
    {"< 10", 10},         {"< 100", 100},         {"< 1000", 1000},     {"< 10000", 10000},
    {"< 100000", 100000}, {"< 1000000", 1000000}, {"more", UINT64_MAX},
};

#define RANGES(title, name, all)                   \
    {                                              \
        title, name, all, sizeof all / sizeof *all \
    }

const struct ranges expiry_ranges = RANGES("Time to live", "expiry", of_time);
const struct ranges memory_ranges = RANGES("Memory per key", "memory_of_key", of_bytes);
const struct ranges element_ranges = RANGES("Elements per collection", "elements_of_collection", of_elements);
const struct ranges longest_ranges = RANGES("Longest element per key", "longest_element_of_key", of_bytes);

void histogram_merge(struct histogram *histogram, const struct histogram *from)
{
    for (size_t i = 0; i < RANGES_MOST; i++) {
        histogram->in[i].keys += from->in[i].keys;
        histogram->in[i].memory += from->in[i].memory;
    }
}

/* --- cluster slots ------------------------------------------------------------------------------------- */

unsigned slots_used(const struct slots *slots)
{
    unsigned used = 0;
    for (unsigned slot = 0; slot < RF_SLOTS; slot++)
        used += slots->of[slot].keys > 0;
    return used;
}

size_t slots_top(const struct slots *slots, unsigned *out, size_t most)
{
    size_t found = 0, at;
    for (unsigned slot = 0; slot < RF_SLOTS && most > 0; slot++) {
        uint64_t memory = slots->of[slot].memory;
        if (slots->of[slot].keys == 0 || (found == most && memory <= slots->of[out[most - 1]].memory))
            continue;
        for (at = found < most ? found++ : most - 1; at > 0 && memory > slots->of[out[at - 1]].memory; at--)
            out[at] = out[at - 1];
        out[at] = slot;
    }
    return found;
}
