/* SPDX-License-Identifier: MIT */
/* The types that are blobs. */
#include "gen.h"

#include <stdlib.h>

void gen_blob(struct types *types, rf_slice blob)
{
    bool wanted = types->variant == VARIANT_LONG || rng_below(&types->rng, 4) == 0;
    if (!wanted || !out_lzf_string(&types->out, blob))
        gen_plain_string(types, blob);
}

/* --- listpack and ziplist: one way to fill them --------------------------------------------------------- */

struct packing {
    void (*start)(struct pack *pack);
    void (*element)(struct pack *pack, rf_slice s);
    rf_slice (*finish)(struct pack *pack);
    size_t head;
};

static const struct packing listpack = {lp_start, lp_element, lp_finish, LISTPACK_HEAD};
static const struct packing ziplist = {zl_start, zl_element, zl_finish, ZIPLIST_HEAD};

static void start(struct types *types, const struct packing *packing)
{
    struct pack *pack = &types->pack;
    pack->hide_count = types->variant == VARIANT_LONG || (types->odd && rng_below(&types->rng, 8) == 0);
    pack->wide_prevlens = types->variant == VARIANT_RANDOM;
    pack->odd = types->odd ? &types->rng : NULL;
    pack->old_integers = types->out.version < 6;
    packing->start(pack);
}

static void element(struct types *types, const struct packing *packing, rf_slice s)
{
    s = mutate_string(types, s);
    for (size_t times = mutate_repeats(types); times > 0; times--)
        packing->element(&types->pack, s);
}

static void finish(struct types *types, const struct packing *packing)
{
    packing->finish(&types->pack);
    gen_blob(types, mutate_blob(types, &types->pack.bytes, packing->head));
}

static void names(struct types *types, const struct packing *packing, const struct item *items, size_t count)
{
    start(types, packing);
    for (size_t i = 0; i < count; i++)
        element(types, packing, items[i].name);
    finish(types, packing);
}

static void pairs(struct types *types, const struct packing *packing, const struct content *content)
{
    start(types, packing);
    for (size_t i = 0; i < content->count; i++) {
        element(types, packing, content->items[i].name);
        element(types, packing, content->items[i].value);
    }
    finish(types, packing);
}

static int by_score(const void *a, const void *b)
{
    const struct item *x = a, *y = b;
    if (x->score != y->score)
        return x->score < y->score ? -1 : 1;
    return slice_compare(x->name, y->name);
}

static void scored(struct types *types, const struct packing *packing, const struct content *content)
{
    qsort(content->items, content->count, sizeof *content->items, by_score);
    start(types, packing);
    for (size_t i = 0; i < content->count; i++) {
        char text[SCORE_TEXT_MAX];
        element(types, packing, content->items[i].name);
        element(types, packing, score_text(content->items[i].score, text));
    }
    finish(types, packing);
}

/* Where there is no expiry, the order is that of the latest. */
static int by_expiry(const void *a, const void *b)
{
    uint64_t x = (uint64_t)((const struct item *)a)->expire_ms;
    uint64_t y = (uint64_t)((const struct item *)b)->expire_ms;
    return (x > y) - (x < y);
}

static void triples(struct types *types, const struct content *content)
{
    qsort(content->items, content->count, sizeof *content->items, by_expiry);
    start(types, &listpack);
    for (size_t i = 0; i < content->count; i++) {
        const struct item *item = &content->items[i];
        element(types, &listpack, item->name);
        element(types, &listpack, item->value);
        uint64_t expire = item->expire_ms == NO_EXPIRY ? 0 : (uint64_t)item->expire_ms;
        lp_integer(&types->pack, (int64_t)mutate_number(types, expire));
    }
    finish(types, &listpack);
}

static void expiring_names(struct types *types, const struct content *content)
{
    qsort(content->items, content->count, sizeof *content->items, by_expiry);
    start(types, &listpack);
    for (size_t i = 0; i < content->count; i++) {
        const struct item *item = &content->items[i];
        element(types, &listpack, item->name);
        uint64_t expire = item->expire_ms == NO_EXPIRY ? 0 : (uint64_t)item->expire_ms;
        lp_integer(&types->pack, (int64_t)mutate_number(types, expire));
    }
    finish(types, &listpack);
}

void gen_list_ziplist(struct types *types, const struct content *content)
{
    names(types, &ziplist, content->items, content->count);
}

void gen_hash_ziplist(struct types *types, const struct content *content)
{
    pairs(types, &ziplist, content);
}

void gen_zset_ziplist(struct types *types, const struct content *content)
{
    scored(types, &ziplist, content);
}

void gen_set_listpack(struct types *types, const struct content *content)
{
    names(types, &listpack, content->items, content->count);
}

void gen_hash_listpack(struct types *types, const struct content *content)
{
    pairs(types, &listpack, content);
}

void gen_zset_listpack(struct types *types, const struct content *content)
{
    scored(types, &listpack, content);
}

void gen_hash_listpack_ttl_prerelease(struct types *types, const struct content *content)
{
    triples(types, content);
}

void gen_hash_listpack_ttl(struct types *types, const struct content *content)
{
    out_u64le(&types->out, (uint64_t)smallest_expiry(content));
    triples(types, content);
}

void gen_set_listpack_ttl(struct types *types, const struct content *content)
{
    out_u64le(&types->out, (uint64_t)smallest_expiry(content));
    expiring_names(types, content);
}

/* --- quicklists --------------------------------------------------------------------------------------- */

/* The items of node i of `nodes`. */
static size_t share(size_t count, size_t nodes, size_t i)
{
    return count * (i + 1) / nodes - count * i / nodes;
}

static size_t node_count(struct types *types, const struct content *content)
{
    size_t most = content->count < 5 ? content->count : 5;
    return rng_between(&types->rng, 1, most);
}

void gen_quicklist_ziplist(struct types *types, const struct content *content)
{
    const struct item *items = content->items;
    size_t nodes = node_count(types, content);
    gen_length(types, nodes);
    for (size_t i = 0; i < nodes; i++) {
        size_t count = share(content->count, nodes, i);
        names(types, &ziplist, items, count);
        items += count;
    }
}

/* Nodes of one item are plain ones, where an empty item is not allowed. */
void gen_quicklist(struct types *types, const struct content *content)
{
    enum { PLAIN = 1, PACKED = 2 };
    const struct item *items = content->items;
    size_t nodes = 0;
    for (size_t i = 0; i < content->count; nodes++)
        i += 1 + i % 7;
    gen_length(types, nodes);
    for (size_t i = 0; i < content->count;) {
        size_t left = content->count - i, count = 1 + i % 7;
        count = count < left ? count : left;
        bool plain = count == 1 && items[i].name.len > 0;
        gen_length(types, plain ? PLAIN : PACKED);
        if (plain)
            gen_string(types, items[i].name);
        else
            names(types, &listpack, items + i, count);
        i += count;
    }
}

/* --- intset and zipmap -------------------------------------------------------------------------------- */

void gen_intset(struct types *types, const struct content *content)
{
    const struct item *items = content->items;
    is_start(&types->pack, items[0].integer, items[content->count - 1].integer);
    for (size_t i = 0; i < content->count; i++)
        is_member(&types->pack, (int64_t)mutate_number(types, (uint64_t)items[i].integer));
    is_finish(&types->pack);
    gen_blob(types, mutate_blob(types, &types->pack.bytes, INTSET_HEAD));
}

void gen_zipmap(struct types *types, const struct content *content)
{
    types->pack.hide_count = types->variant == VARIANT_LONG;
    zm_start(&types->pack);
    for (size_t i = 0; i < content->count; i++)
        zm_pair(&types->pack, content->items[i].name, content->items[i].value,
                (uint8_t)rng_below(&types->rng, 5));
    zm_finish(&types->pack);
    gen_blob(types, mutate_blob(types, &types->pack.bytes, ZIPMAP_HEAD));
}
