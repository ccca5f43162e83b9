/* SPDX-License-Identifier: MIT */
/* Counters of entries read: by database, type and encoding. Counting an entry takes a few nanoseconds. */
#ifndef CMD_STATS_H
#define CMD_STATS_H

#include <rdbferry/entry.h>
#include <rdbferry/value.h>
#include <stdbool.h>

enum {
    STATS_DATABASES = 1024, /* databases with this number and above share the last counters */
    STATS_ENCODINGS = 128,  /* type bytes, all below 64, of the two dialects */
};

/* The bytes of an entry extend to the offset of the next one. */
struct stats_count {
    uint64_t keys, bytes, expiring;
};

struct stats_database {
    struct stats_count encodings[STATS_ENCODINGS];
};

struct stats {
    struct stats_database *databases[STATS_DATABASES + 1]; /* NULL: no keys */
    const rf_encoding *encodings[STATS_ENCODINGS];         /* NULL: no keys */
    uint64_t functions, module_aux, commands;
    /* of the previous entry, whose size is not known yet */
    struct stats_count *last; /* NULL: it was not a key */
    const rf_encoding *last_encoding;
    int64_t last_db;
    uint64_t last_offset;
};

/* The indexes of a database and an encoding. */
size_t stats_place_of_db(int64_t db);
size_t stats_place_of_encoding(const rf_encoding *encoding);

bool stats_add_new(struct stats *stats, const rf_entry *entry, int64_t db);

/* `db`: the database of the key in the input. False: out of memory. Most keys are like the previous one. */
static inline bool stats_add(struct stats *stats, const rf_entry *entry, int64_t db)
{
    struct stats_count *cell = stats->last;

    if (!cell || entry->kind != RF_ENTRY_KEY || entry->encoding != stats->last_encoding ||
        db != stats->last_db)
        return stats_add_new(stats, entry, db);
    cell->keys++;
    cell->expiring += entry->expire_ms != RF_NO_EXPIRY;
    cell->bytes += entry->offset - stats->last_offset;
    stats->last_offset = entry->offset;
    return true;
}

/* Bytes from `offset` on are not counted: the end of an input, or a dropped entry. */
void stats_pause(struct stats *stats, uint64_t offset);

struct stats_count stats_of_database(const struct stats *stats, size_t db);
struct stats_count stats_of_encoding(const struct stats *stats, size_t encoding);
struct stats_count stats_of_type(const struct stats *stats, rf_type type);
struct stats_count stats_total(const struct stats *stats);
size_t stats_databases(const struct stats *stats);

void stats_free(struct stats *stats);

#endif
