/* SPDX-License-Identifier: MIT */
/* Digests, as rdbferry/digest.h defines them: a visitor that hashes what it is told. What goes into one hash
 * is put side by side first where it is short, as it mostly is; else it is streamed. */
#include "check/digest.h"
#include "base/fail.h"
#include "check/hasher.h"
#include "check/members.h"
#include <rdbferry/value.h>
#include <stdio.h>
#include <stdlib.h>

struct rf_digester {
    struct hasher ordered; /* of a value whose elements have an order */
    struct hasher element;
    struct members members;
    uint64_t most_compared;
    /* of the value at hand */
    rf_digest sum; /* of what has no order */
    uint64_t elements, longest, bytes;
    rf_error *error;
    const char *element_name; /* what is said to occur twice */
    struct stream_digest stream;
};

rf_digest digest_bytes(rf_slice bytes)
{
    return hash_bytes(bytes);
}

void rf_digest_add(rf_digest *sum, rf_digest digest)
{
    sum->low += digest.low;
    sum->high += digest.high + (sum->low < digest.low);
}

/* --- elements ---------------------------------------------------------------------------------------- */

static inline void count_bytes(rf_digester *d, size_t len)
{
    d->bytes += len;
    if (len > d->longest)
        d->longest = len;
}

static inline void count_element(rf_digester *d, size_t len)
{
    d->elements++;
    count_bytes(d, len);
}

COLD static rf_code complain(rf_digester *d, enum members_answer answer, rf_slice member)
{
    rf_error escaped;
    if (answer == MEMBERS_NO_MEMORY)
        return fail(d->error, RF_E_MEMORY, "out of memory to tell %zu members apart", d->members.count);
    error_key(&escaped, -1, member);
    return fail(d->error, RF_E_DUPLICATE, "%s '%s' occurs twice", d->element_name, escaped.key);
}

/* `hash` is that of the member alone. */
static inline rf_code must_be_new(rf_digester *d, rf_digest hash, rf_slice member)
{
    if (d->members.count >= d->most_compared)
        return RF_OK;
    enum members_answer answer = members_add(&d->members, hash);
    return LIKELY(answer == MEMBERS_NEW) ? RF_OK : complain(d, answer, member);
}

static rf_code hear_string(void *ctx, rf_slice value)
{
    rf_digester *d = ctx;
    count_element(d, value.len);
    d->sum = digest_bytes(value);
    return RF_OK;
}

static rf_code hear_item(void *ctx, rf_slice item)
{
    rf_digester *d = ctx;
    count_element(d, item.len);
    hasher_put_string(&d->ordered, item);
    return RF_OK;
}

static rf_code hear_member(void *ctx, rf_slice member)
{
    rf_digester *d = ctx;
    rf_digest hash = hash_bytes(member);
    count_element(d, member.len);
    rf_digest_add(&d->sum, hash);
    return must_be_new(d, hash, member);
}

static rf_code hear_scored(void *ctx, rf_slice member, double score)
{
    rf_digester *d = ctx;
    uint64_t bits;
    score += 0.0; /* -0 becomes 0 */
    memcpy(&bits, &score, sizeof bits);
    count_element(d, member.len);
    hasher_put_u64(&d->element, bits);
    hasher_put(&d->element, member.ptr, member.len);
    rf_digest_add(&d->sum, hasher_end(&d->element));
    return d->most_compared ? must_be_new(d, hash_bytes(member), member) : RF_OK;
}

static rf_code hear_field(void *ctx, rf_slice field, rf_slice value, int64_t expire_ms)
{
    rf_digester *d = ctx;
    count_element(d, field.len);
    count_bytes(d, value.len);
    hasher_put_u64(&d->element, (uint64_t)expire_ms);
    hasher_put_string(&d->element, field);
    hasher_put(&d->element, value.ptr, value.len);
    rf_digest_add(&d->sum, hasher_end(&d->element));
    return d->most_compared ? must_be_new(d, hash_bytes(field), field) : RF_OK;
}

static rf_code hear_array(void *ctx, bool has_insert_index, uint64_t insert_index)
{
    rf_digester *d = ctx;
    hasher_put_u64(&d->ordered, has_insert_index ? insert_index : UINT64_MAX);
    return RF_OK;
}

static rf_code hear_slot(void *ctx, uint64_t index, rf_slice value)
{
    rf_digester *d = ctx;
    count_element(d, value.len);
    hasher_put_u64(&d->ordered, index);
    hasher_put_string(&d->ordered, value);
    return RF_OK;
}

static rf_code hear_module(void *ctx, const char name[10], uint64_t version)
{
    rf_digester *d = ctx;
    hasher_put(&d->ordered, "M", 1);
    hasher_put(&d->ordered, name, 9);
    hasher_put_u64(&d->ordered, version);
    return RF_OK;
}

static rf_code hear_module_part(void *ctx, const rf_module_part *part)
{
    struct hasher *h = &((rf_digester *)ctx)->ordered;
    hasher_put_u64(h, (uint64_t)part->kind);
    if (part->kind == RF_PART_SIGNED || part->kind == RF_PART_UNSIGNED)
        hasher_put_u64(h, part->number);
    else if (part->kind == RF_PART_STRING)
        hasher_put_string(h, part->bytes);
    else
        hasher_put(h, part->bytes.ptr, part->bytes.len);
    return RF_OK;
}

/* --- streams: their entries in order, what comes after them as a sum ----------------------------------- */

static rf_code hear_stream_entry(void *ctx, rf_stream_id id, const rf_slice *fields_values, size_t pairs)
{
    rf_digester *d = ctx;
    d->elements++;
    hasher_put_u64(&d->ordered, id.ms);
    hasher_put_u64(&d->ordered, id.seq);
    hasher_put_u64(&d->ordered, pairs);
    for (size_t i = 0; i < 2 * pairs; i++) {
        count_bytes(d, fields_values[i].len);
        hasher_put_string(&d->ordered, fields_values[i]);
    }
    return RF_OK;
}

static rf_code hear_stream(void *ctx, const rf_stream *stream)
{
    rf_digester *d = ctx;
    rf_digest_add(&d->sum, stream_digest_begin(&d->stream, stream));
    return RF_OK;
}

static rf_code hear_group(void *ctx, const rf_group *group)
{
    rf_digester *d = ctx;
    d->element_name = "group";
    rf_digest_add(&d->sum, stream_digest_group(&d->stream, group));
    return must_be_new(d, d->stream.group, group->name);
}

static rf_code hear_consumer(void *ctx, const rf_consumer *consumer)
{
    rf_digester *d = ctx;
    rf_digest hash = stream_digest_consumer(&d->stream, consumer);
    d->element_name = "consumer";
    rf_digest_add(&d->sum, hash);
    return must_be_new(d, hash, consumer->name);
}

static rf_code hear_pending(void *ctx, const rf_pending *pending)
{
    rf_digester *d = ctx;
    rf_digest_add(&d->sum, stream_digest_pending(d->stream.consumer, pending));
    return RF_OK;
}

static rf_code hear_unowned(void *ctx, const rf_pending *pending)
{
    rf_digester *d = ctx;
    rf_digest_add(&d->sum, stream_digest_pending(d->stream.group, pending));
    return RF_OK;
}

/* --- a key ------------------------------------------------------------------------------------------- */

static const rf_visitor visitor = {
    .string = hear_string,
    .item = hear_item,
    .member = hear_member,
    .scored = hear_scored,
    .field = hear_field,
    .slot = hear_slot,
    .array = hear_array,
    .stream_entry = hear_stream_entry,
    .stream = hear_stream,
    .group = hear_group,
    .consumer = hear_consumer,
    .pending = hear_pending,
    .unowned = hear_unowned,
    .module = hear_module,
    .module_part = hear_module_part,
};

static const struct {
    bool has_order;
    const char *element_name;
} types[RF_TYPE_COUNT] = {
    [RF_LIST] = {.has_order = true},        [RF_SET] = {.element_name = "member"},
    [RF_ZSET] = {.element_name = "member"}, [RF_HASH] = {.element_name = "field"},
    [RF_STREAM] = {.has_order = true},      [RF_MODULE] = {.has_order = true},
    [RF_ARRAY] = {.has_order = true},
};

static rf_code digest_value(rf_digester *d, const rf_entry *key, rf_error *error)
{
    bool has_order = types[key->type].has_order;
    d->sum = (rf_digest){0};
    d->elements = d->longest = d->bytes = 0;
    d->error = error;
    d->element_name = types[key->type].element_name;
    members_begin(&d->members);
    rf_code code = rf_value_walk(key->value, &visitor, d, error);
    rf_digest ordered = has_order ? hasher_end(&d->ordered) : (rf_digest){0};
    if (UNLIKELY(code != RF_OK))
        return code;
    rf_digest_add(&d->sum, ordered);
    if (UNLIKELY(key->metadata.len > 0))
        rf_digest_add(&d->sum, digest_bytes(key->metadata));
    return RF_OK;
}

/* The record has a fixed size, so that it need never be in memory. */
static rf_digest digest_key(const rf_entry *key, rf_digest value)
{
    uint8_t record[3 * 8 + 2 * 16];
    store_le64(record, (uint64_t)key->type);
    store_le64(record + 8, (uint64_t)key->db);
    store_le64(record + 16, (uint64_t)key->expire_ms);
    digest_store(record + 24, value);
    digest_store(record + 40, hash_bytes(key->key));
    return hash_bytes(slice_of(record, sizeof record));
}

rf_code rf_digest_key(rf_digester *d, const rf_entry *key, rf_key_digest *out, rf_error *error)
{
    rf_code code = digest_value(d, key, error);
    if (UNLIKELY(code != RF_OK)) {
        error_at(error, (int64_t)key->offset, -1);
        return code;
    }
    out->value = d->sum;
    out->key = digest_key(key, d->sum);
    out->elements = d->elements;
    out->longest = d->longest;
    out->bytes = d->bytes;
    return RF_OK;
}

rf_digest rf_digest_library(rf_slice code)
{
    uint8_t record[1 + 16] = {'F'};
    digest_store(record + 1, digest_bytes(code));
    return digest_bytes(slice_of(record, sizeof record));
}

rf_digester *rf_digester_new(uint64_t most_compared)
{
    rf_digester *d = aligned_alloc(_Alignof(rf_digester), sizeof *d);
    if (!d)
        return NULL;
    memset(d, 0, sizeof *d);
    d->most_compared = most_compared;
    return d;
}

void rf_digester_free(rf_digester *d)
{
    if (!d)
        return;
    members_free(&d->members);
    free(d);
}

void rf_digest_format(rf_digest digest, char out[RF_DIGEST_TEXT])
{
    snprintf(out, RF_DIGEST_TEXT, "%016llx%016llx", (unsigned long long)digest.high,
             (unsigned long long)digest.low);
}
