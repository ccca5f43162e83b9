/* SPDX-License-Identifier: MIT */
/* Random streams. */
#include "content.h"

static const uint64_t EPOCH_MS = 1700000000000;

static bool id_less(struct id a, struct id b)
{
    return a.ms != b.ms ? a.ms < b.ms : a.seq < b.seq;
}

/* --- entries ------------------------------------------------------------------------------------------ */

/* Mostly the same millisecond or a later one; then the sequence often starts anew, below the node's
 * first. */
static struct id next_id(struct rng *rng, struct id id)
{
    if (rng_below(rng, 3) == 0)
        return (struct id){id.ms, id.seq + 1 + rng_below(rng, 3)};
    id.ms += 1 + rng_below(rng, 100000);
    if (rng_below(rng, 2))
        id.seq = rng_below(rng, 4);
    return id;
}

/* Fields that are the same from entry to entry, or others, or as many others. */
static void fill_entry(struct types *types, struct stream_entry *entry)
{
    static const rf_slice usual[] = {SLICE("type"), SLICE("17"), SLICE("user")};
    bool same = rng_below(&types->rng, 3) != 0;
    entry->fields = same ? 3 : 1 + rng_below(&types->rng, 4);
    for (size_t i = 0; i < entry->fields; i++) {
        entry->strings[2 * i] = same ? usual[i] : random_string(types, i);
        entry->strings[2 * i + 1] = rng_below(&types->rng, 4) ? random_string(types, i) : SLICE("-4097");
    }
}

/* A node of at least one live entry, others deleted. */
static void add_node(struct types *types, struct stream *stream, size_t entries)
{
    size_t live = rng_below(&types->rng, entries);
    for (size_t i = 0; i < entries; i++) {
        struct stream_entry *entry = &stream->entries[stream->entry_count++];
        stream->last = next_id(&types->rng, stream->last);
        *entry = (struct stream_entry){.id = stream->last, .opens_node = i == 0};
        entry->deleted = i != live && rng_below(&types->rng, 3) == 0;
        fill_entry(types, entry);
    }
}

static void count_entries(struct stream *stream)
{
    for (size_t i = stream->entry_count; i-- > 0;) {
        const struct stream_entry *entry = &stream->entries[i];
        if (!entry->deleted) {
            stream->first = entry->id;
            stream->length++;
        } else if (id_less(stream->max_deleted, entry->id)) {
            stream->max_deleted = entry->id;
        }
    }
}

/* One has never had an entry, one has lost them all. */
static void make_entries(struct types *types, struct stream *stream)
{
    if (types->variant == VARIANT_SINGLE)
        return;
    stream->last = (struct id){EPOCH_MS + rng_below(&types->rng, 1000), 5};
    if (types->variant == VARIANT_SHORT) {
        stream->max_deleted = stream->last;
        stream->added = 3;
        return;
    }
    size_t nodes = rng_between(&types->rng, 1, 4);
    for (size_t i = 0; i < nodes; i++)
        add_node(types, stream, rng_between(&types->rng, 1, ENTRY_MAX / 4));
    count_entries(stream);
    stream->added = stream->entry_count + rng_below(&types->rng, 5);
}

/* --- groups ------------------------------------------------------------------------------------------- */

static rf_slice numbered(struct types *types, const char *name, size_t number)
{
    size_t length = strlen(name);
    uint8_t *s = types_alloc(types, length + 1);
    memcpy(s, name, length);
    s[length] = (uint8_t)('0' + number);
    return slice_of(s, length + 1);
}

/* Some of the entries, deleted ones among them, and one that no node knows any more. */
static void add_pending(struct types *types, const struct stream *stream, struct group *group)
{
    size_t owners = group->consumer_count + (types->type == 27); /* only there may nobody own one */
    for (size_t i = 0; i < stream->entry_count && group->pending_count < PENDING_MAX; i++) {
        struct id id = stream->entries[i].id;
        if (rng_below(&types->rng, 3) || id_less(group->last, id) || owners == 0)
            continue;
        if (i > 0 && group->pending_count == 0)
            id = (struct id){EPOCH_MS - 1, 77};
        struct pending *pending = &group->pending[group->pending_count++];
        pending->id = id;
        pending->delivered_ms = (int64_t)EPOCH_MS + (int64_t)rng_below(&types->rng, 1000000);
        pending->deliveries = 1 + rng_below(&types->rng, 100);
        pending->owner = rng_below(&types->rng, owners);
        if (pending->owner == group->consumer_count)
            pending->delivered_ms = 0; /* as XNACK leaves it, which has no way to name another one */
    }
}

size_t pending_of(const struct group *group, size_t owner)
{
    size_t count = 0;
    for (size_t i = 0; i < group->pending_count; i++)
        count += group->pending[i].owner == owner;
    return count;
}

static void add_consumers(struct types *types, struct group *group)
{
    group->consumer_count = rng_below(&types->rng, CONSUMER_MAX + 1);
    for (size_t i = 0; i < group->consumer_count; i++) {
        int64_t seen = (int64_t)EPOCH_MS + (int64_t)rng_below(&types->rng, 1000000);
        group->consumers[i] = (struct consumer){
            .name = numbered(types, "consumer ", i),
            .seen_ms = seen,
            .active_ms = types->type < 21            ? seen
                         : rng_below(&types->rng, 3) ? seen - 5
                                                     : -1,
        };
    }
}

static void add_group(struct types *types, struct stream *stream)
{
    struct group *group = &stream->groups[stream->group_count];
    group->name = numbered(types, "group:", stream->group_count++);
    if (stream->entry_count)
        group->last = stream->entries[rng_below(&types->rng, stream->entry_count)].id;
    bool known = types->type > 15 && rng_below(&types->rng, 3);
    group->entries_read = known ? (int64_t)rng_below(&types->rng, stream->added + 1) : -1;
    add_consumers(types, group);
    add_pending(types, stream, group);
}

/* --- idempotent producers ------------------------------------------------------------------------------- */

static void add_producers(struct types *types, struct stream *stream)
{
    bool defaults = rng_below(&types->rng, 2);
    stream->duration = defaults ? 100 : 1 + rng_below(&types->rng, 86400);
    stream->max_iids = defaults ? 100 : 1 + rng_below(&types->rng, 10000);
    stream->producer_count = rng_below(&types->rng, 4);
    bool any = stream->producer_count && stream->entry_count;
    while (any && stream->iid_count < IID_MAX && rng_below(&types->rng, 6)) {
        struct iid *iid = &stream->iids[stream->iid_count];
        iid->producer = rng_below(&types->rng, stream->producer_count);
        iid->iid = random_string(types, stream->iid_count++);
        iid->id = stream->entries[rng_below(&types->rng, stream->entry_count)].id;
    }
    stream->iids_added = stream->iid_count + rng_below(&types->rng, 3);
    stream->iids_duplicates = rng_below(&types->rng, 3);
}

rf_slice producer_name(size_t number)
{
    static const rf_slice names[] = {SLICE("p0"), SLICE("producer\0one"), SLICE("12345")};
    return names[number];
}

/* --- all of it ------------------------------------------------------------------------------------------ */

void make_stream(struct types *types, struct content *content)
{
    struct stream *stream = types_alloc(types, sizeof *stream);
    content->stream = stream;
    make_entries(types, stream);
    size_t groups = rng_below(&types->rng, GROUP_MAX + 1);
    for (size_t i = 0; i < groups; i++)
        add_group(types, stream);
    if (types->type >= 26)
        add_producers(types, stream);
    if (types->type == 15) { /* it says nothing of these: what servers then assume */
        stream->added = stream->length;
        stream->max_deleted = (struct id){0, 0};
    }
}
