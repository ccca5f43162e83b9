/* SPDX-License-Identifier: MIT */
/* Compact encodings: a whole collection, or one node of a list, in a blob. The blob itself is an RDB string,
 * so it may be LZF-compressed; it must fit in memory, as it did in the server's.
 *
 *   ziplist, listpack:  item*   member*   (member score)*   (field value)*   (field value ttl)*
 *                       (member ttl)*
 *   quicklist:          n nodes, each a blob, or since RDB 10 (container blob) where container 1 means
 *                       that the blob is one item itself
 *   intset, zipmap:     see codec/
 *
 * Every blob is fully validated during the walk: sizes, counts, back lengths, and the order if the server
 * relies on it. (Valkey src/rdb.c: rdbLoadObject) */
#include "base/double_text.h"
#include "codec/intset.h"
#include "codec/listpack.h"
#include "codec/ziplist.h"
#include "codec/zipmap.h"
#include "rdb/rdb_read.h"
#include "rdb/walk.h"
#include <math.h>

enum packed_kind { LISTPACK, ZIPLIST };

/* A cursor over either kind. */
struct packed_cursor {
    enum packed_kind kind;
    union {
        struct listpack listpack;
        struct ziplist ziplist;
    };
};

static const char *kind_name(enum packed_kind kind)
{
    return kind == LISTPACK ? "listpack" : "ziplist";
}

static rf_code damaged(struct walk *k, const struct packed_cursor *c)
{
    return CORRUPT(k, "%s", c->kind == LISTPACK ? c->listpack.fault : c->ziplist.fault);
}

static rf_code packed_open(struct walk *k, enum packed_kind kind, rf_slice blob, struct packed_cursor *c)
{
    c->kind = kind;
    bool sound = kind == LISTPACK ? listpack_open(&c->listpack, blob) : ziplist_open(&c->ziplist, blob);
    return sound ? RF_OK : damaged(k, c);
}

/* The next element, or none: see *there. */
static inline rf_code packed_next(struct walk *k, struct packed_cursor *c, struct packed *e, bool *there)
{
    enum packed_step step = c->kind == LISTPACK ? listpack_next(&c->listpack, e)
                                                : ziplist_next(&c->ziplist, e);
    *there = step == PACKED_ELEMENT;
    return LIKELY(step != PACKED_DAMAGED) ? RF_OK : damaged(k, c);
}

/* An element that is required because another came before it. */
static inline rf_code packed_partner(struct walk *k, struct packed_cursor *c, struct packed *e)
{
    bool there;
    TRY(packed_next(k, c, e, &there));
    return LIKELY(there) ? RF_OK : CORRUPT(k, "%s: odd number of elements", kind_name(c->kind));
}

/* --- shapes ---------------------------------------------------------------------------------------- */

typedef rf_code shape_fn(struct walk *k, struct packed_cursor *c);

static rf_code items(struct walk *k, struct packed_cursor *c)
{
    struct packed e;
    bool there;
    uint8_t text[NUMBER_TEXT_MAX];
    for (;;) {
        TRY(packed_next(k, c, &e, &there));
        if (!there)
            return RF_OK;
        TRY(VISIT(k, item, packed_slice(&e, text)));
    }
}

static rf_code members(struct walk *k, struct packed_cursor *c)
{
    struct packed e;
    bool there;
    uint8_t text[NUMBER_TEXT_MAX];
    for (;;) {
        TRY(packed_next(k, c, &e, &there));
        if (!there)
            return RF_OK;
        rf_slice member = packed_slice(&e, text);
        TRY(walk_unique(k, 0, "member", member));
        TRY(VISIT(k, member, member, RF_NO_EXPIRY));
    }
}

static rf_code pairs(struct walk *k, struct packed_cursor *c)
{
    struct packed field, value;
    bool there;
    uint8_t text[2][NUMBER_TEXT_MAX];
    for (;;) {
        TRY(packed_next(k, c, &field, &there));
        if (!there)
            return RF_OK;
        TRY(packed_partner(k, c, &value));
        rf_slice name = packed_slice(&field, text[0]);
        TRY(walk_unique(k, 0, "field", name));
        TRY(VISIT(k, field, name, packed_slice(&value, text[1]), RF_NO_EXPIRY));
    }
}

static rf_code packed_score(struct walk *k, struct packed_cursor *c, double *score)
{
    struct packed e;
    TRY(packed_partner(k, c, &e));
    if (!e.ptr)
        *score = (double)e.integer;
    else if (!double_parse((rf_slice){e.ptr, e.len}, score) || isnan(*score))
        return CORRUPT(k, "%s: invalid score", kind_name(c->kind));
    return RF_OK;
}

/* Ascending by score, then by member, as the server's search requires. */
static rf_code scored_members(struct walk *k, struct packed_cursor *c)
{
    struct packed e;
    bool there;
    uint8_t text[2][NUMBER_TEXT_MAX];
    rf_slice last = {0};
    double last_score = -INFINITY, score;
    for (unsigned turn = 0;; turn ^= 1) {
        TRY(packed_next(k, c, &e, &there));
        if (!there)
            return RF_OK;
        rf_slice member = packed_slice(&e, text[turn]);
        TRY(packed_score(k, c, &score));
        if (score < last_score || (score == last_score && last.ptr && slice_compare(last, member) >= 0))
            return CORRUPT(k, "%s: members out of order", kind_name(c->kind));
        last = member;
        last_score = score;
        TRY(walk_unique(k, 0, "member", member));
        TRY(VISIT(k, scored, member, score));
    }
}

/* What follows a field or a member. They ascend by expiry, those without one (0) at the end; *last: that of
 * the one before. */
static rf_code packed_expiry(struct walk *k, struct packed_cursor *c, rf_slice name, int64_t *last,
                             int64_t *expire_ms)
{
    struct packed ttl;
    int64_t expire;
    TRY(packed_partner(k, c, &ttl));
    if (!packed_integer(&ttl, &expire) || expire < 0)
        return CORRUPT(k, "listpack: invalid expiry");
    if (expire > 0 && field_expiry((uint64_t)expire) == 0)
        return walk_expiry_out_of_range(k, name);
    int64_t order = expire ? expire : INT64_MAX;
    if (order < *last)
        return CORRUPT(k, "listpack: not ordered by expiry");
    *last = order;
    *expire_ms = expire ? expire : RF_NO_EXPIRY;
    return RF_OK;
}

static rf_code triples(struct walk *k, struct packed_cursor *c)
{
    struct packed field, value;
    bool there;
    uint8_t text[2][NUMBER_TEXT_MAX];
    int64_t expire_ms = RF_NO_EXPIRY, last = 1;
    for (;;) {
        TRY(packed_next(k, c, &field, &there));
        if (!there)
            return RF_OK;
        TRY(packed_partner(k, c, &value));
        rf_slice name = packed_slice(&field, text[0]);
        TRY(packed_expiry(k, c, name, &last, &expire_ms));
        TRY(walk_unique(k, 0, "field", name));
        TRY(VISIT(k, field, name, packed_slice(&value, text[1]), expire_ms));
    }
}

static rf_code expiring_members(struct walk *k, struct packed_cursor *c)
{
    struct packed e;
    bool there;
    uint8_t text[NUMBER_TEXT_MAX];
    int64_t expire_ms = RF_NO_EXPIRY, last = 1;
    for (;;) {
        TRY(packed_next(k, c, &e, &there));
        if (!there)
            return RF_OK;
        rf_slice member = packed_slice(&e, text);
        TRY(packed_expiry(k, c, member, &last, &expire_ms));
        TRY(walk_unique(k, 0, "member", member));
        TRY(VISIT(k, member, member, expire_ms));
    }
}

static rf_code blob(struct walk *k, enum packed_kind kind, shape_fn *shape)
{
    if (!k->visitor)
        return rdb_skip_string(k->w);
    rf_slice bytes;
    struct packed_cursor cursor;
    TRY(rdb_string(k->w, &bytes));
    TRY(packed_open(k, kind, bytes, &cursor));
    return shape(k, &cursor);
}

rf_code walk_list_ziplist(struct walk *k)
{
    return blob(k, ZIPLIST, items);
}

rf_code walk_zset_ziplist(struct walk *k)
{
    return blob(k, ZIPLIST, scored_members);
}

rf_code walk_hash_ziplist(struct walk *k)
{
    return blob(k, ZIPLIST, pairs);
}

rf_code walk_set_listpack(struct walk *k)
{
    return blob(k, LISTPACK, members);
}

rf_code walk_zset_listpack(struct walk *k)
{
    return blob(k, LISTPACK, scored_members);
}

rf_code walk_hash_listpack(struct walk *k)
{
    return blob(k, LISTPACK, pairs);
}

rf_code walk_hash_listpack_ttl_prerelease(struct walk *k)
{
    return blob(k, LISTPACK, triples);
}

/* The first element is the minimum expiry. */
rf_code walk_hash_listpack_ttl(struct walk *k)
{
    uint64_t smallest;
    TRY(rdb_u64le(k->w, &smallest));
    TRY(blob(k, LISTPACK, triples));
    return walk_smallest_expiry(k, smallest);
}

/* The same. */
rf_code walk_set_listpack_ttl(struct walk *k)
{
    uint64_t smallest;
    TRY(rdb_u64le(k->w, &smallest));
    TRY(blob(k, LISTPACK, expiring_members));
    return walk_smallest_expiry(k, smallest);
}

/* --- quicklists ------------------------------------------------------------------------------------ */

rf_code walk_quicklist_ziplist(struct walk *k)
{
    uint64_t nodes;
    TRY(rdb_length(k->w, &nodes));
    for (; nodes > 0; nodes--) {
        window_release(k->w);
        TRY(blob(k, ZIPLIST, items));
    }
    return RF_OK;
}

static rf_code plain_node(struct walk *k)
{
    if (!k->visitor)
        return rdb_skip_string(k->w);
    rf_slice item;
    TRY(rdb_string(k->w, &item));
    if (item.len == 0)
        return CORRUPT(k, "quicklist: empty plain node"); /* a server rejects it */
    return VISIT(k, item, item);
}

rf_code walk_quicklist(struct walk *k)
{
    enum { PLAIN = 1, PACKED = 2 };
    uint64_t nodes, container;
    TRY(rdb_length(k->w, &nodes));
    for (; nodes > 0; nodes--) {
        window_release(k->w);
        TRY(rdb_length(k->w, &container));
        if (container != PLAIN && container != PACKED)
            TRY(WRONG(k, "quicklist: unknown node kind %llu", (unsigned long long)container));
        TRY(container == PLAIN ? plain_node(k) : blob(k, LISTPACK, items));
    }
    return RF_OK;
}

/* --- intset, zipmap -------------------------------------------------------------------------------- */

rf_code walk_set_intset(struct walk *k)
{
    if (!k->visitor)
        return rdb_skip_string(k->w);
    rf_slice bytes;
    struct intset set;
    TRY(rdb_string(k->w, &bytes));
    const char *fault = intset_open(&set, bytes);
    if (fault)
        return CORRUPT(k, "%s", fault);
    for (uint32_t i = 0; i < set.count; i++) {
        uint8_t text[NUMBER_TEXT_MAX];
        size_t n = number_print_i64(text, intset_at(&set, i));
        TRY(VISIT(k, member, ((rf_slice){text, n}), RF_NO_EXPIRY));
    }
    return RF_OK;
}

rf_code walk_hash_zipmap(struct walk *k)
{
    if (!k->visitor)
        return rdb_skip_string(k->w);
    rf_slice bytes, field, value;
    struct zipmap map;
    TRY(rdb_string(k->w, &bytes));
    enum packed_step step = zipmap_open(&map, bytes) ? PACKED_ELEMENT : PACKED_DAMAGED;
    while (step == PACKED_ELEMENT && (step = zipmap_next(&map, &field, &value)) == PACKED_ELEMENT) {
        TRY(walk_unique(k, 0, "field", field));
        TRY(VISIT(k, field, field, value, RF_NO_EXPIRY));
    }
    return step == PACKED_END ? RF_OK : CORRUPT(k, "%s", map.fault);
}

/* --- hashes with a template ------------------------------------------------------------------------- */

/* In a DUMP payload the template has already been read, and the ID is unused. */
static rf_code template_of(struct walk *k, uint64_t id, const struct hash_template **out)
{
    *out = k->value->template ? k->value->template : hash_templates_find(k->value->templates, id);
    return *out ? RF_OK : CORRUPT(k, "hash template %llu is not defined", (unsigned long long)id);
}

/* A listpack: the template's ID, then a value for each of its fields. */
rf_code walk_hash_template_listpack(struct walk *k)
{
    if (!k->visitor)
        return rdb_skip_string(k->w);
    rf_slice bytes;
    struct packed_cursor cursor;
    struct packed e;
    bool more;
    int64_t id;
    uint8_t text[NUMBER_TEXT_MAX];
    const struct hash_template *template;
    TRY(rdb_string(k->w, &bytes));
    TRY(packed_open(k, LISTPACK, bytes, &cursor));
    TRY(packed_partner(k, &cursor, &e));
    if (!packed_integer(&e, &id) || id < 0)
        return CORRUPT(k, "listpack: missing template ID");
    TRY(template_of(k, (uint64_t)id, &template));
    for (size_t i = 0; i < template->count; i++) {
        TRY(packed_partner(k, &cursor, &e));
        TRY(VISIT(k, field, template->fields[i], packed_slice(&e, text), RF_NO_EXPIRY));
    }
    TRY(packed_next(k, &cursor, &e, &more));
    return more ? CORRUPT(k, "listpack: more values than the template has fields") : RF_OK;
}

/* The template's ID, except in a DUMP payload, then a string for each of its fields. */
rf_code walk_hash_template(struct walk *k)
{
    uint64_t id = 0;
    const struct hash_template *template;
    if (!k->value->template)
        TRY(rdb_length(k->w, &id));
    TRY(template_of(k, id, &template));
    for (size_t i = 0; i < template->count; i++) {
        rf_slice value;
        window_release(k->w);
        if (!k->visitor) {
            TRY(rdb_skip_string(k->w));
            continue;
        }
        TRY(rdb_string(k->w, &value));
        TRY(VISIT(k, field, template->fields[i], value, RF_NO_EXPIRY));
    }
    return RF_OK;
}
