/* SPDX-License-Identifier: MIT */
/* Digests of a stream's data besides its entries: metadata, groups, consumers, pending entries. */
#include "digest/digest_stream.h"
#include "rdb/value_stream.h"

enum { PREIMAGE_MAX = 80 };

/* The input of one hash: a tag, then numbers and digests. */
struct preimage {
    uint8_t bytes[PREIMAGE_MAX];
    size_t len;
};

static struct preimage preimage_of(char tag)
{
    return (struct preimage){.bytes = {(uint8_t)tag}, .len = 1};
}

static void put_u64(struct preimage *r, uint64_t n)
{
    store_le64(r->bytes + r->len, n);
    r->len += 8;
}

static void put_id(struct preimage *r, rf_stream_id id)
{
    put_u64(r, id.ms);
    put_u64(r, id.seq);
}

static void put_hash(struct preimage *r, const struct hashing *how, const struct hash *hash)
{
    memcpy(r->bytes + r->len, hash->bytes, hash_size(how));
    r->len += hash_size(how);
}

static struct hash hash_preimage(const struct hashing *how, const struct preimage *r)
{
    return digest_hash(how, (rf_slice){r->bytes, r->len});
}

/* (Valkey src/t_stream.c: streamEstimateDistanceFromFirstEverEntry) */
static int64_t estimate_entries_read(const rf_stream *s, rf_stream_id id)
{
    static const rf_stream_id zero;
    if (s->entries_added == 0)
        return 0;
    int to_last = stream_id_compare(id, s->last_id);
    if (s->length == 0 && to_last <= 0)
        return (int64_t)s->entries_added;
    bool before_deleted = stream_id_compare(id, zero) != 0 && stream_id_compare(id, s->max_deleted_id) < 0;
    if (before_deleted || to_last > 0)
        return -1;
    if (to_last == 0)
        return (int64_t)s->entries_added;
    bool whole = stream_id_compare(s->max_deleted_id, zero) == 0 ||
                 stream_id_compare(s->max_deleted_id, s->first_id) < 0;
    int to_first = stream_id_compare(id, s->first_id);
    if (!whole || to_first > 0)
        return -1;
    return (int64_t)(s->entries_added - s->length) + (to_first == 0);
}

static int64_t entries_read(const rf_stream *stream, const rf_group *group)
{
    return group->entries_read >= 0 ? group->entries_read : estimate_entries_read(stream, group->last_id);
}

struct hash stream_digest_begin(struct stream_digest *s, const struct hashing *how, const rf_stream *stream)
{
    struct preimage r = preimage_of('S');
    s->stream = *stream;
    put_id(&r, stream->last_id);
    put_id(&r, stream->max_deleted_id);
    put_u64(&r, stream->entries_added);
    return hash_preimage(how, &r);
}

struct hash stream_digest_group(struct stream_digest *s, const struct hashing *how, const rf_group *group)
{
    struct preimage r = preimage_of('G');
    s->group = digest_hash(how, group->name);
    put_id(&r, group->last_id);
    put_u64(&r, (uint64_t)entries_read(&s->stream, group));
    put_hash(&r, how, &s->group);
    return hash_preimage(how, &r);
}

struct hash stream_digest_consumer(struct stream_digest *s, const struct hashing *how,
                                   const rf_consumer *consumer)
{
    struct preimage r = preimage_of('C');
    struct hash name = digest_hash(how, consumer->name);
    put_hash(&r, how, &s->group);
    put_hash(&r, how, &name);
    return s->consumer = hash_preimage(how, &r);
}

struct hash stream_digest_pending(const struct hashing *how, const struct hash *owner,
                                  const rf_pending *pending)
{
    struct preimage r = preimage_of('P');
    put_hash(&r, how, owner);
    put_id(&r, pending->id);
    put_u64(&r, (uint64_t)pending->delivered_ms);
    put_u64(&r, pending->delivery_count);
    return hash_preimage(how, &r);
}
