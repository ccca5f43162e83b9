/* SPDX-License-Identifier: MIT */
/* The two halves of a stream's value: its entries (stream_nodes.c) and all that is told of it afterwards
 * (value_stream.c). */
#ifndef RDB_VALUE_STREAM_H
#define RDB_VALUE_STREAM_H

#include "rdb/value.h"

/* What the entries were seen to be. */
struct stream_entries {
    uint64_t nodes;
    uint64_t empty; /* of these, without live entries */
    bool counted;   /* what follows has been looked at */
    uint64_t live;
    rf_stream_id first, last; /* of the live ones */
};

static inline int stream_id_compare(rf_stream_id a, rf_stream_id b)
{
    if (a.ms != b.ms)
        return a.ms < b.ms ? -1 : 1;
    return (a.seq > b.seq) - (a.seq < b.seq);
}

/* An id as it is stored: two big-endian halves. */
static inline rf_stream_id stream_id_load(const uint8_t *p)
{
    return (rf_stream_id){load_be64(p), load_be64(p + 8)};
}

/* Settings that a stream has which nobody has set any for. (Redis src/server.h, 8.6) */
static inline bool producers_are_default(const rf_producers *producers)
{
    enum { DURATION = 100, MAX_ENTRIES = 100 };
    return producers->duration_s == DURATION && producers->max_entries == MAX_ENTRIES;
}

/* Walks the nodes; tells stream_entry. */
rf_code stream_nodes(struct walk *k, struct stream_entries *entries);

/* The next node; *live: how many entries it says are live, of which nothing is looked at. */
rf_code stream_pass_node(struct walk *k, uint64_t *live);

/* What stands behind the nodes, up to the number of groups, put right by the entries where these have been
 * counted. */
rf_code stream_totals(struct walk *k, int layout, const struct stream_entries *entries, rf_stream *stream);

/* A group's count of entries read, UINT64_MAX: unknown, which is no more than were added. */
uint64_t stream_entries_read(struct walk *k, uint64_t entries_read, uint64_t entries_added);

#endif
