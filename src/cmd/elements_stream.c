/* SPDX-License-Identifier: MIT */
/* The elements of a stream: entries, properties, groups, consumers and pending entries. The time when a
 * consumer was last seen is not compared. */
#include "elements_walk.h"
#include "show.h"
#include <inttypes.h>

static void print_id(FILE *out, rf_stream_id id)
{
    fprintf(out, "%" PRIu64 "-%" PRIu64, id.ms, id.seq);
}

rf_code elements_stream_entry(void *ctx, rf_stream_id id, const rf_slice *fields_values, size_t pairs)
{
    struct elements *elements = ctx;
    FILE *text = elements_begin(elements);
    size_t name;

    print_id(text, id);
    name = elements_named(elements);
    for (size_t i = 0; i < 2 * pairs; i++) {
        if (i > 0)
            putc(' ', text);
        show_bytes(text, fields_values[i]);
    }
    return elements_put_made(elements, ELEMENT_ENTRY, name);
}

static rf_code put_id(struct elements *elements, enum element_kind kind, rf_stream_id id)
{
    print_id(elements_begin(elements), id);
    return elements_put_made(elements, kind, 0);
}

rf_code elements_stream(void *ctx, const rf_stream *stream)
{
    struct elements *elements = ctx;
    rf_code code = put_id(elements, ELEMENT_LAST_ID, stream->last_id);
    uint64_t added; /* a lower bound */

    if (code == RF_OK)
        code = put_id(elements, ELEMENT_DELETED_ID, stream->max_deleted_id);
    if (code != RF_OK)
        return code;
    added = stream->entries_added > stream->length ? stream->entries_added : stream->length;
    fprintf(elements_begin(elements), "%" PRIu64, added);
    return elements_put_made(elements, ELEMENT_ADDED, 0);
}

rf_code elements_group(void *ctx, const rf_group *group)
{
    struct elements *elements = ctx;
    FILE *text = elements_begin(elements);
    size_t name;
    rf_code code;

    show_bytes(text, group->name);
    code = elements_keep(elements, &elements->group);
    if (code != RF_OK)
        return code;
    name = elements_named(elements);
    fputs("last id ", text);
    print_id(text, group->last_id);
    if (group->entries_read >= 0)
        fprintf(text, ", entries read %" PRId64, group->entries_read);
    return elements_put_made(elements, ELEMENT_GROUP, name);
}

rf_code elements_consumer(void *ctx, const rf_consumer *consumer)
{
    struct elements *elements = ctx;
    FILE *text = elements_begin(elements);
    rf_code code;

    show_bytes(text, consumer->name);
    code = elements_keep(elements, &elements->consumer);
    if (code != RF_OK)
        return code;
    fprintf(text, " of group %s", elements->group);
    return elements_put_made(elements, ELEMENT_CONSUMER, elements_named(elements));
}

static rf_code put_pending(struct elements *elements, const rf_pending *pending, const char *owner)
{
    FILE *text = elements_begin(elements);
    char delivered[TIME_TEXT];
    size_t name;

    print_id(text, pending->id);
    fprintf(text, " of group %s", elements->group);
    name = elements_named(elements);
    fprintf(text, "%s%s, delivered %s, count %" PRIu64, owner ? "of consumer " : "without a consumer",
            owner ? owner : "", show_time(pending->delivered_ms, delivered), pending->delivery_count);
    return elements_put_made(elements, ELEMENT_PENDING, name);
}

rf_code elements_pending(void *ctx, const rf_pending *pending)
{
    struct elements *elements = ctx;

    return put_pending(elements, pending, elements->consumer);
}

rf_code elements_unowned(void *ctx, const rf_pending *pending)
{
    return put_pending(ctx, pending, NULL);
}
