/* SPDX-License-Identifier: MIT */
/* Copies a stream as its own type or an older one, with parts left out. Nodes are copied unchanged, except
 * those without entries, if a walk has found them, which newer servers reject; the counters after them are
 * corrected to match the nodes; of the rest (value_stream.c has the layouts), an older layout omits
 *
 *   layout 2: a group's entries-read counter     3: when a consumer was active
 *          4: the producers, at the end          5: the unowned pending entries */
#include "rdb/rdb_reencode_stream.h"

#include "rdb/rdb_read.h"
#include "rdb/rdb_write.h"
#include "rdb/value_stream.h"
#include <stdlib.h>

struct transcoding {
    struct walk *k;
    struct window *w;
    int from, to;       /* layouts; the second is not newer */
    bool looking_ahead; /* nothing is copied or released */
    rf_bytes_fn fn;
    void *ctx;
    uint64_t entries_added;
};

enum { TOTALS = 8, OLD_TOTALS = 3 /* of layout 1 */ };

static int layout_of(uint8_t type)
{
    static const uint8_t types[] = {15, 19, 21, 26, 27};
    int layout = 1;
    while (types[layout - 1] != type)
        layout++;
    return layout;
}

/* Bytes consumed between these two calls are copied. */
static void copy_begin(struct transcoding *t)
{
    window_tap_begin(t->w, t->fn, t->ctx);
}

static rf_code copy_end(struct transcoding *t)
{
    return window_tap_end(t->w);
}

/* To be called before each item of an unbounded sequence. */
static void release(const struct transcoding *t)
{
    if (!t->looking_ahead)
        window_release(t->w);
}

/* --- skipping --------------------------------------------------------------------------------------- */

typedef rf_code copy_fn(struct window *w);

static rf_code copy_length(struct window *w)
{
    uint64_t ignored;
    return rdb_length(w, &ignored);
}

static rf_code copy_id(struct window *w)
{
    TRY(copy_length(w));
    return copy_length(w);
}

static rf_code copy_time(struct window *w)
{
    return window_skip(w, 8);
}

/* An item introduced in `layout`. */
static rf_code copy_newer(struct transcoding *t, int layout, copy_fn *copy)
{
    if (t->from < layout)
        return RF_OK;
    if (t->to >= layout || t->looking_ahead)
        return copy(t->w);
    TRY(copy_end(t));
    TRY(copy(t->w));
    copy_begin(t);
    return RF_OK;
}

/* n IDs of 16 bytes. */
static rf_code copy_raw_ids(struct window *w)
{
    uint64_t n;
    TRY(rdb_length(w, &n));
    return n > UINT64_MAX / 16 ? window_fail(w, RF_E_TRUNCATED, "truncated") : window_skip(w, 16 * n);
}

/* --- the parts --------------------------------------------------------------------------------------- */

static rf_code put_lengths(const struct transcoding *t, const uint64_t *lengths, size_t count)
{
    uint8_t bytes[TOTALS * RDB_LENGTH_MAX];
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += rdb_put_length(bytes + size, lengths[i]);
    return t->fn(t->ctx, (rf_slice){bytes, size});
}

/* The number of nodes comes first, so the ones to be dropped must be known from an earlier walk. */
static rf_code put_nodes(struct transcoding *t, struct stream_entries *entries)
{
    uint64_t live, empty = t->k->value->empty_nodes;
    *entries = (struct stream_entries){.counted = true};
    TRY(rdb_length(t->w, &entries->nodes));
    TRY(put_lengths(t, (const uint64_t[]){entries->nodes - empty}, 1));
    for (uint64_t left = entries->nodes; left > 0; left--) {
        window_release(t->w);
        copy_begin(t);
        TRY(stream_copy_node(t->k, &live));
        entries->live += live;
        if (live == 0 && entries->empty++ < empty)
            window_tap_cancel(t->w);
        else
            TRY(copy_end(t));
    }
    return RF_OK;
}

static rf_code put_totals(struct transcoding *t, const struct stream_entries *entries)
{
    rf_stream s;
    TRY(stream_totals(t->k, t->from, entries, &s));
    t->entries_added = s.entries_added;
    const uint64_t totals[TOTALS] = {
        s.length,       s.last_id.ms,        s.last_id.seq,        s.first_id.ms,
        s.first_id.seq, s.max_deleted_id.ms, s.max_deleted_id.seq, s.entries_added};
    return put_lengths(t, totals, t->to >= 2 ? TOTALS : OLD_TOTALS);
}

/* A group's entries-read counter, within a copied range. */
static rf_code put_entries_read(struct transcoding *t)
{
    uint64_t entries_read;
    if (t->from < 2)
        return RF_OK;
    TRY(copy_end(t));
    TRY(rdb_length(t->w, &entries_read));
    entries_read = stream_entries_read(t->k, entries_read, t->entries_added);
    if (t->to >= 2)
        TRY(put_lengths(t, &entries_read, 1));
    copy_begin(t);
    return RF_OK;
}

static rf_code copy_consumer(struct transcoding *t)
{
    release(t);
    TRY(rdb_skip_string(t->w));
    TRY(copy_time(t->w));
    TRY(copy_newer(t, 3, copy_time));
    return copy_raw_ids(t->w);
}

static rf_code copy_pending(struct window *w)
{
    TRY(window_skip(w, 16 + 8));
    return copy_length(w);
}

static rf_code copy_all_pending(struct transcoding *t)
{
    uint64_t n;
    TRY(rdb_length(t->w, &n));
    for (; n > 0; n--) {
        release(t);
        TRY(copy_pending(t->w));
    }
    return RF_OK;
}

static rf_code copy_consumers(struct transcoding *t)
{
    uint64_t n;
    TRY(rdb_length(t->w, &n));
    for (; n > 0; n--)
        TRY(copy_consumer(t));
    return RF_OK;
}

/* --- unowned pending entries ------------------------------------------------------------------------ */

/* They are listed among a group's pending entries, and identified only after the consumers. An older stream
 * omits them. */
struct unowned {
    uint64_t count;
    uint8_t (*ids)[16]; /* ascending */
};

static int compare_raw_ids(const void *a, const void *b)
{
    return memcmp(a, b, 16);
}

static rf_code on_unowned(struct transcoding *t, struct unowned *unowned)
{
    TRY(rdb_length(t->w, &unowned->count));
    if (unowned->count == 0)
        return RF_OK;
    TRY(window_need(t->w, 16 * unowned->count));
    unowned->ids = malloc(16 * unowned->count);
    if (!unowned->ids)
        return window_fail(t->w, RF_E_MEMORY, "out of memory for %llu pending entries",
                           (unsigned long long)unowned->count);
    memcpy(unowned->ids, t->w->pos, 16 * unowned->count);
    qsort(unowned->ids, unowned->count, 16, compare_raw_ids);
    return RF_OK;
}

/* Reads ahead and goes back: the value is held. */
static rf_code find_unowned(struct transcoding *t, struct unowned *unowned)
{
    const uint8_t *pos = t->w->pos;
    TRY(copy_end(t));
    TRY(copy_all_pending(t));
    t->looking_ahead = true;
    TRY(copy_consumers(t));
    t->looking_ahead = false;
    TRY(on_unowned(t, unowned));
    t->w->pos = pos;
    copy_begin(t);
    return RF_OK;
}

static rf_code copy_owned_pending(struct transcoding *t, const struct unowned *unowned)
{
    uint64_t n;
    TRY(copy_end(t));
    TRY(rdb_length(t->w, &n));
    TRY(put_lengths(t, (const uint64_t[]){n - unowned->count}, 1));
    for (; n > 0; n--) {
        release(t);
        TRY(window_need(t->w, 16));
        bool is_owned = !bsearch(t->w->pos, unowned->ids, unowned->count, 16, compare_raw_ids);
        if (is_owned)
            copy_begin(t);
        TRY(copy_pending(t->w));
        if (is_owned)
            TRY(copy_end(t));
    }
    copy_begin(t);
    return RF_OK;
}

static rf_code copy_members(struct transcoding *t, struct unowned *unowned)
{
    if (t->from >= 5 && t->to < 5)
        TRY(find_unowned(t, unowned));
    TRY(unowned->count > 0 ? copy_owned_pending(t, unowned) : copy_all_pending(t));
    TRY(copy_consumers(t));
    return copy_newer(t, 5, copy_raw_ids);
}

static rf_code copy_group(struct transcoding *t)
{
    struct unowned unowned = {0};
    release(t);
    TRY(rdb_skip_string(t->w));
    TRY(copy_id(t->w));
    TRY(put_entries_read(t));
    rf_code code = copy_members(t, &unowned);
    free(unowned.ids);
    return code;
}

/* --- the rest ---------------------------------------------------------------------------------------- */

/* Settings, then producers with their records, then two totals. */
static rf_code copy_producers(struct transcoding *t)
{
    uint64_t producers, records;
    TRY(copy_length(t->w));
    TRY(copy_length(t->w));
    TRY(rdb_length(t->w, &producers));
    for (; producers > 0; producers--) {
        release(t);
        TRY(rdb_skip_string(t->w));
        TRY(rdb_length(t->w, &records));
        for (; records > 0; records--) {
            release(t);
            TRY(rdb_skip_string(t->w));
            TRY(copy_id(t->w));
        }
    }
    return copy_id(t->w); /* two lengths, like an ID */
}

static rf_code copy_stream(struct walk *k, void *arg)
{
    struct transcoding *t = arg;
    struct stream_entries entries;
    uint64_t groups;
    t->k = k;
    t->w = k->w;
    TRY(put_nodes(t, &entries));
    TRY(put_totals(t, &entries));
    copy_begin(t);
    TRY(rdb_length(t->w, &groups));
    for (; groups > 0; groups--)
        TRY(copy_group(t));
    if (t->to >= 4)
        TRY(copy_producers(t));
    return copy_end(t);
}

rf_code rdb_reencode_stream(rf_value *value, uint8_t type, rf_bytes_fn fn, void *ctx, rf_error *error)
{
    struct transcoding t = {
        .from = layout_of(value->type->encoding.number), .to = layout_of(type), .fn = fn, .ctx = ctx};
    return value_skip_raw(value, copy_stream, &t, error);
}
