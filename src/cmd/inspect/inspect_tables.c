/* SPDX-License-Identifier: MIT */
/* Counters. A key changes one cell; sums are computed on request. */
#include "cmd/inspect/inspect_tables.h"
#include <stdlib.h>

/* Where a database and an encoding have their counters. */
static size_t place_of_db(int64_t db)
{
    return db >= 0 && db < STATS_DATABASES ? (size_t)db : STATS_DATABASES;
}

static size_t place_of_encoding(const rf_encoding *encoding)
{
    return encoding->number % (STATS_ENCODINGS / 2) +
           (encoding->dialect == RF_VALKEY ? STATS_ENCODINGS / 2 : 0);
}

struct key_totals *tables_find(struct tables *tables, const rf_entry *key, int64_t db)
{
    size_t encoding = place_of_encoding(key->encoding);
    struct key_totals **database = &tables->databases[place_of_db(db)];
    if (!*database)
        *database = calloc(STATS_ENCODINGS, sizeof **database);
    if (!*database)
        return NULL;
    tables->encodings[encoding] = key->encoding;
    tables->last = *database + encoding;
    tables->last_encoding = key->encoding;
    tables->last_db = db;
    return tables->last;
}

static void sum(struct key_totals *into, struct key_totals from)
{
    into->keys += from.keys;
    into->expiring += from.expiring;
    into->bytes += from.bytes;
    into->elements += from.elements;
    into->longest = from.longest > into->longest ? from.longest : into->longest;
    into->memory += from.memory;
}

struct key_totals tables_of_database(const struct tables *tables, size_t db)
{
    struct key_totals result = {0};
    for (size_t i = 0; tables->databases[db] && i < STATS_ENCODINGS; i++)
        sum(&result, tables->databases[db][i]);
    return result;
}

struct key_totals tables_of_encoding(const struct tables *tables, size_t encoding)
{
    struct key_totals result = {0};
    for (size_t db = 0; db <= STATS_DATABASES; db++)
        if (tables->databases[db])
            sum(&result, tables->databases[db][encoding]);
    return result;
}

struct key_totals tables_of_type(const struct tables *tables, rf_type type)
{
    struct key_totals result = {0};
    for (size_t i = 0; i < STATS_ENCODINGS; i++)
        if (tables->encodings[i] && tables->encodings[i]->type == type)
            sum(&result, tables_of_encoding(tables, i));
    return result;
}

struct key_totals tables_total(const struct tables *tables)
{
    struct key_totals result = {0};
    for (size_t db = 0; db <= STATS_DATABASES; db++)
        sum(&result, tables_of_database(tables, db));
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
