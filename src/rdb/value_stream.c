/* SPDX-License-Identifier: MIT */
/* Streams: the part after the entries. Five layouts, each extending the previous one.
 *
 *   entries (stream_nodes.c)
 *   len length   len ms, len seq: last id
 *   2: len ms, len seq: first id   len ms, len seq: max deleted id   len entries added
 *   len groups, each:
 *     string name   len ms, len seq: last delivered   2: len entries read (2^64-1: unknown)
 *     len n   (16 bytes id   i64le delivered at   len delivery count)*n      the pending entries
 *     len consumers, each:
 *       string name   i64le seen at   3: i64le active at   len n   (16 bytes id)*n     those it owns
 *     5: len n   (16 bytes id)*n                                       unowned pending entries
 *   4: len duration  len max entries  len n  (string producer  len n (string iid  len ms  len seq)*n)*n
 *      len added   len duplicates
 *
 * A consumer's pending entries are IDs only; the group's list before it has the rest. It is kept in memory
 * while the group is walked: 40 bytes for each entry. (Valkey src/rdb.c: rdbLoadObject; Redis src/rdb.c, 8.6
 * and 8.8) */
#include "rdb/value_stream.h"
#include "base/buffer.h"
#include "rdb/rdb_read.h"
#include <stdlib.h>

struct pending {
    rf_pending entry;
    bool owned;
};

struct stream_walk {
    struct walk *k;
    int layout;
    struct pending *pending; /* of the current group, ascending by ID */
    size_t count, cap;
    struct buffer name;     /* of the current group or producer: it must outlive many releases */
    uint64_t spaces;        /* number of name spaces begun: names are unique within a group or a producer */
    uint64_t entries_added; /* from the stream's metadata */
};

/* The name spaces that exist once per stream. */
enum { GROUP_NAMES, PRODUCER_NAMES, FIRST_SPACE };

static rf_code read_id(struct walk *k, rf_stream_id *id)
{
    TRY(rdb_length(k->w, &id->ms));
    return rdb_length(k->w, &id->seq);
}

static rf_code read_raw_id(struct walk *k, rf_stream_id *id)
{
    TRY(window_need(k->w, 16));
    *id = stream_id_load(k->w->pos);
    k->w->pos += 16;
    return RF_OK;
}

/* Reads a name; skips it without a visitor. */
static rf_code read_name(struct walk *k, rf_slice *name)
{
    *name = (rf_slice){0};
    return k->visitor ? rdb_string(k->w, name) : rdb_skip_string(k->w);
}

static rf_code keep_name(struct stream_walk *s, rf_slice *name)
{
    TRY(read_name(s->k, name));
    s->name.len = 0;
    if (!buffer_append(&s->name, *name))
        return window_fail(s->k->w, RF_E_MEMORY, "out of memory for a name of %zu bytes", name->len);
    *name = buffer_slice(&s->name);
    return RF_OK;
}

/* --- pending entries ------------------------------------------------------------------------------- */

static int compare_pending(const void *a, const void *b)
{
    const struct pending *left = a, *right = b;
    return stream_id_compare(left->entry.id, right->entry.id);
}

static rf_code pending_add(struct stream_walk *s, struct pending pending)
{
    if (s->count == s->cap) {
        size_t cap = s->cap ? 2 * s->cap : 64;
        struct pending *grown = realloc(s->pending, cap * sizeof *grown);
        if (!grown)
            return window_fail(s->k->w, RF_E_MEMORY, "out of memory for %zu pending entries", cap);
        s->pending = grown;
        s->cap = cap;
    }
    s->pending[s->count++] = pending;
    return RF_OK;
}

/* Servers write them in order, but do not require it. */
static rf_code sort_pending(struct stream_walk *s)
{
    bool sorted = true;
    for (size_t i = 1; i < s->count && sorted; i++)
        sorted = compare_pending(&s->pending[i - 1], &s->pending[i]) < 0;
    if (sorted)
        return RF_OK;
    qsort(s->pending, s->count, sizeof *s->pending, compare_pending);
    for (size_t i = 1; i < s->count; i++)
        if (compare_pending(&s->pending[i - 1], &s->pending[i]) == 0)
            return CORRUPT(s->k, "stream: duplicate pending entry in a group");
    return RF_OK;
}

static rf_code read_pending(struct stream_walk *s, uint64_t n)
{
    struct walk *k = s->k;
    s->count = 0;
    for (; n > 0; n--) {
        struct pending pending = {0};
        uint64_t delivered;
        window_release(k->w);
        TRY(read_raw_id(k, &pending.entry.id));
        TRY(rdb_u64le(k->w, &delivered));
        TRY(rdb_length(k->w, &pending.entry.delivery_count));
        pending.entry.delivered_ms = (int64_t)delivered;
        if (k->visitor)
            TRY(pending_add(s, pending));
    }
    return sort_pending(s);
}

typedef rf_code pending_fn(void *ctx, const rf_pending *pending);

/* n IDs of the group's pending entries, each owned by at most one consumer. */
static rf_code claim_pending(struct stream_walk *s, uint64_t n, pending_fn *emit)
{
    struct walk *k = s->k;
    for (; n > 0; n--) {
        struct pending key = {0};
        window_release(k->w);
        TRY(read_raw_id(k, &key.entry.id));
        if (!k->visitor)
            continue;
        struct pending *found = s->count ? bsearch(&key, s->pending, s->count, sizeof key, compare_pending)
                                         : NULL;
        if (!found)
            return CORRUPT(k, "stream: a consumer's pending entry is not in its group");
        if (found->owned)
            return CORRUPT(k, "stream: pending entry owned twice");
        found->owned = true;
        if (emit)
            TRY(emit(k->ctx, &found->entry));
    }
    return RF_OK;
}

static rf_code check_all_owned(const struct stream_walk *s)
{
    for (size_t i = 0; i < s->count; i++)
        if (!s->pending[i].owned)
            return CORRUPT(s->k, "stream: pending entry without owner");
    return RF_OK;
}

/* --- groups and consumers -------------------------------------------------------------------------- */

static rf_code read_consumer(struct stream_walk *s)
{
    struct walk *k = s->k;
    rf_consumer consumer;
    uint64_t seen, active;
    window_release(k->w);
    TRY(read_name(k, &consumer.name));
    TRY(walk_unique(k, s->spaces, "consumer", consumer.name));
    TRY(rdb_u64le(k->w, &seen));
    active = seen;
    if (s->layout >= 3)
        TRY(rdb_u64le(k->w, &active));
    TRY(rdb_length(k->w, &consumer.pending));
    consumer.seen_ms = (int64_t)seen;
    consumer.active_ms = (int64_t)active;
    if (k->visitor)
        TRY(VISIT(k, consumer, &consumer));
    return claim_pending(s, consumer.pending, k->visitor ? k->visitor->pending : NULL);
}

static rf_code read_unowned(struct stream_walk *s)
{
    uint64_t n = 0;
    if (s->layout >= 5)
        TRY(rdb_length(s->k->w, &n));
    TRY(claim_pending(s, n, s->k->visitor ? s->k->visitor->unowned : NULL));
    return check_all_owned(s);
}

/* A group is reported when the number of its consumers is known, which follows its pending entries. */
static rf_code read_group(struct stream_walk *s)
{
    struct walk *k = s->k;
    rf_group group;
    uint64_t entries_read = UINT64_MAX;
    window_release(k->w);
    s->spaces++;
    TRY(keep_name(s, &group.name));
    TRY(walk_unique(k, GROUP_NAMES, "group", group.name));
    TRY(read_id(k, &group.last_id));
    if (s->layout >= 2)
        TRY(rdb_length(k->w, &entries_read));
    if (entries_read > INT64_MAX && entries_read != UINT64_MAX)
        TRY(WRONG(k, "stream: entries-read of a group out of range"));
    if (k->visitor)
        entries_read = stream_entries_read(k, entries_read, s->entries_added);
    group.entries_read = (int64_t)entries_read;
    TRY(rdb_length(k->w, &group.pending));
    TRY(read_pending(s, group.pending));
    TRY(rdb_length(k->w, &group.consumers));
    if (k->visitor)
        TRY(VISIT(k, group, &group));
    for (uint64_t n = group.consumers; n > 0; n--)
        TRY(read_consumer(s));
    return read_unowned(s);
}

/* --- idempotent producers -------------------------------------------------------------------------- */

static rf_code read_producer(struct stream_walk *s)
{
    struct walk *k = s->k;
    rf_producer_record record;
    uint64_t n;
    window_release(k->w);
    s->spaces++;
    TRY(keep_name(s, &record.producer));
    TRY(walk_unique(k, PRODUCER_NAMES, "producer", record.producer));
    TRY(rdb_length(k->w, &n));
    for (; n > 0; n--) {
        window_release(k->w);
        TRY(read_name(k, &record.iid));
        TRY(walk_unique(k, s->spaces, "iid", record.iid));
        TRY(read_id(k, &record.id));
        if (k->visitor)
            TRY(VISIT(k, producer_record, &record));
    }
    return RF_OK;
}

static rf_code read_producers(struct stream_walk *s)
{
    struct walk *k = s->k;
    rf_producers producers;
    TRY(rdb_length(k->w, &producers.duration_s));
    TRY(rdb_length(k->w, &producers.max_entries));
    TRY(rdb_length(k->w, &producers.producers));
    if (k->visitor)
        TRY(VISIT(k, producers, &producers));
    for (uint64_t n = producers.producers; n > 0; n--)
        TRY(read_producer(s));
    uint64_t added, duplicates;
    TRY(rdb_length(k->w, &added));
    return rdb_length(k->w, &duplicates);
}

/* --- the stream ------------------------------------------------------------------------------------ */

/* Corrects what servers from Redis 8.8 on reject; no data is lost by that. */
static void finalize_totals(struct walk *k, const struct stream_entries *entries, rf_stream *stream)
{
    if (stream->length != entries->live)
        value_contradicts(k->value, "length recomputed from its entries");
    stream->length = entries->live;
    if (stream->entries_added >= stream->length)
        return;
    value_contradicts(k->value, "entries-added is less than its length");
    stream->entries_added = stream->length;
}

rf_code stream_totals(struct walk *k, int layout, const struct stream_entries *entries, rf_stream *stream)
{
    TRY(rdb_length(k->w, &stream->length));
    if (stream->length > 0 && entries->nodes == 0)
        TRY(WRONG(k, "stream: nonzero length without entries"));
    TRY(read_id(k, &stream->last_id));
    stream->first_id = entries->first;
    stream->max_deleted_id = (rf_stream_id){0};
    stream->entries_added = entries->counted ? entries->live : stream->length;
    if (layout >= 2) {
        TRY(read_id(k, &stream->first_id));
        TRY(read_id(k, &stream->max_deleted_id));
        TRY(rdb_length(k->w, &stream->entries_added));
    }
    if (stream->entries_added > INT64_MAX)
        TRY(WRONG(k, "stream: length out of range"));
    if (entries->counted)
        finalize_totals(k, entries, stream);
    return RF_OK;
}

uint64_t stream_entries_read(struct walk *k, uint64_t entries_read, uint64_t entries_added)
{
    if (entries_read == UINT64_MAX || entries_read <= entries_added)
        return entries_read;
    value_contradicts(k->value, "entries-read of a group exceeds entries-added");
    return entries_added;
}

static rf_code stream_after_entries(struct stream_walk *s, const struct stream_entries *entries)
{
    struct walk *k = s->k;
    rf_stream stream;
    TRY(stream_totals(k, s->layout, entries, &stream));
    if (entries->live > 0 && stream_id_compare(stream.last_id, entries->last) < 0)
        return CORRUPT(k, "stream: last ID is below that of its last entry");
    TRY(rdb_length(k->w, &stream.groups));
    s->entries_added = stream.entries_added;
    if (k->visitor)
        TRY(VISIT(k, stream, &stream));
    for (uint64_t n = stream.groups; n > 0; n--)
        TRY(read_group(s));
    return s->layout >= 4 ? read_producers(s) : RF_OK;
}

static rf_code walk_stream(struct walk *k, int layout)
{
    struct stream_walk s = {.k = k, .layout = layout, .spaces = FIRST_SPACE};
    struct stream_entries entries = {0};
    TRY(stream_nodes(k, &entries));
    rf_code code = stream_after_entries(&s, &entries);
    free(s.pending);
    buffer_free(&s.name);
    return code;
}

rf_code walk_stream_1(struct walk *k)
{
    return walk_stream(k, 1);
}

rf_code walk_stream_2(struct walk *k)
{
    return walk_stream(k, 2);
}

rf_code walk_stream_3(struct walk *k)
{
    return walk_stream(k, 3);
}

rf_code walk_stream_4(struct walk *k)
{
    return walk_stream(k, 4);
}

rf_code walk_stream_5(struct walk *k)
{
    return walk_stream(k, 5);
}
