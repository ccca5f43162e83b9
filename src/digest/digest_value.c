/* SPDX-License-Identifier: MIT */
/* Digests of values, as rdbferry/digest.h defines them: a visitor that hashes the elements. The input of one
 * hash is collected first if it is short, the usual case; else it is streamed. */
#include "digest/digester.h"
#include "rdb/value.h"

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

/* Apart from the others: a plain member of the same bytes has the same hash. */
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
/* on_all_NAME(): calls on_NAME() for each of a chain. */
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

/* --- a value ------------------------------------------------------------------------------------------- */

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

void digester_set_visitor(rf_digester *d)
{
    d->visitor = d->next ? visitor_of_all : visitor;
}

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

rf_code digester_put_value(rf_digester *d, const rf_entry *key, rf_error *error)
{
    for (rf_digester *each = d; each; each = each->next)
        begin_value(each);
    rf_code code = rf_value_walk(key->value, &d->visitor, d, error);
    for (rf_digester *each = d; each; each = each->next)
        (each->how.sha ? end_value_sha256 : end_value)(each, key);
    return code;
}
