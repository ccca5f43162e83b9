/* SPDX-License-Identifier: MIT */
#include "support/record.h"
#include "base/double_text.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void append(struct buffer *out, const void *bytes, size_t n)
{
    if (!buffer_append(out, (rf_slice){bytes, n}))
        abort();
}

void record_text(struct buffer *out, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    append(out, text, (size_t)n);
}

void record_bytes(struct buffer *out, rf_slice bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        uint8_t c = bytes.ptr[i];
        if (c >= ' ' && c <= '~')
            append(out, &c, 1);
        else
            record_text(out, "\\x%02x", c);
    }
}

const char *record_end(struct buffer *out)
{
    append(out, "", 1);
    out->len--;
    return (const char *)out->data;
}

static void record_id(struct buffer *out, rf_stream_id id)
{
    record_text(out, " %" PRIu64 "-%" PRIu64, id.ms, id.seq);
}

static rf_code record_line(struct buffer *out, const char *word, rf_slice bytes)
{
    record_text(out, "%s ", word);
    record_bytes(out, bytes);
    record_text(out, "\n");
    return RF_OK;
}

static rf_code record_string(void *ctx, rf_slice value)
{
    return record_line(ctx, "string", value);
}

static rf_code record_item(void *ctx, rf_slice item)
{
    return record_line(ctx, "item", item);
}

static rf_code record_member(void *ctx, rf_slice member, int64_t expire_ms)
{
    record_text(ctx, "member ");
    record_bytes(ctx, member);
    if (expire_ms != RF_NO_EXPIRY)
        record_text(ctx, " @%" PRId64, expire_ms);
    record_text(ctx, "\n");
    return RF_OK;
}

static rf_code record_scored(void *ctx, rf_slice member, double score)
{
    uint8_t text[DOUBLE_TEXT_MAX];
    int n = (int)double_print(text, score);
    record_text(ctx, "scored ");
    record_bytes(ctx, member);
    record_text(ctx, " %.*s\n", n, (const char *)text);
    return RF_OK;
}

static rf_code record_field(void *ctx, rf_slice field, rf_slice value, int64_t expire_ms)
{
    record_text(ctx, "field ");
    record_bytes(ctx, field);
    record_text(ctx, " ");
    record_bytes(ctx, value);
    if (expire_ms != RF_NO_EXPIRY)
        record_text(ctx, " @%" PRId64, expire_ms);
    record_text(ctx, "\n");
    return RF_OK;
}

static rf_code record_path_field(void *ctx, rf_slice path, rf_slice field, rf_slice value)
{
    record_text(ctx, "path ");
    record_bytes(ctx, path);
    record_text(ctx, " field ");
    record_bytes(ctx, field);
    record_text(ctx, " ");
    record_bytes(ctx, value);
    record_text(ctx, "\n");
    return RF_OK;
}

static rf_code record_array(void *ctx, bool has_insert_index, uint64_t insert_index)
{
    if (has_insert_index)
        record_text(ctx, "array %" PRIu64 "\n", insert_index);
    else
        record_text(ctx, "array\n");
    return RF_OK;
}

static rf_code record_slot(void *ctx, uint64_t index, rf_slice value)
{
    record_text(ctx, "slot %" PRIu64 " ", index);
    record_bytes(ctx, value);
    record_text(ctx, "\n");
    return RF_OK;
}

static rf_code record_entry(void *ctx, rf_stream_id id, const rf_slice *fields_values, size_t pairs)
{
    record_text(ctx, "entry");
    record_id(ctx, id);
    for (size_t i = 0; i < pairs; i++) {
        record_text(ctx, " ");
        record_bytes(ctx, fields_values[2 * i]);
        record_text(ctx, "=");
        record_bytes(ctx, fields_values[2 * i + 1]);
    }
    record_text(ctx, "\n");
    return RF_OK;
}

static rf_code record_stream(void *ctx, const rf_stream *stream)
{
    record_text(ctx, "stream %" PRIu64, stream->length);
    record_id(ctx, stream->last_id);
    record_id(ctx, stream->first_id);
    record_id(ctx, stream->max_deleted_id);
    record_text(ctx, " %" PRIu64 " %" PRIu64 "\n", stream->entries_added, stream->groups);
    return RF_OK;
}

static rf_code record_group(void *ctx, const rf_group *group)
{
    record_text(ctx, "group ");
    record_bytes(ctx, group->name);
    record_id(ctx, group->last_id);
    record_text(ctx, " %" PRId64 " %" PRIu64 " %" PRIu64 "\n", group->entries_read, group->pending,
                group->consumers);
    return RF_OK;
}

static rf_code record_consumer(void *ctx, const rf_consumer *consumer)
{
    record_text(ctx, "consumer ");
    record_bytes(ctx, consumer->name);
    record_text(ctx, " %" PRId64 " %" PRId64 " %" PRIu64 "\n", consumer->seen_ms, consumer->active_ms,
                consumer->pending);
    return RF_OK;
}

static rf_code record_one_pending(struct buffer *out, const char *word, const rf_pending *pending)
{
    record_text(out, "%s", word);
    record_id(out, pending->id);
    record_text(out, " %" PRId64 " %" PRIu64 "\n", pending->delivered_ms, pending->delivery_count);
    return RF_OK;
}

static rf_code record_pending(void *ctx, const rf_pending *pending)
{
    return record_one_pending(ctx, "pending", pending);
}

static rf_code record_unowned(void *ctx, const rf_pending *pending)
{
    return record_one_pending(ctx, "unowned", pending);
}

static rf_code record_producers(void *ctx, const rf_producers *producers)
{
    record_text(ctx, "producers %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", producers->duration_s,
                producers->max_entries, producers->producers);
    return RF_OK;
}

static rf_code record_producer_record(void *ctx, const rf_producer_record *record)
{
    record_text(ctx, "record ");
    record_bytes(ctx, record->producer);
    record_text(ctx, " ");
    record_bytes(ctx, record->iid);
    record_id(ctx, record->id);
    record_text(ctx, "\n");
    return RF_OK;
}

static rf_code record_module(void *ctx, const char name[10], uint64_t version)
{
    record_text(ctx, "module %s %" PRIu64 "\n", name, version);
    return RF_OK;
}

const rf_visitor recorder = {
    .string = record_string,
    .item = record_item,
    .member = record_member,
    .scored = record_scored,
    .field = record_field,
    .slot = record_slot,
    .array = record_array,
    .path_field = record_path_field,
    .stream_entry = record_entry,
    .stream = record_stream,
    .group = record_group,
    .consumer = record_consumer,
    .pending = record_pending,
    .unowned = record_unowned,
    .producers = record_producers,
    .producer_record = record_producer_record,
    .module = record_module,
};
