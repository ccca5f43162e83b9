/* SPDX-License-Identifier: MIT */
/* A stream as an older type: its bytes, some of them left out. Nodes go as they are, the totals behind them
 * are written anew out of what a walk has told, and of the rest (value_stream.c has the layouts) the older
 * one is what remains without
 *
 *   layout 2: a group's count of entries read    3: when a consumer was active
 *          4: the producers, at the end          5: how many pending entries nobody owns, which is 0 here */
#include "rdb/rdb_read.h"
#include "rdb/rdb_reencode.h"
#include "rdb/rdb_write.h"
#include "rdb/value_stream.h"

struct transcoding {
    struct window *w;
    int from, to; /* layouts; the second is the older one */
    rf_bytes_fn fn;
    void *ctx;
    const struct rdb_survey *survey;
};

static int layout_of(uint8_t type)
{
    static const uint8_t types[] = {15, 19, 21, 26, 27};
    int layout = 1;
    while (types[layout - 1] != type)
        layout++;
    return layout;
}

/* What is passed between these two is copied. */
static void copy_begin(struct transcoding *t)
{
    window_tap_begin(t->w, t->fn, t->ctx);
}

static rf_code copy_end(struct transcoding *t)
{
    return window_tap_end(t->w);
}

/* --- passing by -------------------------------------------------------------------------------------- */

typedef rf_code pass_fn(struct window *w);

static rf_code pass_length(struct window *w)
{
    uint64_t ignored;
    return rdb_length(w, &ignored);
}

static rf_code pass_id(struct window *w)
{
    TRY(pass_length(w));
    return pass_length(w);
}

static rf_code pass_time(struct window *w)
{
    return window_skip(w, 8);
}

/* Something that came with `layout`. */
static rf_code pass_newer(struct transcoding *t, int layout, pass_fn *pass)
{
    if (t->from < layout)
        return RF_OK;
    if (t->to >= layout)
        return pass(t->w);
    TRY(copy_end(t));
    TRY(pass(t->w));
    copy_begin(t);
    return RF_OK;
}

/* n ids of 16 bytes. */
static rf_code pass_raw_ids(struct transcoding *t)
{
    uint64_t n;
    TRY(rdb_length(t->w, &n));
    return window_skip(t->w, 16 * n);
}

/* --- the parts --------------------------------------------------------------------------------------- */

static rf_code pass_totals(struct transcoding *t)
{
    TRY(pass_length(t->w));
    TRY(pass_id(t->w));
    if (t->from < 2)
        return RF_OK;
    TRY(pass_id(t->w));
    TRY(pass_id(t->w));
    return pass_length(t->w);
}

static rf_code put_totals(const struct transcoding *t)
{
    const rf_stream *s = &t->survey->stream;
    const uint64_t totals[] = {
        s->length,       s->last_id.ms,        s->last_id.seq,        s->first_id.ms,
        s->first_id.seq, s->max_deleted_id.ms, s->max_deleted_id.seq, s->entries_added};
    uint8_t bytes[sizeof totals / sizeof *totals * RDB_LENGTH_MAX];
    size_t count = t->to >= 2 ? sizeof totals / sizeof *totals : 3, size = 0;
    for (size_t i = 0; i < count; i++)
        size += rdb_put_length(bytes + size, totals[i]);
    return t->fn(t->ctx, (rf_slice){bytes, size});
}

static rf_code pass_consumer(struct transcoding *t)
{
    TRY(rdb_skip_string(t->w));
    TRY(pass_time(t->w));
    TRY(pass_newer(t, 3, pass_time));
    return pass_raw_ids(t);
}

static rf_code pass_group(struct transcoding *t)
{
    uint64_t n;
    TRY(rdb_skip_string(t->w));
    TRY(pass_id(t->w));
    TRY(pass_newer(t, 2, pass_length));
    TRY(rdb_length(t->w, &n));
    for (; n > 0; n--) {
        TRY(window_skip(t->w, 16 + 8));
        TRY(pass_length(t->w));
    }
    TRY(rdb_length(t->w, &n));
    for (; n > 0; n--)
        TRY(pass_consumer(t));
    return pass_newer(t, 5, pass_length);
}

/* Settings, then producers with their records, then two totals. */
static rf_code pass_producers(struct transcoding *t)
{
    uint64_t producers, records;
    TRY(pass_length(t->w));
    TRY(pass_length(t->w));
    TRY(rdb_length(t->w, &producers));
    for (; producers > 0; producers--) {
        TRY(rdb_skip_string(t->w));
        TRY(rdb_length(t->w, &records));
        for (; records > 0; records--) {
            TRY(rdb_skip_string(t->w));
            TRY(pass_id(t->w));
        }
    }
    return pass_id(t->w); /* two lengths, as an id is */
}

static rf_code pass_stream(struct walk *k, void *arg)
{
    struct transcoding *t = arg;
    struct stream_entries entries;
    uint64_t groups;
    t->w = k->w;
    copy_begin(t);
    TRY(stream_nodes(k, &entries));
    TRY(copy_end(t));
    TRY(pass_totals(t));
    TRY(put_totals(t));
    copy_begin(t);
    TRY(rdb_length(t->w, &groups));
    for (; groups > 0; groups--)
        TRY(pass_group(t));
    if (t->to >= 4)
        TRY(pass_producers(t));
    return copy_end(t);
}

rf_code rdb_reencode_stream(rf_value *value, uint8_t type, const struct rdb_survey *survey, rf_bytes_fn fn,
                            void *ctx, rf_error *error)
{
    struct transcoding t = {.from = layout_of(value->type->encoding.number),
                            .to = layout_of(type),
                            .fn = fn,
                            .ctx = ctx,
                            .survey = survey};
    return value_pass(value, pass_stream, &t, error);
}
