/* SPDX-License-Identifier: MIT */
/* Checks the items of a vector set. In this order, those in brackets by the flags:
 *
 *   dimension  nodes  quantization and M  flags  [input dimension, matrix]
 *   for each node: name  [attributes]  vector  count, and as many numbers, its part of the graph:
 *     id  version and level  for each layer: links, their most, the id of each, the worst one  length and
 * range
 *
 * The layout, and what is a fault, are from what Redis 8.6 saves, and rejects when it loads it. Not all that
 * a server rejects is found: nothing is rejected here that a server accepts and can use. */
#include "rdb/vector_set.h"

#include "base/random.h"
#include <xxhash.h>

enum step {
    DIMENSION,
    NODES,
    QUANTIZATION,
    FLAGS,
    INPUT_DIMENSION,
    MATRIX,
    NAME,
    ATTRIBUTES,
    VECTOR,
    NUMBERS,
    GRAPH,
    STEPS
};

enum graph_step { ID, LEVEL, LINKS, LINKS_MOST, LINK, WORST, LENGTH, REST };

enum { FLOAT_BYTES = 4, NO_QUANTIZATION = 0, TO_8_BITS, TO_1_BIT };

enum {
    GRAPH_VERSION = 1,
    LEVEL_BITS = 24,
    LEVEL_MOST = 16, /* servers have arrays of this size */
    LINKS_LIMIT = 65536,
    LEAST_NUMBERS = 2 + 3 + 1, /* of a node without links in its only layer */
};

static rf_code wrong(struct walk *k, const char *what, uint64_t number)
{
    return CORRUPT(k, "vector set: %s (%llu)", what, (unsigned long long)number);
}

/* --- the graph ------------------------------------------------------------------------------------------ */

/* Every link has one in the other direction, in the same layer: added up with opposite signs, they are zero.
 * The seed is random, so that others cannot be made for it. */
static void add_link(struct vector_set *s, uint64_t other)
{
    bool up = s->id < other;
    const uint64_t link[] = {s->layer, up ? s->id : other, up ? other : s->id};
    XXH128_hash_t hash = XXH3_128bits_withSeed(link, sizeof link, s->seed);
    s->balance[0] += up ? hash.low64 : -hash.low64;
    s->balance[1] += up ? hash.high64 : -hash.high64;
}

static rf_code read_id(struct vector_set *s, struct walk *k, uint64_t number)
{
    uint8_t bytes[sizeof number];
    s->id = number;
    s->layer = 0;
    store_le64(bytes, number);
    return number == 0 ? wrong(k, "invalid node", number)
                       : walk_unique(k, 0, "node of a vector set", slice_of(bytes, sizeof bytes));
}

static rf_code read_level(struct vector_set *s, struct walk *k, uint64_t number)
{
    s->level = number & ((1u << LEVEL_BITS) - 1);
    s->knows_graphs &= number >> LEVEL_BITS == GRAPH_VERSION;
    return s->knows_graphs && s->level > LEVEL_MOST
               ? wrong(k, "the level of a node is out of range", s->level)
               : RF_OK;
}

static rf_code read_links(struct vector_set *s, struct walk *k, uint64_t number)
{
    s->links = number;
    s->link = 0;
    return number >= s->numbers ? wrong(k, "more links than there are numbers of a node", number) : RF_OK;
}

static rf_code read_link(struct vector_set *s, struct walk *k, uint64_t number)
{
    s->link++;
    add_link(s, number);
    return number == 0 || number == s->id ? wrong(k, "invalid link", number) : RF_OK;
}

static rf_code read_worst(struct vector_set *s, struct walk *k, uint64_t number)
{
    uint32_t index = (uint32_t)number;
    s->layer++;
    return s->links > 0 && index >= s->links ? wrong(k, "the worst link is out of range", index) : RF_OK;
}

static rf_code read_graph(struct vector_set *s, struct walk *k, uint64_t number)
{
    if (!s->knows_graphs)
        return RF_OK;
    switch (s->graph_step) {
    case ID: s->graph_step = LEVEL; return read_id(s, k, number);
    case LEVEL: s->graph_step = LINKS; return read_level(s, k, number);
    case LINKS: s->graph_step = LINKS_MOST; return read_links(s, k, number);
    case LINKS_MOST:
        s->graph_step = s->links > 0 ? LINK : WORST;
        return number < s->links || number >= LINKS_LIMIT
                   ? wrong(k, "the most links are out of range", number)
                   : RF_OK;
    case LINK:
        TRY(read_link(s, k, number));
        s->graph_step = s->link < s->links ? LINK : WORST;
        return RF_OK;
    case WORST:
        TRY(read_worst(s, k, number));
        s->graph_step = s->layer <= s->level ? LINKS : LENGTH;
        return RF_OK;
    default: s->graph_step = REST; return RF_OK;
    }
}

/* --- the items ------------------------------------------------------------------------------------------ */

static rf_code read_dimension(struct vector_set *s, struct walk *k, const rf_module_part *item)
{
    s->dimension = item->number;
    s->knows_graphs = true;
    s->seed = random_u64();
    return item->number == 0 || item->number > INT32_MAX ? wrong(k, "invalid dimension", item->number)
                                                         : RF_OK;
}

static rf_code read_nodes(struct vector_set *s, struct walk *k, const rf_module_part *item)
{
    s->nodes = item->number;
    return item->number == 0 ? wrong(k, "no elements", 0) : RF_OK;
}

static rf_code read_quantization(struct vector_set *s, struct walk *k, const rf_module_part *item)
{
    s->quantization = item->number & 0xff;
    return s->quantization > TO_1_BIT ? wrong(k, "unknown quantization", s->quantization) : RF_OK;
}

static rf_code read_flags(struct vector_set *s, struct walk *k, const rf_module_part *item)
{
    enum { HAS_MATRIX = 1, HAS_ATTRIBUTES = 2 };
    (void)k;
    s->has_matrix = item->number & HAS_MATRIX;
    s->has_attributes = item->number & HAS_ATTRIBUTES;
    return RF_OK;
}

static rf_code read_input_dimension(struct vector_set *s, struct walk *k, const rf_module_part *item)
{
    s->input_dimension = item->number;
    return item->number < s->dimension || item->number > INT32_MAX
               ? wrong(k, "invalid dimension of the input", item->number)
               : RF_OK;
}

/* Two dimensions below 2^31 do not overflow. */
static rf_code read_matrix(struct vector_set *s, struct walk *k, const rf_module_part *item)
{
    return item->bytes.len / FLOAT_BYTES != s->input_dimension * s->dimension || item->bytes.len % FLOAT_BYTES
               ? wrong(k, "invalid size of the matrix", item->bytes.len)
               : RF_OK;
}

static rf_code read_vector(struct vector_set *s, struct walk *k, const rf_module_part *item)
{
    const uint64_t sizes[] = {[NO_QUANTIZATION] = s->dimension * FLOAT_BYTES,
                              [TO_8_BITS] = s->dimension,
                              [TO_1_BIT] = (s->dimension + 63) / 64 * 8};
    return item->bytes.len != sizes[s->quantization] ? wrong(k, "invalid size of a vector", item->bytes.len)
                                                     : RF_OK;
}

static rf_code read_numbers(struct vector_set *s, struct walk *k, const rf_module_part *item)
{
    s->numbers = item->number;
    s->graph_step = ID;
    return item->number < LEAST_NUMBERS ? wrong(k, "too few numbers of a node", item->number) : RF_OK;
}

/* A node may have more numbers than are known. */
static rf_code read_number(struct vector_set *s, struct walk *k, const rf_module_part *item)
{
    TRY(read_graph(s, k, item->number));
    if (--s->numbers > 0)
        return RF_OK;
    s->nodes--;
    return s->knows_graphs && s->graph_step != REST ? wrong(k, "too few numbers of node", s->id) : RF_OK;
}

typedef rf_code read_fn(struct vector_set *s, struct walk *k, const rf_module_part *item);

static const struct {
    rf_part_kind kind;
    read_fn *read; /* NULL: any string */
} steps[STEPS] = {
    [DIMENSION] = {RF_PART_UNSIGNED, read_dimension},
    [NODES] = {RF_PART_UNSIGNED, read_nodes},
    [QUANTIZATION] = {RF_PART_UNSIGNED, read_quantization},
    [FLAGS] = {RF_PART_UNSIGNED, read_flags},
    [INPUT_DIMENSION] = {RF_PART_UNSIGNED, read_input_dimension},
    [MATRIX] = {RF_PART_STRING, read_matrix},
    [NAME] = {RF_PART_STRING, NULL},
    [ATTRIBUTES] = {RF_PART_STRING, NULL},
    [VECTOR] = {RF_PART_STRING, read_vector},
    [NUMBERS] = {RF_PART_UNSIGNED, read_numbers},
    [GRAPH] = {RF_PART_UNSIGNED, read_number},
};

static unsigned next_step(const struct vector_set *s)
{
    switch (s->step) {
    case FLAGS: return s->has_matrix ? INPUT_DIMENSION : NAME;
    case NAME: return s->has_attributes ? ATTRIBUTES : VECTOR;
    case GRAPH: return s->numbers > 0 ? GRAPH : NAME;
    default: return s->step + 1;
    }
}

rf_code vector_set_item(struct vector_set *s, struct walk *k, const rf_module_part *item)
{
    if (s->step == NAME && s->nodes == 0)
        return wrong(k, "items after the last element", 0);
    if (item->kind != steps[s->step].kind)
        return wrong(k, "unexpected kind of item", item->kind);
    if (steps[s->step].read)
        TRY(steps[s->step].read(s, k, item));
    s->step = next_step(s);
    return RF_OK;
}

rf_code vector_set_end(const struct vector_set *s, struct walk *k)
{
    if (s->step != NAME || s->nodes > 0)
        return wrong(k, "elements are missing", s->nodes);
    return s->knows_graphs && (s->balance[0] | s->balance[1]) ? wrong(k, "a link without its reverse", 0)
                                                              : RF_OK;
}
