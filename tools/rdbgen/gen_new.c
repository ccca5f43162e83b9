/* SPDX-License-Identifier: MIT */
/* Modules' values and records, and what only the newest servers have: arrays, hash templates and key metadata
 * of Redis, path hashes of Valkey. */
#include "gen.h"

#include "base/number.h"

/* --- arrays ------------------------------------------------------------------------------------------- */

static void array_value(struct types *types, const struct item *item)
{
    enum { STRING, INTEGER, DOUBLE, SHORT_STRING };
    int64_t n;
    if (item->is_double) {
        gen_length(types, DOUBLE);
        out_double(&types->out, item->score);
    } else if (number_parse_i64(item->name, &n)) {
        gen_length(types, INTEGER);
        out_u64le(&types->out, (uint64_t)n);
    } else {
        gen_length(types, item->name.len <= 7 ? SHORT_STRING : STRING);
        gen_string(types, item->name);
    }
}

void gen_array(struct types *types, const struct content *content)
{
    gen_length(types, content->count);
    gen_length(types, content->has_insert_index);
    if (content->has_insert_index)
        gen_length(types, content->insert_index);
    for (size_t i = 0; i < content->count; i++) {
        gen_length(types, content->items[i].index);
        array_value(types, &content->items[i]);
    }
}

/* --- path hashes -------------------------------------------------------------------------------------- */

static size_t fields_of_path(const struct content *content, size_t from)
{
    const struct item *first = &content->items[from];
    size_t n = 1;
    while (from + n < content->count && slice_equal(first[n].path, first->path))
        n++;
    return n;
}

void gen_path_hash(struct types *types, const struct content *content)
{
    size_t paths = 0;
    for (size_t i = 0; i < content->count; i += fields_of_path(content, i))
        paths++;
    gen_length(types, paths);
    for (size_t i = 0, end; i < content->count; i = end) {
        end = i + fields_of_path(content, i);
        gen_string(types, content->items[i].path);
        gen_length(types, end - i);
        for (size_t j = i; j < end; j++) {
            gen_string(types, content->items[j].name);
            gen_string(types, content->items[j].value);
        }
    }
}

/* --- hash templates ----------------------------------------------------------------------------------- */

void gen_templates(struct types *types)
{
    for (size_t i = 0; i < template_count; i++) {
        const struct hash_template *template = &templates[i];
        out_byte(&types->out, OP_HASH_TEMPLATE);
        gen_length(types, template->id);
        gen_length(types, template->fields);
        for (size_t j = 0; j < template->fields; j++)
            gen_string(types, slice_of(template->names[j], strlen(template->names[j])));
    }
}

void gen_template_listpack(struct types *types, const struct content *content)
{
    struct pack *pack = &types->pack;
    pack->hide_count = types->variant == VARIANT_LONG;
    lp_start(pack);
    lp_integer(pack, (int64_t)content->template->id);
    for (size_t i = 0; i < content->count; i++)
        lp_element(pack, content->items[i].value);
    lp_finish(pack);
    gen_blob(types, mutate_blob(types, &pack->bytes, LISTPACK_HEAD));
}

void gen_template_hash(struct types *types, const struct content *content)
{
    gen_length(types, content->template->id);
    for (size_t i = 0; i < content->count; i++)
        gen_string(types, content->items[i].value);
}

/* --- modules ------------------------------------------------------------------------------------------ */

enum { END, SINT, UINT, FLOAT, DOUBLE, STRING };

/* A module's id or a metadata class's: six bits for each letter. The two know the same letters in
 * different orders. */
static uint64_t letters(const char *name, const char *last_two)
{
    static const char most[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    uint64_t bits = 0;
    for (; *name; name++) {
        const char *place = strchr(most, *name);
        size_t letter = place ? (size_t)(place - most) : 62 + (*name == last_two[1]);
        bits = bits << 6 | letter;
    }
    return bits;
}

static uint64_t module_id(const char *name, unsigned version)
{
    return letters(name, "-_") << 10 | version;
}

static void uint_item(struct types *types, uint64_t n)
{
    gen_length(types, UINT);
    gen_length(types, n);
}

static void string_item(struct types *types, rf_slice s)
{
    gen_length(types, STRING);
    gen_string(types, s);
}

static void random_item(struct types *types)
{
    size_t kind = rng_between(&types->rng, SINT, STRING);
    uint64_t bits = rng_next(&types->rng);
    if (kind == STRING) {
        string_item(types, random_string(types, 0));
        return;
    }
    gen_length(types, kind);
    switch (kind) {
    case FLOAT: out_u32le(&types->out, (uint32_t)bits); break;
    case DOUBLE: out_u64le(&types->out, bits); break;
    default: gen_length(types, bits >> rng_below(&types->rng, 64));
    }
}

static void random_items(struct types *types)
{
    for (size_t n = rng_below(&types->rng, 20); n > 0; n--)
        random_item(types);
    gen_length(types, END);
}

void gen_module(struct types *types, const struct content *content)
{
    (void)content;
    gen_length(types, module_id("rdbgenmod", 3));
    random_items(types);
}

void gen_module_aux(struct types *types, int when)
{
    out_byte(&types->out, OP_MODULE_AUX);
    gen_length(types, module_id("rdbgen-_1", 1023));
    uint_item(types, (uint64_t)when);
    random_items(types);
}

/* One class that a server which does not know it may pass by (flag 1), some with a second one. */
void gen_key_meta(struct types *types)
{
    static const char *const classes[] = {"gen1", "Gn_-"};
    size_t count = rng_between(&types->rng, 1, 2);
    out_byte(&types->out, OP_KEY_META);
    gen_length(types, count);
    for (size_t i = 0; i < count; i++) {
        enum { VERSION = 2, MAY_BE_IGNORED = 1 };
        uint64_t name = letters(classes[i], "_-");
        out_u32le(&types->out, (uint32_t)(name << 8 | VERSION << 3 | MAY_BE_IGNORED));
        random_items(types);
    }
}

/* --- vector sets -------------------------------------------------------------------------------------- */

/* A float's bits in the upper half of the number. */
static uint64_t upper_float(struct rng *rng)
{
    float f = (float)rng_fraction(rng);
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    return (uint64_t)bits << 32;
}

/* One of two nodes, each the other's only neighbour. */
static void vector(struct types *types, uint64_t number, rf_slice name, size_t dimension)
{
    enum { GRAPH_VERSION = 1 << 24, LINKS_MAX = 32 };
    uint8_t quantised[16];
    for (size_t i = 0; i < dimension; i++)
        quantised[i] = (uint8_t)rng_next(&types->rng);
    uint64_t farthest = upper_float(&types->rng), length = upper_float(&types->rng),
             range = upper_float(&types->rng) >> 32;
    uint64_t graph[] = {number, GRAPH_VERSION, 1, LINKS_MAX, 3 - number, farthest, length | range};
    string_item(types, name);
    string_item(types, types->variant % 2 ? SLICE("{\"year\":1950}") : SLICE(""));
    string_item(types, slice_of(quantised, dimension));
    uint_item(types, sizeof graph / sizeof *graph);
    for (size_t i = 0; i < sizeof graph / sizeof *graph; i++)
        uint_item(types, graph[i]);
}

/* Two elements, quantised to 8 bits, with attributes. */
void gen_vector_set(struct types *types, const struct content *content)
{
    enum { Q8 = 1, M = 16, HAS_ATTRIBUTES = 2 };
    size_t dimension = rng_between(&types->rng, 2, 16);
    (void)content;
    gen_length(types, module_id("vectorset", 0));
    uint_item(types, dimension);
    uint_item(types, 2);
    uint_item(types, M << 8 | Q8);
    uint_item(types, HAS_ATTRIBUTES);
    vector(types, 2, SLICE("second"), dimension);
    vector(types, 1, SLICE("first"), dimension);
    gen_length(types, END);
}
