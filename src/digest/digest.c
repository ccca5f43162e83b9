/* SPDX-License-Identifier: MIT */
/* Digests, as rdbferry/digest.h defines them: a visitor that hashes the elements. The input of one hash is
 * collected first if it is short, the usual case; else it is streamed.
 *
 * A digester computes one kind of digest. For more kinds there is a chain of them, and a visitor that
 * forwards to all of them. */
#include "base/fail.h"
#include "digest/digest_stream.h"
#include "digest/hasher.h"
#include "rdb/value.h"
#include <stdio.h>
#include <stdlib.h>

struct rf_digester {
    rf_digest_kind kind;
    struct hashing how;
    struct hasher ordered; /* for values with ordered elements */
    struct hasher element;
    rf_visitor visitor;
    rf_digester *next; /* for another kind of digest; NULL: the last one */
    rf_lthash keys;    /* RF_DIGEST_SHA256: all keys so far */
    int64_t expired_until;
    /* of the current value */
    rf_digest sum;                  /* of unordered elements, by XXH3 */
    rf_lthash items;                /* the same by SHA-256 */
    struct hash value, stream_hash; /* by SHA-256: the whole value; a stream's data besides entries and
                                       groups */
    rf_digest expiring;             /* the sum of the members of a set that expire */
    rf_lthash expiring_items;
    rf_digest expired_sum; /* the part of sum, or of expiring, that has expired */
    uint64_t expiring_members, expired;
    uint64_t elements, longest, bytes;
    struct stream_digest stream;
};

void rf_digest_add(rf_digest *sum, rf_digest digest)
{
    sum->low += digest.low;
    sum->high += digest.high + (sum->low < digest.low);
}

static void digest_subtract(rf_digest *sum, rf_digest digest)
{
    sum->high -= digest.high + (sum->low < digest.low);
    sum->low -= digest.low;
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

/* Adds the hash of an unordered element. */
static void add_hash(rf_digester *d, const struct hash *hash)
{
    if (d->how.sha)
        lthash_add(d->how.sha, &d->items, hash->bytes);
    else
        rf_digest_add(&d->sum, digest_load(hash->bytes));
}

COLD static void add_sha256(rf_digester *d, struct hash hash)
{
    add_hash(d, &hash);
}

/* Adds the element collected in the hasher. */
static inline void add_element(rf_digester *d)
{
    if (UNLIKELY(d->how.sha))
        add_sha256(d, hasher_end_sha256(&d->element));
    else
        rf_digest_add(&d->sum, hasher_end(&d->element));
}

static rf_code on_string(void *ctx, rf_slice value)
{
    rf_digester *d = ctx;
    count_element(d, value.len);
    if (UNLIKELY(d->how.sha))
        d->value = digest_hash(&d->how, value);
    else
        d->sum = hash_bytes(d->how.secret, value);
    return RF_OK;
}

static rf_code on_item(void *ctx, rf_slice item)
{
    rf_digester *d = ctx;
    count_element(d, item.len);
    hasher_put_string(&d->ordered, item);
    return RF_OK;
}

/* Apart from the others: no member can have the hash of one with an expiry. */
COLD static void add_expiring_member(rf_digester *d, rf_slice member, int64_t expire_ms)
{
    d->expiring_members++;
    hasher_put_u64(&d->element, (uint64_t)expire_ms);
    hasher_put(&d->element, member.ptr, member.len);
    if (d->how.sha) {
        const struct hash hash = hasher_end_sha256(&d->element);
        lthash_add(d->how.sha, &d->expiring_items, hash.bytes);
        return;
    }
    const rf_digest digest = hasher_end(&d->element);
    rf_digest_add(&d->expiring, digest);
    if (expire_ms > d->expired_until)
        return;
    d->expired++;
    rf_digest_add(&d->expired_sum, digest);
}

static rf_code on_member(void *ctx, rf_slice member, int64_t expire_ms)
{
    rf_digester *d = ctx;
    count_element(d, member.len);
    if (UNLIKELY(expire_ms != RF_NO_EXPIRY))
        add_expiring_member(d, member, expire_ms);
    else if (UNLIKELY(d->how.sha))
        add_sha256(d, digest_hash(&d->how, member));
    else
        rf_digest_add(&d->sum, hash_bytes(d->how.secret, member));
    return RF_OK;
}

static rf_code on_scored(void *ctx, rf_slice member, double score)
{
    rf_digester *d = ctx;
    uint64_t bits;
    score += 0.0; /* -0 becomes 0 */
    memcpy(&bits, &score, sizeof bits);
    count_element(d, member.len);
    hasher_put_u64(&d->element, bits);
    hasher_put(&d->element, member.ptr, member.len);
    add_element(d);
    return RF_OK;
}

COLD static void add_expired(rf_digester *d)
{
    rf_digest digest = hasher_end(&d->element);
    d->expired++;
    rf_digest_add(&d->sum, digest);
    rf_digest_add(&d->expired_sum, digest);
}

static rf_code on_field(void *ctx, rf_slice field, rf_slice value, int64_t expire_ms)
{
    rf_digester *d = ctx;
    count_element(d, field.len);
    count_bytes(d, value.len);
    hasher_put_u64(&d->element, (uint64_t)expire_ms);
    hasher_put_string(&d->element, field);
    hasher_put(&d->element, value.ptr, value.len);
    if (UNLIKELY(expire_ms != RF_NO_EXPIRY) && expire_ms <= d->expired_until && !d->how.sha)
        add_expired(d);
    else
        add_element(d);
    return RF_OK;
}

static rf_code on_array(void *ctx, bool has_insert_index, uint64_t insert_index)
{
    rf_digester *d = ctx;
    hasher_put_u64(&d->ordered, has_insert_index ? insert_index : UINT64_MAX);
    return RF_OK;
}

static rf_code on_slot(void *ctx, uint64_t index, rf_slice value)
{
    rf_digester *d = ctx;
    count_element(d, value.len);
    hasher_put_u64(&d->ordered, index);
    hasher_put_string(&d->ordered, value);
    return RF_OK;
}

static rf_code on_path_field(void *ctx, rf_slice path, rf_slice field, rf_slice value)
{
    rf_digester *d = ctx;
    count_element(d, path.len);
    count_bytes(d, field.len);
    count_bytes(d, value.len);
    hasher_put_string(&d->element, path);
    hasher_put_string(&d->element, field);
    hasher_put(&d->element, value.ptr, value.len);
    add_element(d);
    return RF_OK;
}

static rf_code on_module(void *ctx, const char name[10], uint64_t version)
{
    rf_digester *d = ctx;
    hasher_put(&d->ordered, "M", 1);
    hasher_put(&d->ordered, name, 9);
    hasher_put_u64(&d->ordered, version);
    return RF_OK;
}

static rf_code on_module_part(void *ctx, const rf_module_part *part)
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

/* --- streams: entries in order, the rest as a sum --------------------------------------------------- */

static rf_code on_stream_entry(void *ctx, rf_stream_id id, const rf_slice *fields_values, size_t pairs)
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

static rf_code on_stream(void *ctx, const rf_stream *stream)
{
    rf_digester *d = ctx;
    d->stream_hash = stream_digest_begin(&d->stream, &d->how, stream);
    if (!d->how.sha)
        add_hash(d, &d->stream_hash);
    return RF_OK;
}

static rf_code on_group(void *ctx, const rf_group *group)
{
    rf_digester *d = ctx;
    struct hash hash = stream_digest_group(&d->stream, &d->how, group);
    add_hash(d, &hash);
    return RF_OK;
}

static rf_code on_consumer(void *ctx, const rf_consumer *consumer)
{
    rf_digester *d = ctx;
    struct hash hash = stream_digest_consumer(&d->stream, &d->how, consumer);
    add_hash(d, &hash);
    return RF_OK;
}

static rf_code on_pending(void *ctx, const rf_pending *pending)
{
    rf_digester *d = ctx;
    struct hash hash = stream_digest_pending(&d->how, &d->stream.consumer, pending);
    add_hash(d, &hash);
    return RF_OK;
}

static rf_code on_unowned(void *ctx, const rf_pending *pending)
{
    rf_digester *d = ctx;
    struct hash hash = stream_digest_pending(&d->how, &d->stream.group, pending);
    add_hash(d, &hash);
    return RF_OK;
}

/* --- several digesters -------------------------------------------------------------------------------- */

/* clang-format off */
/* hear_all_NAME(): calls hear_NAME() for each of a chain. */
#define ON_ALL(name, parameters, ...)                        \
    static rf_code on_all_##name parameters                  \
    {                                                          \
        for (rf_digester *each = ctx; each; each = each->next) \
            TRY(on_##name(each, __VA_ARGS__));               \
        return RF_OK;                                          \
    }
/* clang-format on */

ON_ALL(string, (void *ctx, rf_slice value), value)
ON_ALL(item, (void *ctx, rf_slice item), item)
ON_ALL(member, (void *ctx, rf_slice member, int64_t expire_ms), member, expire_ms)
ON_ALL(scored, (void *ctx, rf_slice member, double score), member, score)
ON_ALL(field, (void *ctx, rf_slice field, rf_slice value, int64_t expire_ms), field, value, expire_ms)
ON_ALL(slot, (void *ctx, uint64_t index, rf_slice value), index, value)
ON_ALL(array, (void *ctx, bool has_insert_index, uint64_t insert_index), has_insert_index, insert_index)
ON_ALL(path_field, (void *ctx, rf_slice path, rf_slice field, rf_slice value), path, field, value)
ON_ALL(stream_entry, (void *ctx, rf_stream_id id, const rf_slice *fields_values, size_t pairs), id,
       fields_values, pairs)
ON_ALL(stream, (void *ctx, const rf_stream *stream), stream)
ON_ALL(group, (void *ctx, const rf_group *group), group)
ON_ALL(consumer, (void *ctx, const rf_consumer *consumer), consumer)
ON_ALL(pending, (void *ctx, const rf_pending *pending), pending)
ON_ALL(unowned, (void *ctx, const rf_pending *pending), pending)
ON_ALL(module, (void *ctx, const char name[10], uint64_t version), name, version)
ON_ALL(module_part, (void *ctx, const rf_module_part *part), part)

/* --- a key ------------------------------------------------------------------------------------------- */

/* clang-format off */
#define VISITOR(on)                       \
    {                                       \
        .string = on##_string,            \
        .item = on##_item,                \
        .member = on##_member,            \
        .scored = on##_scored,            \
        .field = on##_field,              \
        .slot = on##_slot,                \
        .array = on##_array,              \
        .path_field = on##_path_field,    \
        .stream_entry = on##_stream_entry, \
        .stream = on##_stream,            \
        .group = on##_group,              \
        .consumer = on##_consumer,        \
        .pending = on##_pending,          \
        .unowned = on##_unowned,          \
        .module = on##_module,            \
        .module_part = on##_module_part,  \
    }
/* clang-format on */

static const rf_visitor visitor = VISITOR(on), visitor_of_all = VISITOR(on_all);

static const bool has_order[RF_TYPE_COUNT] = {
    [RF_LIST] = true, [RF_STREAM] = true, [RF_MODULE] = true, [RF_ARRAY] = true};

static void begin_value(rf_digester *d)
{
    d->sum = d->expiring = d->expired_sum = (rf_digest){0};
    d->expiring_members = d->expired = 0;
    if (UNLIKELY(d->how.sha)) {
        memset(&d->items, 0, sizeof d->items);
        memset(&d->expiring_items, 0, sizeof d->expiring_items);
    }
    d->elements = d->longest = d->bytes = 0;
}

/* H( "E" dig(sum) ) */
static rf_digest hash_expiring(const rf_digester *d, rf_digest sum)
{
    uint8_t record[1 + sizeof sum] = {'E'};
    digest_store(record + 1, sum);
    return hash_bytes(d->how.secret, slice_of(record, sizeof record));
}

/* Members that expire are part of the sum only now, and those that have expired are no plain part of it. */
COLD static void end_expiring_members(rf_digester *d)
{
    const rf_digest others = d->sum;
    rf_digest left = others, remaining = d->expiring;
    rf_digest_add(&d->sum, hash_expiring(d, d->expiring));
    digest_subtract(&remaining, d->expired_sum);
    if (d->expired < d->expiring_members)
        rf_digest_add(&left, hash_expiring(d, remaining));
    d->expired_sum = d->sum;
    digest_subtract(&d->expired_sum, left);
}

/* Discards what an error may have left in the hasher. */
static void end_value(rf_digester *d, const rf_entry *key)
{
    if (has_order[key->type])
        rf_digest_add(&d->sum, hasher_end(&d->ordered));
    if (UNLIKELY(d->expiring_members > 0))
        end_expiring_members(d);
    if (UNLIKELY(key->metadata.len > 0))
        rf_digest_add(&d->sum, hash_bytes(d->how.secret, key->metadata));
}

/* H( dig(entries) dig(S) dig(L) ) */
static struct hash join_stream(const rf_digester *d, const struct hash *entries, const struct hash *groups)
{
    struct hash parts[] = {*entries, d->stream_hash, *groups};
    return digest_hash(&d->how, slice_of(parts, sizeof parts));
}

/* H( dig(others) dig(expiring) ) */
static struct hash join_expiring(const rf_digester *d, const struct hash *others)
{
    struct hash parts[] = {*others, {{0}}};
    lthash_end(d->how.sha, &d->expiring_items, parts[1].bytes);
    return digest_hash(&d->how, slice_of(parts, sizeof parts));
}

COLD static void end_value_sha256(rf_digester *d, const rf_entry *key)
{
    bool is_ordered = has_order[key->type];
    struct hash ordered = {{0}}, items = {{0}};
    if (is_ordered)
        ordered = hasher_end_sha256(&d->ordered);
    if (!is_ordered || key->type == RF_STREAM)
        lthash_end(d->how.sha, &d->items, items.bytes);
    if (key->type == RF_STREAM)
        d->value = join_stream(d, &ordered, &items);
    else if (d->expiring_members > 0)
        d->value = join_expiring(d, &items);
    else if (key->type != RF_STRING)
        d->value = is_ordered ? ordered : items;
}

static rf_code digest_value(rf_digester *d, const rf_entry *key, rf_error *error)
{
    for (rf_digester *each = d; each; each = each->next)
        begin_value(each);
    rf_code code = rf_value_walk(key->value, &d->visitor, d, error);
    for (rf_digester *each = d; each; each = each->next)
        (each->how.sha ? end_value_sha256 : end_value)(each, key);
    return code;
}

enum { KEY_NUMBERS = 3 * 8 };

static void put_key(uint8_t record[KEY_NUMBERS], const rf_entry *key)
{
    store_le64(record, (uint64_t)key->type);
    store_le64(record + 8, (uint64_t)key->db);
    store_le64(record + 16, (uint64_t)key->expire_ms);
}

/* The record has a fixed size, so that it need not be collected; its last byte is only of keys that must not
 * be evicted. */
static rf_digest digest_key(const rf_entry *key, rf_digest value)
{
    uint8_t record[KEY_NUMBERS + 2 * sizeof value + 1];
    put_key(record, key);
    digest_store(record + KEY_NUMBERS, value);
    digest_store(record + KEY_NUMBERS + sizeof value, hash_bytes(NULL, key->key));
    record[sizeof record - 1] = 'N';
    return hash_bytes(NULL, slice_of(record, sizeof record - !key->no_evict));
}

static void add_key_sha256(rf_digester *d, const rf_entry *key)
{
    uint8_t record[KEY_NUMBERS + 3 * RF_SHA256_BYTES + 1];
    uint8_t *at = record + KEY_NUMBERS;
    struct hash hashes[] = {d->value, digest_hash(&d->how, key->key), digest_hash(&d->how, key->metadata)};
    size_t size = (key->metadata.len > 0 ? 3 : 2) * sizeof *hashes;
    put_key(record, key);
    memcpy(at, hashes, size);
    at[size] = 'N';
    struct hash item = digest_hash(&d->how, slice_of(record, KEY_NUMBERS + size + key->no_evict));
    lthash_add(d->how.sha, &d->keys, item.bytes);
}

static rf_code put_digest(rf_digester *d, const rf_entry *key, rf_key_digest *out, rf_error *error)
{
    switch (d->kind) {
    case RF_DIGEST_PUBLISHED:
        out->value = d->sum;
        out->key = digest_key(key, d->sum);
        return RF_OK;
    case RF_DIGEST_KEYED:
        out->keyed = out->left = d->sum;
        digest_subtract(&out->left, d->expired_sum);
        out->expired = d->expired;
        out->expired_until = d->expired_until;
        return RF_OK;
    case RF_DIGEST_SHA256: add_key_sha256(d, key); break;
    }
    return d->how.sha->failed ? fail(error, RF_E_MEMORY, "OpenSSL cannot compute SHA-256") : RF_OK;
}

rf_code rf_digest_key(rf_digester *d, const rf_entry *key, rf_key_digest *out, rf_error *error)
{
    rf_code code = digest_value(d, key, error);
    if (UNLIKELY(code != RF_OK)) {
        error_at(error, (int64_t)key->offset, -1);
        return code;
    }
    *out = (rf_key_digest){.elements = d->elements,
                           .longest = d->longest,
                           .bytes = d->bytes,
                           .contradiction = key->value->contradiction};
    for (rf_digester *each = d; each; each = each->next)
        TRY(put_digest(each, key, out, error));
    return RF_OK;
}

/* --- other data ------------------------------------------------------------------------------------- */

static struct hash hash_library(const struct hashing *how, rf_slice code)
{
    uint8_t record[1 + RF_SHA256_BYTES] = {'F'};
    struct hash hash = digest_hash(how, code);
    memcpy(record + 1, hash.bytes, hash_size(how));
    return digest_hash(how, slice_of(record, 1 + hash_size(how)));
}

rf_digest rf_digest_library(rf_slice code)
{
    struct hash hash = hash_library(&(const struct hashing){0}, code);
    return digest_load(hash.bytes);
}

rf_digest rf_digest_keyed(rf_slice bytes)
{
    return hash_bytes(hash_secret(), bytes);
}

/* --- all keys by SHA-256 ------------------------------------------------------------------------------ */

void rf_digester_add_to(const rf_digester *d, rf_lthash *sum)
{
    for (; d; d = d->next)
        if (d->kind == RF_DIGEST_SHA256)
            lthash_join(sum, &d->keys);
}

void rf_digester_clear(rf_digester *d)
{
    for (; d; d = d->next)
        if (d->kind == RF_DIGEST_SHA256)
            d->keys = (rf_lthash){0};
}

static rf_code end_sha256(struct sha256 *sha, rf_error *error)
{
    bool failed = !sha || sha->failed;
    sha256_free(sha);
    return failed ? fail(error, RF_E_MEMORY, "OpenSSL cannot compute SHA-256") : RF_OK;
}

rf_code rf_lthash_add_library(rf_lthash *sum, rf_slice code, rf_error *error)
{
    const struct hashing how = {.sha = sha256_new()};
    if (how.sha) {
        struct hash item = hash_library(&how, code);
        lthash_add(how.sha, sum, item.bytes);
    }
    return end_sha256(how.sha, error);
}

rf_code rf_lthash_format(const rf_lthash *sum, char out[RF_SHA256_TEXT], rf_error *error)
{
    struct sha256 *sha = sha256_new();
    struct hash hash = {{0}};
    if (sha)
        lthash_end(sha, sum, hash.bytes);
    for (size_t i = 0; i < sizeof hash; i++)
        snprintf(out + 2 * i, 3, "%02x", hash.bytes[i]);
    return end_sha256(sha, error);
}

/* --- digesters ---------------------------------------------------------------------------------------- */

static rf_digester *new_of_kind(rf_digest_kind kind)
{
    rf_digester *d = aligned_alloc(_Alignof(rf_digester), sizeof *d);
    if (!d)
        return NULL;
    memset(d, 0, sizeof *d);
    d->kind = kind;
    d->expired_until = INT64_MIN;
    if (kind == RF_DIGEST_KEYED)
        d->how.secret = hash_secret();
    if (kind == RF_DIGEST_SHA256 && !(d->how.sha = sha256_new())) {
        free(d);
        return NULL;
    }
    d->ordered.how = d->element.how = d->how;
    return d;
}

/* The first one is the walk's visitor, and forwards to the others. */
rf_digester *rf_digester_new(unsigned kinds, bool unique)
{
    static const rf_digest_kind all[] = {RF_DIGEST_PUBLISHED, RF_DIGEST_KEYED, RF_DIGEST_SHA256};
    rf_digester *first = NULL, **end = &first;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (!(kinds & all[i]))
            continue;
        *end = new_of_kind(all[i]);
        if (!*end) {
            rf_digester_free(first);
            return NULL;
        }
        end = &(*end)->next;
    }
    first->visitor = first->next ? visitor_of_all : visitor;
    first->visitor.unique = unique ? RF_UNIQUE_ALL : RF_UNIQUE_UNASKED;
    return first;
}

void rf_digester_expired(rf_digester *d, int64_t until_ms)
{
    for (; d; d = d->next)
        d->expired_until = until_ms;
}

void rf_digester_free(rf_digester *d)
{
    while (d) {
        rf_digester *next = d->next;
        sha256_free(d->how.sha);
        free(d);
        d = next;
    }
}

void rf_digest_format(rf_digest digest, char out[RF_DIGEST_TEXT])
{
    snprintf(out, RF_DIGEST_TEXT, "%016llx%016llx", (unsigned long long)digest.high,
             (unsigned long long)digest.low);
}
