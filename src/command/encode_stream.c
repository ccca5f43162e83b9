/* SPDX-License-Identifier: MIT */
/* Streams as commands:
 *
 *   XADD key id field value ...                                     for each entry, or for an empty stream
 *   XADD key MAXLEN 0 0-1 x y                                       which leaves it without entries
 *   XSETID key last-id ENTRIESADDED n MAXDELETEDID id
 *   XGROUP CREATE key group last-id ENTRIESREAD n                   for each group
 *     XCLAIM key group consumer 0 id TIME ms RETRYCOUNT n JUSTID FORCE    for each pending entry
 *     XGROUP CREATECONSUMER key group consumer                      for a consumer without pending entries
 *     XNACK key group FAIL IDS 1 id RETRYCOUNT n FORCE              for an unowned pending entry
 *   XCFGSET key IDMP-DURATION s IDMP-MAXSIZE n                      unless they are the defaults
 *   XIDMPRECORD key producer iid id                                 for each record
 *
 * Commands cannot refer to deleted entries, nor create an idle consumer before Redis 6.2. A stream with such
 * data is written as RESTORE; so each stream is held and its groups are examined first. (Valkey src/aof.c:
 * rewriteStreamObject) */
#include "base/fail.h"
#include "command/encoder.h"
#include "rdb/detail.h"
#include "rdb/notify.h"
#include "rdb/value_stream.h"
#include <stdlib.h>

/* --- references of the groups ----------------------------------------------------------------------- */

struct survey {
    rf_server target;
    rf_stream_id *ids; /* referred to by pending entries and producers' records */
    size_t count, cap;
    unsigned details; /* not supported by the target's commands */
};

static int compare_ids(const void *a, const void *b)
{
    return stream_id_compare(*(const rf_stream_id *)a, *(const rf_stream_id *)b);
}

static void require(struct survey *s, enum ability ability, unsigned detail)
{
    if (!server_can(s->target, ability))
        s->details |= detail;
}

static rf_code refer(struct survey *s, rf_stream_id id)
{
    if (s->count == s->cap) {
        size_t cap = s->cap ? 2 * s->cap : 64;
        rf_stream_id *ids = realloc(s->ids, cap * sizeof *ids);
        if (!ids)
            return RF_E_MEMORY;
        s->ids = ids;
        s->cap = cap;
    }
    s->ids[s->count++] = id;
    return RF_OK;
}

/* A plain XSETID can create such a stream, one with MAXDELETEDID rejects it. */
static rf_code survey_stream(void *ctx, const rf_stream *stream)
{
    struct survey *s = ctx;
    if (server_can(s->target, CAN_STREAM_COUNTERS) &&
        compare_ids(&stream->last_id, &stream->max_deleted_id) < 0)
        s->details |= DETAIL_BIT(MAX_DELETED_ID);
    return RF_OK;
}

static rf_code survey_consumer(void *ctx, const rf_consumer *consumer)
{
    if (consumer->pending == 0)
        require(ctx, CAN_IDLE_CONSUMERS, DETAIL_BIT(IDLE_CONSUMERS));
    return RF_OK;
}

static rf_code survey_pending(void *ctx, const rf_pending *pending)
{
    struct survey *s = ctx;
    if (pending->delivery_count > INT64_MAX)
        s->details |= DETAIL_BIT(DELIVERY_COUNT);
    return refer(s, pending->id);
}

static rf_code survey_unowned(void *ctx, const rf_pending *pending)
{
    require(ctx, CAN_UNOWNED_PENDING, DETAIL_BIT(UNOWNED_PENDING));
    return survey_pending(ctx, pending);
}

static rf_code survey_producers(void *ctx, const rf_producers *producers)
{
    if (producers->producers > 0 || !producers_are_default(producers))
        require(ctx, CAN_PRODUCERS, DETAIL_BIT(PRODUCERS));
    return RF_OK;
}

static rf_code survey_record(void *ctx, const rf_producer_record *record)
{
    return refer(ctx, record->id);
}

/* There is at least one. */
static void sort_references(struct survey *s)
{
    size_t kept = 0;
    qsort(s->ids, s->count, sizeof *s->ids, compare_ids);
    for (size_t i = 0; i < s->count; i++)
        if (kept == 0 || compare_ids(&s->ids[kept - 1], &s->ids[i]) != 0)
            s->ids[kept++] = s->ids[i];
    s->count = kept;
}

static rf_code survey_references(struct survey *s, rf_entry *entry, rf_error *error)
{
    static const rf_visitor referrers = {.unique = RF_UNIQUE_FIRST,
                                         .stream = survey_stream,
                                         .consumer = survey_consumer,
                                         .pending = survey_pending,
                                         .unowned = survey_unowned,
                                         .producers = survey_producers,
                                         .producer_record = survey_record};
    bool all;
    rf_code code = rf_value_walk(entry->value, &referrers, s, error);
    if (code == RF_E_MEMORY)
        return fail(error, code, "out of memory for %zu pending entries", s->count);
    TRY(code);
    if (s->count == 0)
        return RF_OK;
    sort_references(s);
    TRY(stream_has_all(entry->value, s->ids, s->count, &all, error));
    if (!all)
        s->details |= DETAIL_BIT(GONE_ENTRIES);
    return RF_OK;
}

/* *details: what commands would lose. */
static rf_code survey(struct encoder *e, rf_entry *entry, unsigned *details, rf_error *error)
{
    struct survey s = {.target = e->options.target};
    rf_code code = rf_value_hold(entry->value, NULL, error);
    if (code == RF_OK)
        code = survey_references(&s, entry, error);
    *details = s.details;
    free(s.ids);
    return code;
}

/* --- commands ------------------------------------------------------------------------------------------ */

enum { ID_TEXT_MAX = 2 * NUMBER_TEXT_MAX + 1 };

static size_t print_id(uint8_t *text, rf_stream_id id)
{
    size_t n = number_print_u64(text, id.ms);
    text[n++] = '-';
    return n + number_print_u64(text + n, id.seq);
}

static void put_id(struct encoder *e, rf_stream_id id)
{
    uint8_t text[ID_TEXT_MAX];
    resp_bulk(e->out, (rf_slice){text, print_id(text, id)});
}

/* The beginning of every command here. */
static void put_command(struct encoder *e, uint64_t args, rf_slice command)
{
    encoder_command(e, args);
    resp_bulk(e->out, command);
}

/* The maximum size of an entry's XADD. */
static size_t entry_reserve(const struct encoder *e, const rf_slice *fields_values, size_t count)
{
    size_t reserve = RESP_HEADER_MAX + e->batch.opening.len + ID_TEXT_MAX + BULK_EXTRA;
    for (size_t i = 0; i < count; i++)
        reserve += fields_values[i].len + BULK_EXTRA;
    return reserve;
}

static rf_code put_large_entry(struct encoder *e, rf_stream_id id, const rf_slice *fields_values,
                               size_t count)
{
    rf_code code = RF_OK;
    for (size_t i = 0; i < count; i++)
        if (!encoder_fits(e, fields_values[i], &code))
            return code;
    encoder_command(e, 3 + count);
    outbuf_put(e->out, e->batch.opening.data, e->batch.opening.len);
    put_id(e, id);
    for (size_t i = 0; i < count; i++)
        resp_bulk(e->out, fields_values[i]);
    return RF_OK;
}

static rf_code put_entry(void *ctx, rf_stream_id id, const rf_slice *fields_values, size_t pairs)
{
    struct encoder *e = ctx;
    size_t count = 2 * pairs, reserve = entry_reserve(e, fields_values, count);
    uint8_t text[ID_TEXT_MAX];
    if (UNLIKELY(reserve > OUTBUF_RESERVE_MAX)) {
        return put_large_entry(e, id, fields_values, count);
    }
    e->batch.commands++;
    uint8_t *p = resp_print_header(outbuf_reserve(e->out, reserve), '*', 3 + count);
    memcpy(p, e->batch.opening.data, e->batch.opening.len);
    p = resp_print_bulk(p + e->batch.opening.len, (rf_slice){text, print_id(text, id)});
    for (size_t i = 0; i < count; i++)
        p = resp_print_bulk(p, fields_values[i]);
    e->out->pos = p;
    return RF_OK;
}

static void put_empty_stream(struct encoder *e)
{
    put_command(e, 7, SLICE("XADD"));
    resp_bulk(e->out, e->entry->key);
    resp_bulk(e->out, SLICE("MAXLEN"));
    resp_bulk(e->out, SLICE("0"));
    resp_bulk(e->out, SLICE("0-1"));
    resp_bulk(e->out, SLICE("x"));
    resp_bulk(e->out, SLICE("y"));
}

static bool goes_without(const struct encoder *e, unsigned details)
{
    return e->without & details;
}

static rf_code put_stream(void *ctx, const rf_stream *stream)
{
    struct encoder *e = ctx;
    const rf_stream_id no_id = {0};
    bool with_counters = server_can(e->options.target, CAN_STREAM_COUNTERS);
    if (stream->length == 0)
        put_empty_stream(e);
    put_command(e, with_counters ? 7 : 3, SLICE("XSETID"));
    resp_bulk(e->out, e->entry->key);
    put_id(e, stream->last_id);
    if (with_counters) {
        resp_bulk(e->out, SLICE("ENTRIESADDED"));
        resp_bulk_u64(e->out, stream->entries_added);
        resp_bulk(e->out, SLICE("MAXDELETEDID"));
        put_id(e, goes_without(e, DETAIL_BIT(MAX_DELETED_ID)) ? no_id : stream->max_deleted_id);
    } else if (stream->entries_added != stream->length || stream->max_deleted_id.ms > 0) {
        notify_of(&e->options.notify, e->entry, RF_NOTICE_STREAM_COUNTERS,
                  "entries added, max-deleted ID, entries read");
    }
    e->elements++;
    return RF_OK;
}

static rf_code keep(struct encoder *e, struct buffer *name, rf_slice bytes)
{
    name->len = 0;
    return buffer_append(name, bytes)
               ? RF_OK
               : fail(e->error, RF_E_MEMORY, "out of memory for a name of %zu bytes", bytes.len);
}

static rf_code put_group(void *ctx, const rf_group *group)
{
    struct encoder *e = ctx;
    bool with_counters = server_can(e->options.target, CAN_STREAM_COUNTERS);
    TRY(keep(e, &e->group, group->name));
    put_command(e, with_counters ? 7 : 5, SLICE("XGROUP"));
    resp_bulk(e->out, SLICE("CREATE"));
    resp_bulk(e->out, e->entry->key);
    resp_bulk(e->out, group->name);
    put_id(e, group->last_id);
    if (with_counters) {
        resp_bulk(e->out, SLICE("ENTRIESREAD"));
        resp_bulk_i64(e->out, group->entries_read);
    }
    return RF_OK;
}

static rf_code put_consumer(void *ctx, const rf_consumer *consumer)
{
    struct encoder *e = ctx;
    TRY(keep(e, &e->consumer, consumer->name));
    if (consumer->pending > 0 || goes_without(e, DETAIL_BIT(IDLE_CONSUMERS)))
        return RF_OK; /* created by its first XCLAIM */
    put_command(e, 5, SLICE("XGROUP"));
    resp_bulk(e->out, SLICE("CREATECONSUMER"));
    resp_bulk(e->out, e->entry->key);
    resp_bulk(e->out, buffer_slice(&e->group));
    resp_bulk(e->out, consumer->name);
    return RF_OK;
}

static rf_code put_pending(void *ctx, const rf_pending *pending)
{
    struct encoder *e = ctx;
    put_command(e, 12, SLICE("XCLAIM"));
    resp_bulk(e->out, e->entry->key);
    resp_bulk(e->out, buffer_slice(&e->group));
    resp_bulk(e->out, buffer_slice(&e->consumer));
    resp_bulk(e->out, SLICE("0"));
    put_id(e, pending->id);
    resp_bulk(e->out, SLICE("TIME"));
    resp_bulk_i64(e->out, pending->delivered_ms);
    resp_bulk(e->out, SLICE("RETRYCOUNT"));
    resp_bulk_u64(e->out, pending->delivery_count > INT64_MAX ? INT64_MAX : pending->delivery_count);
    resp_bulk(e->out, SLICE("JUSTID"));
    resp_bulk(e->out, SLICE("FORCE"));
    return RF_OK;
}

static rf_code put_unowned(void *ctx, const rf_pending *pending)
{
    struct encoder *e = ctx;
    if (goes_without(e, DETAIL_BIT(UNOWNED_PENDING)))
        return RF_OK;
    put_command(e, 10, SLICE("XNACK"));
    resp_bulk(e->out, e->entry->key);
    resp_bulk(e->out, buffer_slice(&e->group));
    resp_bulk(e->out, SLICE("FAIL"));
    resp_bulk(e->out, SLICE("IDS"));
    resp_bulk(e->out, SLICE("1"));
    put_id(e, pending->id);
    resp_bulk(e->out, SLICE("RETRYCOUNT"));
    resp_bulk_u64(e->out, pending->delivery_count);
    resp_bulk(e->out, SLICE("FORCE"));
    return RF_OK;
}

/* Before the records, as the settings would clear them. */
static rf_code put_producers(void *ctx, const rf_producers *producers)
{
    struct encoder *e = ctx;
    if (producers_are_default(producers) || goes_without(e, DETAIL_BIT(PRODUCERS)))
        return RF_OK;
    put_command(e, 6, SLICE("XCFGSET"));
    resp_bulk(e->out, e->entry->key);
    resp_bulk(e->out, SLICE("IDMP-DURATION"));
    resp_bulk_u64(e->out, producers->duration_s);
    resp_bulk(e->out, SLICE("IDMP-MAXSIZE"));
    resp_bulk_u64(e->out, producers->max_entries);
    return RF_OK;
}

static rf_code put_producer_record(void *ctx, const rf_producer_record *record)
{
    struct encoder *e = ctx;
    if (goes_without(e, DETAIL_BIT(PRODUCERS) | DETAIL_BIT(GONE_ENTRIES)))
        return RF_OK;
    put_command(e, 5, SLICE("XIDMPRECORD"));
    resp_bulk(e->out, e->entry->key);
    resp_bulk(e->out, record->producer);
    resp_bulk(e->out, record->iid);
    put_id(e, record->id);
    return RF_OK;
}

rf_code encode_stream(struct encoder *e, rf_entry *entry, rf_error *error)
{
    static const rf_visitor commands = {.stream_entry = put_entry,
                                        .stream = put_stream,
                                        .group = put_group,
                                        .consumer = put_consumer,
                                        .pending = put_pending,
                                        .unowned = put_unowned,
                                        .producers = put_producers,
                                        .producer_record = put_producer_record};
    unsigned details;
    bool kept = true;
    if (!server_can(e->options.target, CAN_STREAMS))
        return encoder_unsupported(e, ability_text(CAN_STREAMS), error);
    TRY(survey(e, entry, &details, error));
    if (details && (encoder_restores(e, entry) || !e->options.drop_detail))
        return encode_restore(e, entry, detail_lacking(details), error);
    if (details)
        TRY(encoder_leave_out(e, details, &kept, error));
    if (!kept)
        return RF_OK;
    if (!batch_prepare(&e->batch, SLICE("XADD"), entry->key, 1))
        return fail(error, RF_E_MEMORY, "out of memory for a key of %zu bytes", entry->key.len);
    return rf_value_walk(entry->value, &commands, e, error);
}
