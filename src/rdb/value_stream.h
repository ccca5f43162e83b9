/* SPDX-License-Identifier: MIT */
/* The two parts of a stream's value: its entries (stream_nodes.c) and the metadata after them
 * (value_stream.c). */
#ifndef RDB_VALUE_STREAM_H
#define RDB_VALUE_STREAM_H

#include "rdb/walk.h"

/* Statistics of the walked entries. */
struct stream_entries {
    uint64_t nodes;
    uint64_t empty; /* number of these without live entries */
    bool counted;   /* the following members are set */
    uint64_t live;
    rf_stream_id first, last; /* of the live ones */
};

static inline int stream_id_compare(rf_stream_id a, rf_stream_id b)
{
    if (a.ms != b.ms)
        return a.ms < b.ms ? -1 : 1;
    return (a.seq > b.seq) - (a.seq < b.seq);
}

/* Loads an ID as stored: two big-endian halves. */
static inline rf_stream_id stream_id_load(const uint8_t *p)
{
    return (rf_stream_id){load_be64(p), load_be64(p + 8)};
}

/* The default settings of a stream. (Redis src/server.h, 8.6) */
static inline bool producers_are_default(const rf_producers *producers)
{
    enum { DURATION = 100, MAX_ENTRIES = 100 };
    return producers->duration_s == DURATION && producers->max_entries == MAX_ENTRIES;
}

/* Walks the nodes; reports stream_entry. */
rf_code stream_nodes(struct walk *k, struct stream_entries *entries);

/* Whether all these IDs, which ascend, are those of entries of the stream, which must be held. Only nodes
 * that may have them are decoded. */
rf_code stream_has_all(struct rf_value *value, const rf_stream_id *ids, size_t count, bool *all,
                       rf_error *error);

/* The next node; *live receives its number of live entries as stated, without examining them. */
rf_code stream_copy_node(struct walk *k, uint64_t *live);

/* Reads the metadata after the nodes, up to the number of groups, and corrects it if the entries were
 * counted. */
rf_code stream_totals(struct walk *k, int layout, const struct stream_entries *entries, rf_stream *stream);

/* A group's entries-read counter, UINT64_MAX: unknown; limited to entries_added. */
uint64_t stream_entries_read(struct walk *k, uint64_t entries_read, uint64_t entries_added);

#endif
