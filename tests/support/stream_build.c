/* SPDX-License-Identifier: MIT */
#include "support/stream_build.h"
#include <string.h>

uint8_t stream_type(int layout)
{
    static const uint8_t types[] = {0, 15, 19, 21, 26, 27};
    return types[layout];
}

static bool ends(rf_stream_id id)
{
    return id.ms == 0 && id.seq == 0;
}

static size_t count_pairs(const struct made_entry *entry)
{
    size_t n = 0;
    while (n < 2 * PAIRS_MAX && entry->texts[n])
        n++;
    return n / 2;
}

static bool same_fields(const struct made_entry *a, const struct made_entry *b)
{
    size_t pairs = count_pairs(a);
    if (pairs != count_pairs(b))
        return false;
    for (size_t i = 0; i < pairs; i++)
        if (strcmp(a->texts[2 * i], b->texts[2 * i]) != 0)
            return false;
    return true;
}

static void put_length_id(struct build *b, rf_stream_id id)
{
    put_len(b, id.ms);
    put_len(b, id.seq);
}

/* --- nodes ------------------------------------------------------------------------------------------- */

static void put_master(struct pack *p, const struct made_entry *entries, size_t count)
{
    size_t pairs = count_pairs(entries), deleted = 0;
    for (size_t i = 0; i < count; i++)
        deleted += entries[i].deleted;
    listpack_int(p, (int64_t)(count - deleted));
    listpack_int(p, (int64_t)deleted);
    listpack_int(p, (int64_t)pairs);
    for (size_t i = 0; i < pairs; i++)
        listpack_text(p, entries->texts[2 * i]);
    listpack_int(p, 0);
}

static void put_entry(struct pack *p, const struct made_entry *master, const struct made_entry *entry)
{
    enum { DELETED = 1, SAME_FIELDS = 2 };
    bool same = same_fields(master, entry);
    size_t pairs = count_pairs(entry);
    listpack_int(p, (entry->deleted ? DELETED : 0) | (same ? SAME_FIELDS : 0));
    listpack_int(p, (int64_t)(entry->id.ms - master->id.ms));
    listpack_int(p, (int64_t)(entry->id.seq - master->id.seq));
    if (!same)
        listpack_int(p, (int64_t)pairs);
    for (size_t i = same; i < 2 * pairs; i += 1 + same)
        listpack_text(p, entry->texts[i]);
    listpack_int(p, (int64_t)(same ? pairs + 3 : 2 * pairs + 4));
}

static void put_node(struct build *b, const struct made_entry *entries, size_t count)
{
    struct pack p;
    put_u8(b, 16);
    put_id(b, entries->id.ms, entries->id.seq);
    listpack_begin(&p);
    put_master(&p, entries, count);
    for (size_t i = 0; i < count; i++)
        put_entry(&p, entries, &entries[i]);
    put_blob(b, listpack_end(&p));
    pack_free(&p);
}

/* --- groups ------------------------------------------------------------------------------------------ */

static size_t count_pending(const struct made_group *group)
{
    size_t n = 0;
    while (n < PENDING_MAX && !ends(group->pending[n].pending.id))
        n++;
    return n;
}

static void put_owned(struct build *b, const struct made_group *group, int owner)
{
    size_t all = count_pending(group), n = 0;
    for (size_t i = 0; i < all; i++)
        n += group->pending[i].owner == owner;
    put_len(b, n);
    for (size_t i = 0; i < all; i++)
        if (group->pending[i].owner == owner)
            put_id(b, group->pending[i].pending.id.ms, group->pending[i].pending.id.seq);
}

static void put_consumers(struct build *b, int layout, const struct made_group *group, int64_t seen_ms)
{
    int n = 0;
    while (n < CONSUMERS_MAX && group->consumers[n])
        n++;
    put_len(b, (uint64_t)n);
    for (int i = 0; i < n; i++) {
        put_str(b, group->consumers[i]);
        put_le64(b, (uint64_t)seen_ms);
        if (layout >= 3)
            put_le64(b, (uint64_t)seen_ms + 1);
        put_owned(b, group, i);
    }
    if (layout >= 5)
        put_owned(b, group, -1);
}

static void put_group(struct build *b, int layout, const struct made_group *group, int64_t seen_ms)
{
    size_t pending = count_pending(group);
    put_str(b, group->name);
    put_length_id(b, group->last_id);
    if (layout >= 2)
        put_len(b, (uint64_t)group->entries_read);
    put_len(b, pending);
    for (size_t i = 0; i < pending; i++) {
        const rf_pending *p = &group->pending[i].pending;
        put_id(b, p->id.ms, p->id.seq);
        put_le64(b, (uint64_t)p->delivered_ms);
        put_len(b, p->delivery_count);
    }
    put_consumers(b, layout, group, seen_ms);
}

/* --- the stream -------------------------------------------------------------------------------------- */

static void put_nodes(struct build *b, const struct made_stream *stream, size_t count, size_t per_node)
{
    put_len(b, (count + per_node - 1) / per_node);
    for (size_t i = 0; i < count; i += per_node)
        put_node(b, stream->entries + i, count - i < per_node ? count - i : per_node);
}

void put_stream(struct build *b, int layout, const struct made_stream *stream, size_t per_node,
                int64_t seen_ms)
{
    size_t entries = 0, live = 0, groups = 0;
    for (; entries < ENTRIES_MAX && !ends(stream->entries[entries].id); entries++)
        live += !stream->entries[entries].deleted;
    while (groups < GROUPS_MAX && stream->groups[groups].name)
        groups++;
    put_nodes(b, stream, entries, per_node);
    put_len(b, live);
    put_length_id(b, stream->last_id);
    if (layout >= 2) {
        put_length_id(b, stream->first_id);
        put_length_id(b, stream->max_deleted_id);
        put_len(b, stream->entries_added);
    }
    put_len(b, groups);
    for (size_t i = 0; i < groups; i++)
        put_group(b, layout, &stream->groups[i], seen_ms);
    if (layout >= 4)
        put_hex(b, "3c 4100 01 0170 01 026931 43e8 05 01 00"); /* a producer and one record of it */
}
