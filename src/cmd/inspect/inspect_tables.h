/* SPDX-License-Identifier: MIT */
/* Counters of keys: by database and encoding, of which types, databases and the total are sums; in ranges of
 * a value; and by cluster slot. */
#ifndef CMD_INSPECT_INSPECT_TABLES_H
#define CMD_INSPECT_INSPECT_TABLES_H

#include <rdbferry/entry.h>
#include <rdbferry/measure.h>
#include <rdbferry/slot.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- databases and encodings ---------------------------------------------------------------------------- */

enum {
    STATS_DATABASES = 1024,             /* databases with this number and above share the last counters */
    STATS_ENCODINGS = 64 * RF_DIALECTS, /* type bytes, all below 64, of each dialect */
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

/* Adds the totals of other keys. */
void key_totals_merge(struct key_totals *totals, struct key_totals from);

struct tables {
    struct key_totals *databases[STATS_DATABASES + 1]; /* by encoding; NULL: no keys */
    const rf_encoding *encodings[STATS_ENCODINGS];     /* NULL: no keys */
    /* of the previous key */
    struct key_totals *last;
    const rf_encoding *last_encoding;
    int64_t last_db;
};

/* The index of the counters of a database. */
size_t tables_place_of_db(int64_t db);

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

/* Adds all counters of `from`. False: out of memory. */
bool tables_merge(struct tables *tables, const struct tables *from);

/* Sets all counters to 0. */
void tables_clear(struct tables *tables);

struct key_totals tables_of_database(const struct tables *tables, size_t db);
struct key_totals tables_of_encoding(const struct tables *tables, size_t encoding);
struct key_totals tables_of_type(const struct tables *tables, rf_type type);
struct key_totals tables_total(const struct tables *tables);

/* Server memory of the hash tables, which belongs to no single key; an estimate. */
uint64_t tables_overhead(const struct tables *tables);

void tables_free(struct tables *tables);

/* --- histograms: keys and memory in ranges of a value -------------------------------------------------- */

/* A range, from the end of the previous one. */
struct range {
    const char *label;
    uint64_t below; /* UINT64_MAX: the rest */
};

struct ranges {
    const char *title; /* for people */
    const char *name;  /* for machines */
    const struct range *all;
    size_t count;
};

enum { RANGES_MOST = 12 };

struct histogram {
    struct {
        uint64_t keys, memory;
    } in[RANGES_MOST];
};

/* The remaining time to live in seconds, 0 if expired, UINT64_MAX without an expiry; bytes of memory;
 * elements; bytes of the longest element. */
extern const struct ranges expiry_ranges, memory_ranges, element_ranges, longest_ranges;

static inline void histogram_add(struct histogram *histogram, const struct ranges *ranges, uint64_t number,
                                 uint64_t memory)
{
    size_t last = ranges->count - 1, i = number == UINT64_MAX ? last : 0;
    while (i < last && number >= ranges->all[i].below)
        i++;
    histogram->in[i].keys++;
    histogram->in[i].memory += memory;
}

void histogram_merge(struct histogram *histogram, const struct histogram *from);

/* --- cluster slots ------------------------------------------------------------------------------------- */

struct slot_totals {
    uint64_t keys, bytes, memory;
};

struct slots {
    struct slot_totals of[RF_SLOTS];
    uint64_t tagged; /* keys with a hash tag */
    /* The table exceeds the cache: a key is counted when the next one arrives, and its slot is prefetched
     * meanwhile. */
    struct slot_totals *last_slot;
    struct slot_totals last;
};

/* Counts the last key. */
static inline void slots_end(struct slots *slots)
{
    if (!slots->last_slot)
        return;
    slots->last_slot->keys++;
    slots->last_slot->bytes += slots->last.bytes;
    slots->last_slot->memory += slots->last.memory;
    slots->last_slot = NULL;
}

static inline void slots_add(struct slots *slots, unsigned slot, bool tagged, uint64_t bytes, uint64_t memory)
{
    slots_end(slots);
    slots->last_slot = &slots->of[slot];
    slots->last = (struct slot_totals){1, bytes, memory};
    slots->tagged += tagged;
    __builtin_prefetch(slots->last_slot, 1);
}

unsigned slots_used(const struct slots *slots);

/* Writes at most `most` slots in descending order of memory, without empty ones. Returns their number. */
size_t slots_top(const struct slots *slots, unsigned *out, size_t most);

#endif
