/* SPDX-License-Identifier: MIT */
/* Values as JSON: strings, collections, arrays, and the parts of module values. */
#include "base/fail.h"
#include "rdb/rdb_format.h"
#include "sink/jsonl.h"

/* --- elements ---------------------------------------------------------------------------------------- */

static rf_code put_string(void *ctx, rf_slice value)
{
    jsonl_put_text(ctx, ':', value);
    return RF_OK;
}

static rf_code put_item(void *ctx, rf_slice item)
{
    struct jsonl *j = ctx;
    jsonl_put_text(j, jsonl_next(j), item);
    return RF_OK;
}

static rf_code put_member(void *ctx, rf_slice member, int64_t expire_ms)
{
    struct jsonl *j = ctx;
    j->elements_expire |= expire_ms != RF_NO_EXPIRY;
    return put_item(j, member);
}

static rf_code put_member_expiry(void *ctx, rf_slice member, int64_t expire_ms)
{
    struct jsonl *j = ctx;
    if (expire_ms == RF_NO_EXPIRY)
        return RF_OK;
    json_put_char(j->out, jsonl_next(j));
    jsonl_put_text(j, '[', member);
    json_put_i64(j->out, ',', expire_ms);
    json_put_char(j->out, ']');
    return RF_OK;
}

static rf_code put_scored(void *ctx, rf_slice member, double score)
{
    struct jsonl *j = ctx;
    json_put_char(j->out, jsonl_next(j));
    jsonl_put_text(j, '[', member);
    json_put_double(j->out, ',', score);
    json_put_char(j->out, ']');
    return RF_OK;
}

static rf_code put_slot(void *ctx, uint64_t index, rf_slice value)
{
    struct jsonl *j = ctx;
    json_put_char(j->out, jsonl_next(j));
    json_put_u64(j->out, '[', index);
    jsonl_put_text(j, ',', value);
    json_put_char(j->out, ']');
    return RF_OK;
}

static rf_code put_array_head(void *ctx, bool has_insert_index, uint64_t insert_index)
{
    struct jsonl *j = ctx;
    JSON_PUT(j->out, ":{\"insert_index\"");
    if (has_insert_index)
        json_put_u64(j->out, ':', insert_index);
    else
        JSON_PUT(j->out, ":null");
    JSON_PUT(j->out, ",\"slots\"");
    jsonl_open(j, ':', '[');
    return RF_OK;
}

static rf_code put_path_field(void *ctx, rf_slice path, rf_slice field, rf_slice value)
{
    struct jsonl *j = ctx;
    json_put_char(j->out, jsonl_next(j));
    jsonl_put_text(j, '[', path);
    jsonl_put_text(j, ',', field);
    jsonl_put_text(j, ',', value);
    json_put_char(j->out, ']');
    return RF_OK;
}

static rf_code put_module_head(void *ctx, const char name[10], uint64_t version)
{
    struct jsonl *j = ctx;
    JSON_PUT(j->out, ":{\"module\"");
    jsonl_put_text(j, ':', slice_of(name, 9));
    JSON_PUT(j->out, ",\"version\"");
    json_put_u64(j->out, ':', version);
    JSON_PUT(j->out, ",\"parts\"");
    jsonl_open(j, ':', '[');
    return RF_OK;
}

static double float_of(rf_slice bytes)
{
    uint32_t bits = load_le32(bytes.ptr);
    float f;
    memcpy(&f, &bits, sizeof f);
    return (double)f;
}

static rf_code put_module_part(void *ctx, const rf_module_part *part)
{
    struct jsonl *j = ctx;
    char before = jsonl_next(j);
    switch (part->kind) {
    case RF_PART_SIGNED: json_put_i64(j->out, before, (int64_t)part->number); break;
    case RF_PART_UNSIGNED: json_put_u64(j->out, before, part->number); break;
    case RF_PART_FLOAT: json_put_double(j->out, before, float_of(part->bytes)); break;
    case RF_PART_DOUBLE: json_put_double(j->out, before, load_le_double(part->bytes.ptr)); break;
    case RF_PART_STRING: jsonl_put_text(j, before, part->bytes); break;
    }
    return RF_OK;
}

/* --- fields ------------------------------------------------------------------------------------------ */

/* The names of an object cannot be exact bytes: if these matter, a hash is a list of pairs. */
static bool hash_is_object(const struct jsonl *j)
{
    return !j->base64;
}

/* A field's name, and the separator between it and its value. */
static char put_field_name(struct jsonl *j, rf_slice field)
{
    char before = jsonl_next(j);
    if (hash_is_object(j)) {
        jsonl_put_text(j, before, field);
        return ':';
    }
    json_put_char(j->out, before);
    jsonl_put_text(j, '[', field);
    return ',';
}

static void end_field(struct jsonl *j)
{
    if (!hash_is_object(j))
        json_put_char(j->out, ']');
}

static rf_code put_field(void *ctx, rf_slice field, rf_slice value, int64_t expire_ms)
{
    struct jsonl *j = ctx;
    j->elements_expire |= expire_ms != RF_NO_EXPIRY;
    jsonl_put_text(j, put_field_name(j, field), value);
    end_field(j);
    return RF_OK;
}

static rf_code put_field_expiry(void *ctx, rf_slice field, rf_slice value, int64_t expire_ms)
{
    struct jsonl *j = ctx;
    (void)value;
    if (expire_ms == RF_NO_EXPIRY)
        return RF_OK;
    json_put_i64(j->out, put_field_name(j, field), expire_ms);
    end_field(j);
    return RF_OK;
}

/* --- values ------------------------------------------------------------------------------------------ */

static const rf_visitor visitor = {
    .unique = RF_UNIQUE_FIRST,
    .string = put_string,
    .item = put_item,
    .member = put_member,
    .scored = put_scored,
    .field = put_field,
    .slot = put_slot,
    .array = put_array_head,
    .path_field = put_path_field,
    .module = put_module_head,
    .module_part = put_module_part,
};

static rf_code put_plain(struct jsonl *j, rf_entry *entry, rf_error *error)
{
    return rf_value_walk(entry->value, &visitor, j, error);
}

/* The list of the elements of a collection; its head is written with the first one. */
static rf_code put_elements(struct jsonl *j, rf_entry *entry, char open, char close, rf_error *error)
{
    j->before = open;
    TRY(rf_value_walk(entry->value, &visitor, j, error));
    if (!j->due)
        jsonl_close(j, close);
    return RF_OK;
}

static rf_code put_list(struct jsonl *j, rf_entry *entry, rf_error *error)
{
    return put_elements(j, entry, '[', ']', error);
}

/* A value whose encoding supports the expiry of elements is held, and walked again if one has it. */
static rf_code put_expiring(struct jsonl *j, rf_entry *entry, rf_error *error)
{
    static const rf_visitor expiries = {.field = put_field_expiry, .member = put_member_expiry};
    bool is_object = entry->type == RF_HASH && hash_is_object(j);
    char open = is_object ? '{' : '[', close = is_object ? '}' : ']';
    if (entry->encoding->since > RDB_LAST_COMMON)
        TRY(rf_value_hold(entry->value, NULL, error));
    j->elements_expire = false;
    TRY(put_elements(j, entry, open, close, error));
    if (!j->elements_expire)
        return RF_OK;
    if (entry->type == RF_HASH)
        JSON_PUT(j->out, ",\"field_expire_ms\"");
    else
        JSON_PUT(j->out, ",\"member_expire_ms\"");
    jsonl_open(j, ':', open);
    TRY(rf_value_walk(entry->value, &expiries, j, error));
    jsonl_close(j, close);
    return RF_OK;
}

/* An object whose last member is a list. */
static rf_code put_headed(struct jsonl *j, rf_entry *entry, rf_error *error)
{
    TRY(rf_value_walk(entry->value, &visitor, j, error));
    jsonl_close(j, ']');
    json_put_char(j->out, '}');
    return RF_OK;
}

typedef rf_code put_fn(struct jsonl *j, rf_entry *entry, rf_error *error);

static put_fn *const values[RF_TYPE_COUNT] = {
    [RF_STRING] = put_plain,  [RF_LIST] = put_list,     [RF_SET] = put_expiring,
    [RF_ZSET] = put_list,     [RF_HASH] = put_expiring, [RF_STREAM] = jsonl_put_stream,
    [RF_MODULE] = put_headed, [RF_ARRAY] = put_headed,  [RF_PATH_HASH] = put_list,
};

rf_code jsonl_put_value(struct jsonl *j, rf_entry *entry, rf_error *error)
{
    return values[entry->type](j, entry, error);
}
