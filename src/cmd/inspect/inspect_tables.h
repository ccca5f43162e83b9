/* SPDX-License-Identifier: MIT */
/* Counters of keys by database and encoding. Types, databases and the total are sums of these. */
#ifndef CMD_INSPECT_INSPECT_TABLES_H
#define CMD_INSPECT_INSPECT_TABLES_H

#include <rdbferry/entry.h>
#include <rdbferry/measure.h>
#include <stdbool.h>

enum {
    STATS_DATABASES = 1024, /* databases with this number and above share the last counters */
    STATS_ENCODINGS = 128,  /* type bytes, all below 64, of the two dialects */
};

struct key_totals {
    uint64_t keys, expiring;
    uint64_t bytes;    /* in the dump */
    uint64_t elements; /* of collections; a string counts as one, a module's value as none */
    uint64_t longest;  /* bytes of the longest element */
    uint64_t memory;   /* an estimate */
};

static inline void key_totals_add(struct key_totals *totals, const rf_entry *key, const rf_measure *measure)
{
    totals->keys++;
    totals->expiring += key->expire_ms != RF_NO_EXPIRY;
    totals->bytes += measure->stored;
    totals->elements += measure->elements;
    totals->longest = measure->longest > totals->longest ? measure->longest : totals->longest;
    totals->memory += measure->memory;
}

struct tables {
    struct key_totals *databases[STATS_DATABASES + 1]; /* by encoding; NULL: no keys */
    const rf_encoding *encodings[STATS_ENCODINGS];     /* NULL: no keys */
    /* of the previous key */
    struct key_totals *last;
    const rf_encoding *last_encoding;
    int64_t last_db;
};

/* The counters of keys like this one in this database; NULL: out of memory. */
struct key_totals *tables_find(struct tables *tables, const rf_entry *key, int64_t db);

/* False: out of memory. Most keys are like the previous one. */
static inline bool tables_add(struct tables *tables, const rf_entry *key, const rf_measure *measure)
{
    struct key_totals *totals = tables->last;
    if (key->encoding != tables->last_encoding || key->db != tables->last_db || !totals)
        totals = tables_find(tables, key, key->db);
    if (totals)
        key_totals_add(totals, key, measure);
    return totals != NULL;
}

struct key_totals tables_of_database(const struct tables *tables, size_t db);
struct key_totals tables_of_encoding(const struct tables *tables, size_t encoding);
struct key_totals tables_of_type(const struct tables *tables, rf_type type);
struct key_totals tables_total(const struct tables *tables);

/* Server memory of the hash tables, which belongs to no single key; an estimate. */
uint64_t tables_overhead(const struct tables *tables);

void tables_free(struct tables *tables);

#endif
