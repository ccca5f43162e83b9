/* SPDX-License-Identifier: MIT */
/* Streams, in the layouts of types 15, 19, 21, 26 and 27. */
#include "gen.h"

static void gen_id(struct types *types, struct id id)
{
    gen_length(types, id.ms);
    gen_length(types, id.seq);
}

static void store_id(uint8_t bytes[16], struct id id)
{
    store_be64(bytes, id.ms);
    store_be64(bytes + 8, id.seq);
}

static void raw_id(struct types *types, struct id id)
{
    uint8_t bytes[16];
    id.seq = mutate_number(types, id.seq);
    store_id(bytes, id);
    out_bytes(&types->out, bytes, sizeof bytes);
}

/* --- nodes -------------------------------------------------------------------------------------------- */

static bool same_fields(const struct stream_entry *a, const struct stream_entry *b)
{
    bool same = a->fields == b->fields;
    for (size_t i = 0; same && i < a->fields; i++)
        same = slice_equal(a->strings[2 * i], b->strings[2 * i]);
    return same;
}

static void number(struct types *types, uint64_t n)
{
    lp_integer(&types->pack, (int64_t)mutate_number(types, n));
}

static void text(struct types *types, rf_slice s)
{
    lp_element(&types->pack, mutate_string(types, s));
}

static void entry(struct types *types, const struct stream_entry *entry, const struct stream_entry *master)
{
    enum { DELETED = 1, SAME_FIELDS = 2 };
    bool same = same_fields(entry, master);
    number(types, (entry->deleted ? DELETED : 0) | (same ? SAME_FIELDS : 0));
    number(types, entry->id.ms - master->id.ms);
    number(types, entry->id.seq - master->id.seq);
    if (!same)
        number(types, entry->fields);
    for (size_t i = 0; i < entry->fields; i++) {
        if (!same)
            text(types, entry->strings[2 * i]);
        text(types, entry->strings[2 * i + 1]);
    }
    number(types, same ? entry->fields + 3 : 2 * entry->fields + 4);
}

/* The first entry's id and fields are the master's. */
static void node(struct types *types, const struct stream_entry *entries, size_t count)
{
    struct pack *pack = &types->pack;
    size_t deleted = 0;
    for (size_t i = 0; i < count; i++)
        deleted += entries[i].deleted;
    pack->hide_count = types->variant == VARIANT_LONG;
    lp_start(pack);
    number(types, count - deleted);
    number(types, deleted);
    number(types, entries->fields);
    for (size_t i = 0; i < entries->fields; i++)
        text(types, entries->strings[2 * i]);
    number(types, 0);
    for (size_t i = 0; i < count; i++)
        entry(types, &entries[i], entries);

    uint8_t id[16];
    store_id(id, entries->id);
    gen_string(types, slice_of(id, sizeof id));
    lp_finish(pack);
    gen_blob(types, mutate_blob(types, &pack->bytes, LISTPACK_HEAD));
}

static void nodes(struct types *types, const struct stream *stream)
{
    size_t count = 0;
    for (size_t i = 0; i < stream->entry_count; i++)
        count += stream->entries[i].opens_node;
    gen_length(types, count);
    for (size_t i = 0, next; i < stream->entry_count; i = next) {
        next = i + 1;
        while (next < stream->entry_count && !stream->entries[next].opens_node)
            next++;
        node(types, stream->entries + i, next - i);
    }
}

/* --- groups ------------------------------------------------------------------------------------------- */

/* The ids that this consumer owns; nobody's have the number behind the last. */
static void owned(struct types *types, const struct group *group, size_t owner)
{
    gen_length(types, pending_of(group, owner));
    for (size_t i = 0; i < group->pending_count; i++)
        if (group->pending[i].owner == owner)
            raw_id(types, group->pending[i].id);
}

static void group(struct types *types, const struct group *group)
{
    gen_string(types, group->name);
    gen_id(types, group->last);
    if (types->type >= 19)
        gen_length(types, (uint64_t)group->entries_read);
    gen_length(types, group->pending_count);
    for (size_t i = 0; i < group->pending_count; i++) {
        raw_id(types, group->pending[i].id);
        out_u64le(&types->out, mutate_number(types, (uint64_t)group->pending[i].delivered_ms));
        gen_length(types, group->pending[i].deliveries);
    }
    gen_length(types, group->consumer_count);
    for (size_t i = 0; i < group->consumer_count; i++) {
        gen_string(types, group->consumers[i].name);
        out_u64le(&types->out, (uint64_t)group->consumers[i].seen_ms);
        if (types->type >= 21)
            out_u64le(&types->out, (uint64_t)group->consumers[i].active_ms);
        owned(types, group, i);
    }
    if (types->type >= 27)
        owned(types, group, group->consumer_count);
}

/* --- idempotent producers ------------------------------------------------------------------------------ */

static void producer(struct types *types, const struct stream *stream, size_t number)
{
    size_t count = 0;
    for (size_t i = 0; i < stream->iid_count; i++)
        count += stream->iids[i].producer == number;
    gen_string(types, producer_name(number));
    gen_length(types, count);
    for (size_t i = 0; i < stream->iid_count; i++) {
        if (stream->iids[i].producer != number)
            continue;
        gen_string(types, stream->iids[i].iid);
        gen_id(types, stream->iids[i].id);
    }
}

static void producers(struct types *types, const struct stream *stream)
{
    gen_length(types, stream->duration);
    gen_length(types, stream->max_iids);
    gen_length(types, stream->producer_count);
    for (size_t i = 0; i < stream->producer_count; i++)
        producer(types, stream, i);
    gen_length(types, stream->iids_added);
    gen_length(types, stream->iids_duplicates);
}

/* --- all of it ----------------------------------------------------------------------------------------- */

void gen_stream(struct types *types, const struct content *content)
{
    const struct stream *stream = content->stream;
    nodes(types, stream);
    gen_length(types, stream->length);
    gen_id(types, stream->last);
    if (types->type >= 19) {
        gen_id(types, stream->first);
        gen_id(types, stream->max_deleted);
        gen_length(types, stream->added);
    }
    gen_length(types, stream->group_count);
    for (size_t i = 0; i < stream->group_count; i++)
        group(types, &stream->groups[i]);
    if (types->type >= 26)
        producers(types, stream);
}
