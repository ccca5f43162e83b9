/* SPDX-License-Identifier: MIT */
/* Streams as JSON. A walk reports a flat sequence; it is converted to nested lists, each of which ends when
 * an item of an outer list is reported. */
#include "base/fail.h"
#include "base/number.h"
#include "sink/jsonl.h"

/* The text that ends the list, and the list that contains it. */
static const struct {
    const char *closing;
    enum stream_level outer;
} levels[] = {
    [ENTRIES] = {"", STREAM},    [GROUPS] = {"", STREAM},   [RECORDS] = {"}", STREAM},
    [CONSUMERS] = {"}", GROUPS}, [UNOWNED] = {"}", GROUPS}, [PENDING] = {"}", CONSUMERS},
};

static void enter(struct jsonl *j, enum stream_level level)
{
    jsonl_open(j, ':', '[');
    j->level = level;
}

/* Ends lists until the one of `level` is the current one. */
static void leave_to(struct jsonl *j, enum stream_level level)
{
    while (j->level != level) {
        jsonl_close(j, ']');
        outbuf_put(j->out, levels[j->level].closing, strlen(levels[j->level].closing));
        j->level = levels[j->level].outer;
    }
}

void jsonl_put_id(struct outbuf *out, char before, rf_stream_id id)
{
    uint8_t *p = outbuf_reserve(out, 2 * NUMBER_TEXT_MAX + 4);
    *p++ = (uint8_t)before;
    *p++ = '"';
    p += number_print_u64(p, id.ms);
    *p++ = '-';
    p += number_print_u64(p, id.seq);
    *p++ = '"';
    out->pos = p;
}

static rf_code put_entry(void *ctx, rf_stream_id id, const rf_slice *fields_values, size_t pairs)
{
    struct jsonl *j = ctx;
    json_put_char(j->out, jsonl_next(j));
    jsonl_put_id(j->out, '[', id);
    jsonl_put_texts(j, ',', fields_values, 2 * pairs);
    json_put_char(j->out, ']');
    return RF_OK;
}

static rf_code put_stream(void *ctx, const rf_stream *stream)
{
    struct jsonl *j = ctx;
    leave_to(j, STREAM);
    JSON_PUT(j->out, ",\"last_id\"");
    jsonl_put_id(j->out, ':', stream->last_id);
    JSON_PUT(j->out, ",\"max_deleted_id\"");
    jsonl_put_id(j->out, ':', stream->max_deleted_id);
    JSON_PUT(j->out, ",\"entries_added\"");
    json_put_u64(j->out, ':', stream->entries_added);
    JSON_PUT(j->out, ",\"groups\"");
    enter(j, GROUPS);
    return RF_OK;
}

/* A number, or null if it is -1. */
static void put_known(struct jsonl *j, int64_t n)
{
    if (n == -1)
        JSON_PUT(j->out, ":null");
    else
        json_put_i64(j->out, ':', n);
}

/* The beginning of a group or a consumer. */
static void put_named(struct jsonl *j, rf_slice name)
{
    json_put_char(j->out, jsonl_next(j));
    JSON_PUT(j->out, "{\"name\"");
    jsonl_put_text(j, ':', name);
}

static rf_code put_group(void *ctx, const rf_group *group)
{
    struct jsonl *j = ctx;
    leave_to(j, GROUPS);
    put_named(j, group->name);
    JSON_PUT(j->out, ",\"last_id\"");
    jsonl_put_id(j->out, ':', group->last_id);
    JSON_PUT(j->out, ",\"entries_read\"");
    put_known(j, group->entries_read);
    JSON_PUT(j->out, ",\"consumers\"");
    enter(j, CONSUMERS);
    return RF_OK;
}

static rf_code put_consumer(void *ctx, const rf_consumer *consumer)
{
    struct jsonl *j = ctx;
    leave_to(j, CONSUMERS);
    put_named(j, consumer->name);
    JSON_PUT(j->out, ",\"seen_ms\"");
    json_put_i64(j->out, ':', consumer->seen_ms);
    JSON_PUT(j->out, ",\"active_ms\"");
    put_known(j, consumer->active_ms);
    JSON_PUT(j->out, ",\"pending\"");
    enter(j, PENDING);
    return RF_OK;
}

static rf_code put_pending(void *ctx, const rf_pending *pending)
{
    struct jsonl *j = ctx;
    json_put_char(j->out, jsonl_next(j));
    jsonl_put_id(j->out, '[', pending->id);
    json_put_i64(j->out, ',', pending->delivered_ms);
    json_put_u64(j->out, ',', pending->delivery_count);
    json_put_char(j->out, ']');
    return RF_OK;
}

static rf_code put_unowned(void *ctx, const rf_pending *pending)
{
    struct jsonl *j = ctx;
    if (j->level != UNOWNED) {
        leave_to(j, CONSUMERS);
        jsonl_close(j, ']');
        JSON_PUT(j->out, ",\"unowned\"");
        enter(j, UNOWNED);
    }
    return put_pending(j, pending);
}

static rf_code put_producers(void *ctx, const rf_producers *producers)
{
    struct jsonl *j = ctx;
    leave_to(j, STREAM);
    JSON_PUT(j->out, ",\"producers\":{\"duration_s\"");
    json_put_u64(j->out, ':', producers->duration_s);
    JSON_PUT(j->out, ",\"max_entries\"");
    json_put_u64(j->out, ':', producers->max_entries);
    JSON_PUT(j->out, ",\"records\"");
    enter(j, RECORDS);
    return RF_OK;
}

static rf_code put_producer_record(void *ctx, const rf_producer_record *record)
{
    struct jsonl *j = ctx;
    json_put_char(j->out, jsonl_next(j));
    jsonl_put_text(j, '[', record->producer);
    jsonl_put_text(j, ',', record->iid);
    jsonl_put_id(j->out, ',', record->id);
    json_put_char(j->out, ']');
    return RF_OK;
}

rf_code jsonl_put_stream(struct jsonl *j, rf_entry *entry, rf_error *error)
{
    static const rf_visitor visitor = {.unique = RF_UNIQUE_FIRST,
                                       .stream_entry = put_entry,
                                       .stream = put_stream,
                                       .group = put_group,
                                       .consumer = put_consumer,
                                       .pending = put_pending,
                                       .unowned = put_unowned,
                                       .producers = put_producers,
                                       .producer_record = put_producer_record};
    JSON_PUT(j->out, ":{\"entries\"");
    enter(j, ENTRIES);
    TRY(rf_value_walk(entry->value, &visitor, j, error));
    leave_to(j, STREAM);
    json_put_char(j->out, '}');
    return RF_OK;
}
