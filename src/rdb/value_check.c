/* SPDX-License-Identifier: MIT */
/* Checks a value before it is passed on unchanged: a walk that counts elements and finds duplicates. */
#include "rdb/value.h"

static rf_code count_one(void *ctx)
{
    ++*(uint64_t *)ctx;
    return RF_OK;
}

static rf_code count_item(void *ctx, rf_slice item)
{
    (void)item;
    return count_one(ctx);
}

static rf_code count_member(void *ctx, rf_slice member, int64_t expire_ms)
{
    (void)member, (void)expire_ms;
    return count_one(ctx);
}

static rf_code count_scored(void *ctx, rf_slice member, double score)
{
    (void)member, (void)score;
    return count_one(ctx);
}

static rf_code count_field(void *ctx, rf_slice field, rf_slice value, int64_t expire_ms)
{
    (void)field, (void)value, (void)expire_ms;
    return count_one(ctx);
}

static rf_code count_slot(void *ctx, uint64_t index, rf_slice value)
{
    (void)index, (void)value;
    return count_one(ctx);
}

static rf_code count_path_field(void *ctx, rf_slice path, rf_slice field, rf_slice value)
{
    (void)path, (void)field, (void)value;
    return count_one(ctx);
}

static rf_code count_stream_entry(void *ctx, rf_stream_id id, const rf_slice *fields_values, size_t pairs)
{
    (void)id, (void)fields_values, (void)pairs;
    return count_one(ctx);
}

/* A visitor of the stream causes the notice about a wrong length. */
static rf_code on_stream(void *ctx, const rf_stream *stream)
{
    (void)ctx, (void)stream;
    return RF_OK;
}

rf_code rf_value_check(rf_value *value, uint64_t *elements, rf_error *error)
{
    static const rf_visitor counter = {.unique = RF_UNIQUE_ALL,
                                       .string = count_item,
                                       .item = count_item,
                                       .member = count_member,
                                       .scored = count_scored,
                                       .field = count_field,
                                       .slot = count_slot,
                                       .path_field = count_path_field,
                                       .stream_entry = count_stream_entry,
                                       .stream = on_stream};
    *elements = 0;
    TRY(rf_value_hold(value, NULL, error));
    return rf_value_walk(value, &counter, elements, error);
}
