/* SPDX-License-Identifier: MIT */
/* The entries of a stream: listpacks of about a hundred entries, each with the ID that its entries are
 * relative to.
 *
 *   len nodes   (string: master id, 16 bytes   string: listpack)*
 *
 *   listpack:  live  deleted  n  field*n  0                 the master entry: a field set to share
 *              flags  ms-delta  seq-delta
 *                  not SAMEFIELDS:  n  (field value)*n  count of elements before this one
 *                  SAMEFIELDS:      value*n             count of elements before this one
 *
 * seq-delta may be negative, and is relative to the master's even if ms-delta is not 0. Deleted entries
 * remain, with a flag. (Valkey src/t_stream.c: streamAppendItem, streamIteratorGetID) */
#include "codec/listpack.h"
#include "rdb/rdb_read.h"
#include "rdb/value.h"
#include "rdb/value_stream.h"

enum { ENTRY_DELETED = 1, ENTRY_SAME_FIELDS = 2 };

/* Memory for the fields and values of one entry, and for the text of integers. */
struct pairs {
    rf_slice *slices;
    uint8_t *texts;
    size_t cap; /* in pairs */
};

struct node {
    struct walk *k;
    struct listpack listpack;
    rf_stream_id master_id;
    uint64_t live, deleted; /* as stated in the master entry, decremented for each entry */
    rf_slice *fields;       /* those of the master entry */
    size_t field_count;
    struct pairs pairs;
};

#define NODE_CORRUPT(node, ...) CORRUPT((node)->k, "stream node: " __VA_ARGS__)

static rf_code node_element(struct node *node, struct packed *e)
{
    switch (listpack_next(&node->listpack, e)) {
    case PACKED_ELEMENT: return RF_OK;
    case PACKED_END: return NODE_CORRUPT(node, "truncated entry");
    case PACKED_DAMAGED: break;
    }
    return NODE_CORRUPT(node, "%s", node->listpack.fault);
}

static rf_code node_large_integer(struct node *node, int64_t *out)
{
    struct packed e;
    TRY(node_element(node, &e));
    return packed_integer(&e, out) ? RF_OK : NODE_CORRUPT(node, "expected a number");
}

static inline rf_code node_integer(struct node *node, int64_t *out)
{
    return LIKELY(listpack_take_small(&node->listpack, out)) ? RF_OK : node_large_integer(node, out);
}

static rf_code node_slice(struct node *node, uint8_t *text, rf_slice *out)
{
    struct packed e;
    TRY(node_element(node, &e));
    *out = packed_slice(&e, text);
    return RF_OK;
}

/* A number of fields; each takes at least two bytes of the listpack. */
static rf_code node_count(struct node *node, size_t *out)
{
    int64_t n;
    TRY(node_integer(node, &n));
    if (n < 0 || n > (node->listpack.end - node->listpack.pos) / 2)
        return NODE_CORRUPT(node, "more fields than fit into it");
    *out = (size_t)n;
    return RF_OK;
}

static rf_code pairs_reserve(struct node *node, size_t count)
{
    struct pairs *pairs = &node->pairs;
    if (count <= pairs->cap)
        return RF_OK;
    struct arena *arena = &node->k->w->arena;
    pairs->slices = arena_alloc(arena, 2 * count * sizeof *pairs->slices);
    pairs->texts = arena_alloc(arena, 2 * count * NUMBER_TEXT_MAX);
    if (!pairs->slices || !pairs->texts)
        return window_fail(node->k->w, RF_E_MEMORY, "out of memory for an entry of %zu fields", count);
    pairs->cap = count;
    return RF_OK;
}

static rf_code master_entry(struct node *node)
{
    int64_t live, deleted, zero;
    TRY(node_integer(node, &live));
    TRY(node_integer(node, &deleted));
    TRY(node_count(node, &node->field_count));
    if (live < 0 || deleted < 0)
        return NODE_CORRUPT(node, "negative count");
    node->live = (uint64_t)live;
    node->deleted = (uint64_t)deleted;
    struct arena *arena = &node->k->w->arena;
    node->fields = arena_alloc(arena, node->field_count * sizeof *node->fields + 1);
    uint8_t *texts = arena_alloc(arena, node->field_count * NUMBER_TEXT_MAX + 1);
    if (!node->fields || !texts)
        return window_fail(node->k->w, RF_E_MEMORY, "out of memory for %zu field names", node->field_count);
    for (size_t i = 0; i < node->field_count; i++)
        TRY(node_slice(node, texts + i * NUMBER_TEXT_MAX, &node->fields[i]));
    TRY(node_integer(node, &zero));
    return zero == 0 ? RF_OK : NODE_CORRUPT(node, "master entry is not terminated");
}

static rf_code entry_pairs(struct node *node, bool same_fields, size_t *count)
{
    *count = node->field_count;
    if (!same_fields)
        TRY(node_count(node, count));
    TRY(pairs_reserve(node, *count));
    for (size_t i = 0; i < *count; i++) {
        rf_slice *pair = node->pairs.slices + 2 * i;
        uint8_t *text = node->pairs.texts + 2 * i * NUMBER_TEXT_MAX;
        if (same_fields)
            pair[0] = node->fields[i];
        else
            TRY(node_slice(node, text, &pair[0]));
        TRY(node_slice(node, text + NUMBER_TEXT_MAX, &pair[1]));
    }
    return RF_OK;
}

/* Decrements the count for an entry, and checks a live one's ID against the previous one. */
static rf_code account(struct node *node, bool is_deleted, rf_stream_id id, struct stream_entries *entries)
{
    uint64_t *left = is_deleted ? &node->deleted : &node->live;
    if ((*left)-- == 0)
        return NODE_CORRUPT(node, "more entries than the master entry states");
    if (is_deleted)
        return RF_OK;
    if (stream_id_compare(entries->last, id) >= 0) /* the first one is compared with 0-0, which is not a
                                                      valid ID */
        return NODE_CORRUPT(node, "entries out of order");
    if (entries->live++ == 0)
        entries->first = id;
    entries->last = id;
    return RF_OK;
}

static rf_code entry(struct node *node, int64_t flags, struct stream_entries *entries)
{
    int64_t ms_delta, seq_delta, elements;
    size_t count;
    bool same_fields = flags & ENTRY_SAME_FIELDS, is_deleted = flags & ENTRY_DELETED;
    TRY(node_integer(node, &ms_delta));
    TRY(node_integer(node, &seq_delta));
    TRY(entry_pairs(node, same_fields, &count));
    TRY(node_integer(node, &elements));
    if ((uint64_t)elements != (same_fields ? count + 3 : 2 * count + 4))
        return NODE_CORRUPT(node, "entry size mismatch");
    rf_stream_id id = {node->master_id.ms + (uint64_t)ms_delta, node->master_id.seq + (uint64_t)seq_delta};
    TRY(account(node, is_deleted, id, entries));
    if (is_deleted)
        return RF_OK;
    if (count == 0)
        return NODE_CORRUPT(node, "entry without fields");
    return VISIT(node->k, stream_entry, id, node->pairs.slices, count);
}

static rf_code walk_node(struct walk *k, rf_stream_id master_id, rf_slice blob,
                         struct stream_entries *entries)
{
    struct node node = {.k = k, .master_id = master_id};
    if (!listpack_open(&node.listpack, blob))
        return NODE_CORRUPT(&node, "%s", node.listpack.fault);
    TRY(master_entry(&node));
    while (node.listpack.pos < node.listpack.end) {
        int64_t flags;
        TRY(node_integer(&node, &flags));
        TRY(entry(&node, flags, entries));
    }
    struct packed none;
    if (listpack_next(&node.listpack, &none) == PACKED_DAMAGED)
        return NODE_CORRUPT(&node, "%s", node.listpack.fault);
    return node.live + node.deleted == 0 ? RF_OK
                                         : NODE_CORRUPT(&node, "fewer entries than the master entry states");
}

/* --- iteration -------------------------------------------------------------------------------------- */

static rf_code node_id(struct walk *k, rf_stream_id *id)
{
    rf_slice bytes;
    TRY(rdb_string(k->w, &bytes));
    if (bytes.len != 16)
        return CORRUPT(k, "stream node: invalid ID size (%zu bytes)", bytes.len);
    *id = stream_id_load(bytes.ptr);
    return RF_OK;
}

/* The count is first in the listpack; a copy decodes nothing else. */
rf_code stream_copy_node(struct walk *k, uint64_t *live)
{
    struct node node = {.k = k};
    uint8_t start[LISTPACK_START];
    size_t size = sizeof start;
    int64_t count;
    TRY(node_id(k, &node.master_id));
    TRY(rdb_string_start(k->w, start, &size));
    if (!listpack_first_integer((rf_slice){start, size}, &count) || count < 0)
        return NODE_CORRUPT(&node, "missing entry count");
    *live = (uint64_t)count;
    return RF_OK;
}

static rf_code skip_nodes(struct walk *k, uint64_t nodes)
{
    for (; nodes > 0; nodes--) {
        window_release(k->w);
        TRY(rdb_skip_string(k->w));
        TRY(rdb_skip_string(k->w));
    }
    return RF_OK;
}

rf_code stream_nodes(struct walk *k, struct stream_entries *entries)
{
    rf_stream_id id = {0}, last = {0};
    rf_slice blob;
    TRY(rdb_length(k->w, &entries->nodes));
    if (!k->visitor || !k->visitor->stream_entry)
        return skip_nodes(k, entries->nodes);
    entries->counted = true;
    for (uint64_t left = entries->nodes; left > 0; left--) {
        uint64_t before = entries->live;
        window_release(k->w);
        TRY(node_id(k, &id));
        TRY(rdb_string(k->w, &blob));
        if (left < entries->nodes && stream_id_compare(id, last) <= 0)
            return CORRUPT(k, "stream node: ID is not greater than the previous node's");
        last = id;
        TRY(walk_node(k, id, blob, entries));
        entries->empty += entries->live == before;
    }
    k->value->empty_nodes = entries->empty;
    if (entries->empty > 0)
        value_contradicts(k->value, "empty node");
    return RF_OK;
}

/* --- searching -------------------------------------------------------------------------------------- */

struct search {
    const rf_stream_id *next, *end; /* not found yet; ascending */
};

static rf_code on_searched(void *ctx, rf_stream_id id, const rf_slice *fields_values, size_t pairs)
{
    struct search *s = ctx;
    (void)fields_values, (void)pairs;
    s->next += s->next < s->end && stream_id_compare(*s->next, id) == 0;
    return RF_OK;
}

/* The next node's ID, in advance; not read after the last one. */
static rf_code peek_id(struct walk *k, uint64_t left, rf_stream_id *id)
{
    const uint8_t *here = k->w->pos;
    if (left > 0)
        TRY(node_id(k, id));
    k->w->pos = here;
    return RF_OK;
}

/* The node at the window's position, of which only the ID is read unless it may have the next one. */
static rf_code search_node(struct walk *k, struct search *s, uint64_t left)
{
    struct stream_entries entries = {0};
    rf_stream_id id, limit;
    rf_slice blob;
    TRY(node_id(k, &id));
    const uint8_t *listpack = k->w->pos;
    TRY(rdb_skip_string(k->w));
    TRY(peek_id(k, left, &limit));
    if (stream_id_compare(*s->next, id) < 0 || (left > 0 && stream_id_compare(*s->next, limit) >= 0))
        return RF_OK;
    k->w->pos = listpack;
    TRY(rdb_string(k->w, &blob));
    return walk_node(k, id, blob, &entries);
}

static rf_code search_nodes(struct walk *k, void *arg)
{
    static const rf_visitor visitor = {.stream_entry = on_searched};
    struct search *s = arg;
    uint64_t nodes;
    k->visitor = &visitor;
    k->ctx = s;
    TRY(rdb_length(k->w, &nodes));
    while (nodes-- > 0 && s->next < s->end) {
        window_release(k->w);
        TRY(search_node(k, s, nodes));
    }
    return RF_OK;
}

rf_code stream_has_all(struct rf_value *value, const rf_stream_id *ids, size_t count, bool *all,
                       rf_error *error)
{
    struct search search = {ids, ids + count};
    TRY(value_skip_raw(value, search_nodes, &search, error));
    *all = search.next == search.end;
    return RF_OK;
}
