/* SPDX-License-Identifier: MIT */
/* Counters of what was read: by database, type and encoding. Counting an entry takes a few nanoseconds. */
#ifndef CMD_STATS_H
#define CMD_STATS_H

#include <rdbferry/entry.h>
#include <rdbferry/value.h>
#include <stdbool.h>

enum {
    STATS_DATABASES = 1024, /* databases with this number and above share the last counters */
    STATS_ENCODINGS = 128,  /* type bytes, all below 64, of the two dialects */
};

/* Bytes reach from one entry's offset to the next one's. */
struct stats_count {
    uint64_t keys, bytes, expiring;
};

struct stats_database {
    struct stats_count encodings[STATS_ENCODINGS];
};

struct stats {
    struct stats_database *databases[STATS_DATABASES + 1]; /* NULL: has no key */
    const rf_encoding *encodings[STATS_ENCODINGS];         /* NULL: has no key */
    uint64_t functions, module_aux, commands;
    struct stats_count *last; /* counters of the entry before, whose bytes are not known yet; or NULL */
    uint64_t last_offset;
};

/* False: out of memory. */
bool stats_add(struct stats *stats, const rf_entry *entry);

/* Ends an input, `offset` bytes long. */
void stats_end_input(struct stats *stats, uint64_t offset);

struct stats_count stats_of_database(const struct stats *stats, size_t db);
struct stats_count stats_of_encoding(const struct stats *stats, size_t encoding);
struct stats_count stats_of_type(const struct stats *stats, rf_type type);
struct stats_count stats_total(const struct stats *stats);
size_t stats_databases(const struct stats *stats);

void stats_free(struct stats *stats);

#endif
