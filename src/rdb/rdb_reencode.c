/* SPDX-License-Identifier: MIT */
/* Chooses a type that a target reads, and writes collections in it. (Valkey src/rdb.c: rdbSaveObject) */
#include "rdb/rdb_reencode.h"

#include "base/double_text.h"
#include "base/number.h"
#include "rdb/detail.h"
#include "rdb/rdb_format.h"
#include "rdb/rdb_reencode_stream.h"
#include "rdb/rdb_write.h"
#include "rdb/value_stream.h"
#include <math.h>

enum { PLAIN_SET = 2, ZSET_TEXT = 3, PLAIN_HASH = 4, STREAM_WITH_PRODUCERS = 26, STREAM_WITH_UNOWNED = 27 };

/* --- the survey ------------------------------------------------------------------------------------- */

static bool redis_has_expiry(int64_t expire_ms)
{
    return expire_ms >= 1 && expire_ms >> RDB_FIELD_EXPIRE_BITS == 0;
}

static bool dragonfly_has_expiry(int64_t expire_ms)
{
    int64_t seconds = expire_ms / 1000 - RDB_DRAGONFLY_EXPIRY_BASE;
    return expire_ms % 1000 == 0 && seconds >= 0 && seconds <= UINT32_MAX;
}

static void see_string(struct rdb_survey *s, rf_slice bytes)
{
    if (bytes.len > s->longest)
        s->longest = bytes.len;
}

static rf_code see_item(void *ctx, rf_slice item)
{
    struct rdb_survey *s = ctx;
    s->elements++;
    see_string(s, item);
    return RF_OK;
}

static rf_code see_scored(void *ctx, rf_slice member, double score)
{
    (void)score;
    return see_item(ctx, member);
}

static rf_code see_member(void *ctx, rf_slice member, int64_t expire_ms)
{
    struct rdb_survey *s = ctx;
    s->odd_second |= expire_ms != RF_NO_EXPIRY && !dragonfly_has_expiry(expire_ms);
    if (expire_ms != RF_NO_EXPIRY && !redis_has_expiry(expire_ms))
        s->odd_expiry = true;
    else if (expire_ms != RF_NO_EXPIRY && (s->first_expiry == RF_NO_EXPIRY || expire_ms < s->first_expiry))
        s->first_expiry = expire_ms;
    return see_item(ctx, member);
}

static rf_code see_field(void *ctx, rf_slice field, rf_slice value, int64_t expire_ms)
{
    see_string(ctx, value);
    return see_member(ctx, field, expire_ms);
}

static rf_code see_stream_entry(void *ctx, rf_stream_id id, const rf_slice *fields_values, size_t pairs)
{
    (void)id, (void)fields_values, (void)pairs;
    ((struct rdb_survey *)ctx)->elements++;
    return RF_OK;
}

static rf_code see_stream(void *ctx, const rf_stream *stream)
{
    ((struct rdb_survey *)ctx)->stream = *stream;
    return RF_OK;
}

static rf_code see_unowned(void *ctx, const rf_pending *pending)
{
    (void)pending;
    ((struct rdb_survey *)ctx)->unowned = true;
    return RF_OK;
}

static rf_code see_producers(void *ctx, const rf_producers *producers)
{
    ((struct rdb_survey *)ctx)->producers = producers->producers > 0 || !producers_are_default(producers);
    return RF_OK;
}

rf_code rdb_survey(rf_value *value, struct rdb_survey *survey, rf_error *error)
{
    static const rf_visitor surveyor = {.unique = RF_UNIQUE_ALL,
                                        .string = see_item,
                                        .item = see_item,
                                        .member = see_member,
                                        .scored = see_scored,
                                        .field = see_field,
                                        .stream_entry = see_stream_entry,
                                        .stream = see_stream,
                                        .unowned = see_unowned,
                                        .producers = see_producers};
    *survey = (struct rdb_survey){.first_expiry = RF_NO_EXPIRY};
    TRY(rf_value_hold(value, NULL, error));
    return rf_value_walk(value, &surveyor, survey, error);
}

/* --- which type -------------------------------------------------------------------------------------- */

/* For each logical type, its wire types, the best first. Module values, arrays and path hashes have
 * only one. */
static const struct {
    const char *what;
    uint8_t count, types[5];
} plain_types[RF_TYPE_COUNT] = {
    [RF_STRING] = {"a string", 1, {0}},       [RF_LIST] = {"a list", 1, {1}},
    [RF_SET] = {"a set", 1, {PLAIN_SET}},     [RF_ZSET] = {"a sorted set", 2, {5, ZSET_TEXT}},
    [RF_HASH] = {"a hash", 1, {PLAIN_HASH}},  [RF_STREAM] = {"a stream", 5, {27, 26, 21, 19, 15}},
    [RF_MODULE] = {"a module value", 0, {0}}, [RF_ARRAY] = {"an array", 0, {0}},
    [RF_PATH_HASH] = {"a path hash", 0, {0}},
};

/* For each logical type whose elements may expire. */
static const struct {
    uint8_t types[RF_DIALECTS]; /* with expiries; 0: there is none */
    unsigned lacking, out_of_range;
} expiring_types[RF_TYPE_COUNT] = {
    [RF_SET] = {{[RF_REDIS] = RDB_REDIS_EXPIRING_SET, [RF_DRAGONFLY] = RDB_DRAGONFLY_EXPIRING_SET},
                DETAIL_BIT(MEMBER_EXPIRY),
                DETAIL_BIT(MEMBER_EXPIRY_RANGE)},
    [RF_HASH] = {{[RF_REDIS] = RDB_REDIS_EXPIRING_HASH,
                  [RF_VALKEY] = RDB_VALKEY_EXPIRING_HASH,
                  [RF_DRAGONFLY] = RDB_DRAGONFLY_EXPIRING_HASH},
                 DETAIL_BIT(FIELD_EXPIRY),
                 DETAIL_BIT(FIELD_EXPIRY_RANGE)},
};

uint8_t rdb_expiring_type(rf_type logical, rf_dialect dialect)
{
    return expiring_types[logical].types[dialect];
}

uint8_t rdb_plain_type(rf_type logical)
{
    return plain_types[logical].types[0];
}

struct reader {
    rf_dialect dialect;
    int version;
};

static bool reads(struct reader reader, uint8_t number)
{
    const struct rdb_type *type = &rdb_types(reader.dialect)[number];
    return type->walk &&
           rdb_known_to(reader.dialect, reader.version, type->encoding.since, type->encoding.dialect);
}

static const char *choose_plain(rf_type logical, struct reader reader, uint8_t *type)
{
    for (uint8_t i = 0; i < plain_types[logical].count; i++) {
        *type = plain_types[logical].types[i];
        if (reads(reader, *type))
            return NULL;
    }
    return plain_types[logical].what;
}

/* *type: that without expiries. */
static unsigned choose_expiring(rf_type logical, const struct rdb_survey *survey, struct reader reader,
                                uint8_t *type)
{
    const bool odd[RF_DIALECTS] = {[RF_REDIS] = survey->odd_expiry, [RF_DRAGONFLY] = survey->odd_second};
    const uint8_t expiring = rdb_expiring_type(logical, reader.dialect);
    if (expiring == 0 || !reads(reader, expiring))
        return expiring_types[logical].lacking;
    *type = expiring;
    return odd[reader.dialect] ? expiring_types[logical].out_of_range : 0;
}

static unsigned details_of_stream(const struct rdb_survey *survey, uint8_t type)
{
    return (survey->unowned && type < STREAM_WITH_UNOWNED ? DETAIL_BIT(UNOWNED_PENDING) : 0) |
           (survey->producers && type < STREAM_WITH_PRODUCERS ? DETAIL_BIT(PRODUCERS) : 0);
}

/* The contents of a value may require more than its logical type. */
static const char *choose(rf_type logical, struct reader reader, struct rdb_plan *plan)
{
    const struct rdb_survey *survey = &plan->survey;
    bool is_long = survey->longest > UINT32_MAX || survey->elements > UINT32_MAX;
    if (is_long && reader.version < RDB_LONG_LENGTHS_SINCE)
        return "a value of 4 GiB or more";
    if (logical == RF_STREAM)
        plan->details = details_of_stream(survey, plan->type);
    else if (survey->first_expiry != RF_NO_EXPIRY || survey->odd_expiry)
        plan->details = choose_expiring(logical, survey, reader, &plan->type);
    return NULL;
}

rf_code rdb_plan(rf_value *value, rf_dialect dialect, int version, struct rdb_plan *plan, rf_error *error)
{
    rf_type logical = value->type->encoding.type;
    struct reader reader = {dialect, version};
    plan->details = 0;
    plan->beyond = choose_plain(logical, reader, &plan->type);
    if (plan->beyond)
        return RF_OK;
    TRY(rdb_survey(value, &plan->survey, error));
    plan->beyond = choose(logical, reader, plan);
    return RF_OK;
}

/* --- writing ----------------------------------------------------------------------------------------- */

struct reencoder {
    rf_bytes_fn fn;
    void *ctx;
    uint8_t type;
    int64_t first_expiry;
};

static rf_code put_length(struct reencoder *r, uint64_t n)
{
    uint8_t bytes[RDB_LENGTH_MAX];
    size_t size = rdb_put_length(bytes, n);
    return r->fn(r->ctx, (rf_slice){bytes, size});
}

static rf_code put_u64le(struct reencoder *r, uint64_t n)
{
    uint8_t bytes[8];
    store_le64(bytes, n);
    return r->fn(r->ctx, (rf_slice){bytes, sizeof bytes});
}

static rf_code put_string(void *ctx, rf_slice bytes)
{
    struct reencoder *r = ctx;
    TRY(put_length(r, bytes.len));
    return r->fn(r->ctx, bytes);
}

/* A length byte and the text, or 254 for +inf, 255 for -inf. */
static rf_code put_text_score(struct reencoder *r, double score)
{
    uint8_t bytes[1 + DOUBLE_TEXT_MAX];
    size_t n = 0;
    if (isinf(score))
        bytes[0] = score > 0 ? 254 : 255;
    else
        bytes[0] = (uint8_t)(n = double_print(bytes + 1, score));
    return r->fn(r->ctx, (rf_slice){bytes, 1 + n});
}

static rf_code put_binary_score(struct reencoder *r, double score)
{
    uint64_t bits;
    memcpy(&bits, &score, sizeof bits);
    return put_u64le(r, bits);
}

static rf_code put_scored(void *ctx, rf_slice member, double score)
{
    struct reencoder *r = ctx;
    TRY(put_string(r, member));
    return r->type == ZSET_TEXT ? put_text_score(r, score) : put_binary_score(r, score);
}

static rf_code put_seconds(struct reencoder *r, int64_t expire_ms)
{
    uint8_t text[NUMBER_TEXT_MAX];
    bool has = expire_ms != RF_NO_EXPIRY && dragonfly_has_expiry(expire_ms);
    size_t size = number_print_i64(text, has ? expire_ms / 1000 - RDB_DRAGONFLY_EXPIRY_BASE : -1);
    return put_string(r, slice_of(text, size));
}

static bool is_of_redis(const struct reencoder *r)
{
    return r->type == RDB_REDIS_EXPIRING_HASH || r->type == RDB_REDIS_EXPIRING_SET;
}

/* Redis writes the expiry before the element, relative to the value's first one, plus one; Valkey and
 * Dragonfly write it after the element. */
static rf_code put_expiry_before(struct reencoder *r, int64_t expire_ms)
{
    if (!is_of_redis(r))
        return RF_OK;
    return put_length(r, redis_has_expiry(expire_ms) ? (uint64_t)(expire_ms - r->first_expiry) + 1 : 0);
}

static rf_code put_expiry_after(struct reencoder *r, int64_t expire_ms)
{
    if (r->type == RDB_DRAGONFLY_EXPIRING_HASH || r->type == RDB_DRAGONFLY_EXPIRING_SET)
        return put_seconds(r, expire_ms);
    return r->type == RDB_VALKEY_EXPIRING_HASH ? put_u64le(r, (uint64_t)expire_ms) : RF_OK;
}

static rf_code put_member(void *ctx, rf_slice member, int64_t expire_ms)
{
    TRY(put_expiry_before(ctx, expire_ms));
    TRY(put_string(ctx, member));
    return put_expiry_after(ctx, expire_ms);
}

static rf_code put_field(void *ctx, rf_slice field, rf_slice value, int64_t expire_ms)
{
    TRY(put_expiry_before(ctx, expire_ms));
    TRY(put_string(ctx, field));
    TRY(put_string(ctx, value));
    return put_expiry_after(ctx, expire_ms);
}

static rf_code put_count(struct reencoder *r, const struct rdb_survey *survey)
{
    if (is_of_redis(r))
        TRY(put_u64le(r, survey->first_expiry == RF_NO_EXPIRY ? 0 : (uint64_t)survey->first_expiry));
    return put_length(r, survey->elements);
}

rf_code rdb_reencode(rf_value *value, uint8_t type, const struct rdb_survey *survey, rf_bytes_fn fn,
                     void *ctx, rf_error *error)
{
    static const rf_visitor writer = {.string = put_string,
                                      .item = put_string,
                                      .member = put_member,
                                      .scored = put_scored,
                                      .field = put_field};
    struct reencoder r = {fn, ctx, type, survey->first_expiry};
    rf_type logical = value->type->encoding.type;
    if (logical == RF_STREAM)
        return rdb_reencode_stream(value, type, fn, ctx, error);
    if (logical != RF_STRING)
        TRY(put_count(&r, survey));
    return rf_value_walk(value, &writer, &r, error);
}
