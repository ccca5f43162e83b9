/* SPDX-License-Identifier: MIT */
/* Streams made by hand, in each of their layouts. */
#ifndef TESTS_STREAM_BUILD_H
#define TESTS_STREAM_BUILD_H

#include "support/rdb_build.h"
#include <rdbferry/value.h>

enum { PAIRS_MAX = 3, ENTRIES_MAX = 8, PENDING_MAX = 4, CONSUMERS_MAX = 3, GROUPS_MAX = 3 };

struct made_entry {
    rf_stream_id id;
    const char *texts[2 * PAIRS_MAX]; /* field, value, ...; up to a NULL */
    bool deleted;
};

struct made_pending {
    rf_pending pending;
    int owner; /* a consumer's place; -1: nobody, which only layout 5 can say */
};

/* What is left out ends a list: names, fields, ids 0-0. */
struct made_group {
    const char *name;
    rf_stream_id last_id;
    int64_t entries_read; /* as it is written; -1: unknown */
    const char *consumers[CONSUMERS_MAX];
    struct made_pending pending[PENDING_MAX];
};

struct made_stream {
    struct made_entry entries[ENTRIES_MAX];
    rf_stream_id last_id, first_id, max_deleted_id;
    uint64_t entries_added;
    struct made_group groups[GROUPS_MAX];
};

/* Which type byte a layout has. */
uint8_t stream_type(int layout);

/* The value, with so many entries to a node. `seen_ms`: of all consumers. */
void put_stream(struct build *b, int layout, const struct made_stream *stream, size_t per_node,
                int64_t seen_ms);

#endif
