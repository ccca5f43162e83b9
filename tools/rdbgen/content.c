/* SPDX-License-Identifier: MIT */
/* Random strings, and collections of them. */
#include "content.h"

#include "base/number.h"
#include <math.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

void *types_alloc(struct types *types, size_t size)
{
    void *memory = arena_alloc(&types->arena, size ? size : 1);
    if (!memory)
        die("out of memory");
    return memset(memory, 0, size);
}

/* --- strings ----------------------------------------------------------------------------------------- */

/* Texts that some encoding keeps as integers, the limits of each, and some that only look like it. */
static const rf_slice texts[] = {
    SLICE(""),
    SLICE("a"),
    SLICE("0"),
    SLICE("12"),
    SLICE("13"),
    SLICE("127"),
    SLICE("128"),
    SLICE("-1"),
    SLICE("-128"),
    SLICE("-129"),
    SLICE("4095"),
    SLICE("4096"),
    SLICE("-4096"),
    SLICE("-4097"),
    SLICE("32767"),
    SLICE("32768"),
    SLICE("-32768"),
    SLICE("-32769"),
    SLICE("8388607"),
    SLICE("8388608"),
    SLICE("-8388608"),
    SLICE("-8388609"),
    SLICE("2147483647"),
    SLICE("2147483648"),
    SLICE("-2147483648"),
    SLICE("-2147483649"),
    SLICE("9223372036854775807"),
    SLICE("-9223372036854775808"),
    SLICE("9223372036854775808"),
    SLICE("007"),
    SLICE("-0"),
    SLICE("+1"),
    SLICE(" 1"),
    SLICE("1.5"),
    SLICE("inf"),
    SLICE("\0"),
    SLICE("a\0b"),
    SLICE("\r\n"),
    SLICE("$3\r\nabc\r\n"),
    SLICE("\xff\xfe\x80"),
    SLICE("\"quoted\\\""),
    SLICE("na\xc3\xafve \xe2\x82\xac"),
};

/* Lengths where ziplists, listpacks, zipmaps and RDB lengths change their form: of the string, of what
 * holds it, of the number that says how long the element before was. */
static const size_t short_lengths[] = {20, 21, 63, 64, 125, 126, 251, 252, 253, 254, 255};
static const size_t long_lengths[] = {4095, 4096, 16377, 16378, 16383, 16384};

static rf_slice filler(struct types *types, size_t length)
{
    uint8_t *s = types_alloc(types, length);
    for (size_t i = 0; i < length; i++)
        s[i] = (uint8_t)('a' + (i + length) % 26);
    return slice_of(s, length);
}

/* The strings near some limit: first the texts, then the short ones, then the long. */
static size_t edge_count(bool with_long)
{
    return COUNT(texts) + COUNT(short_lengths) + (with_long ? COUNT(long_lengths) : 0);
}

static rf_slice edge_string(struct types *types, size_t i)
{
    if (i < COUNT(texts))
        return texts[i];
    i -= COUNT(texts);
    if (i < COUNT(short_lengths))
        return filler(types, short_lengths[i]);
    return filler(types, long_lengths[i - COUNT(short_lengths)]);
}

rf_slice random_string(struct types *types, size_t number)
{
    bool letters = rng_below(&types->rng, 2);
    size_t length = 1 + rng_below(&types->rng, 30);
    uint8_t *s = types_alloc(types, length);
    s[0] = (uint8_t)('A' + number % 26);
    for (size_t i = 1; i < length; i++)
        s[i] = (uint8_t)(letters ? 'a' + rng_below(&types->rng, 26) : rng_below(&types->rng, 256));
    return slice_of(s, length);
}

/* --- collections ------------------------------------------------------------------------------------- */

/* The variant's elements, their names all different: a single one, those near the limits, or random. */
static void make_items(struct types *types, struct content *content)
{
    size_t count = edge_count(types->variant == VARIANT_LONG);
    if (types->variant == VARIANT_SINGLE)
        count = 1;
    else if (types->variant >= VARIANT_RANDOM)
        count = rng_between(&types->rng, 2, 26);

    bool edges = types->variant < VARIANT_RANDOM;
    size_t shift = types->variant == VARIANT_SINGLE ? types->type : 0;
    content->count = count;
    content->items = types_alloc(types, count * sizeof *content->items);
    for (size_t i = 0; i < count; i++) {
        struct item *item = &content->items[i];
        item->name = edges ? edge_string(types, i + shift) : random_string(types, i);
        item->value = edges ? edge_string(types, count - 1 - i) : random_string(types, i);
        item->expire_ms = NO_EXPIRY;
    }
}

/* More variants of strings than of the rest are cheap: every one near a limit comes once. */
void make_string(struct types *types, struct content *content)
{
    struct item *item = types_alloc(types, sizeof *item);
    bool edge = types->variant < edge_count(true);
    item->name = edge ? edge_string(types, types->variant) : random_string(types, types->variant);
    *content = (struct content){.items = item, .count = 1};
}

void make_list(struct types *types, struct content *content)
{
    make_items(types, content);
    for (size_t i = 5; i < content->count; i += 5)
        content->items[i].name = content->items[i - 5].name; /* lists may repeat themselves */
}

void make_set(struct types *types, struct content *content)
{
    make_items(types, content);
}

void make_hash(struct types *types, struct content *content)
{
    make_items(types, content);
}

void make_nothing(struct types *types, struct content *content)
{
    (void)types;
    (void)content;
}

/* --- sets of integers -------------------------------------------------------------------------------- */

static rf_slice integer_text(struct types *types, int64_t n)
{
    uint8_t *text = types_alloc(types, NUMBER_TEXT_MAX);
    return slice_of(text, number_print_i64(text, n));
}

/* Ascending, from one limit of the width to the other. */
void make_intset(struct types *types, struct content *content)
{
    static const int64_t limits[][2] = {{INT16_MIN, INT16_MAX},
                                        {INT32_MIN, INT32_MAX},
                                        {INT64_MIN, INT64_MAX},
                                        {-5, 300},
                                        {INT16_MAX, 32768}};
    const int64_t *limit = limits[types->variant % COUNT(limits)];
    size_t inner = types->variant ? rng_below(&types->rng, 30) : 0;
    uint64_t gap = ((uint64_t)limit[1] - (uint64_t)limit[0]) / (inner + 1);
    if (gap < 2)
        inner = 0;
    content->count = inner + 2;
    content->items = types_alloc(types, content->count * sizeof *content->items);
    for (size_t i = 0; i < content->count; i++) {
        int64_t n = i <= inner ? (int64_t)((uint64_t)limit[0] + i * gap) : limit[1];
        content->items[i] = (struct item){.name = integer_text(types, n), .integer = n};
    }
}

/* --- scores ------------------------------------------------------------------------------------------- */

static double random_score(struct rng *rng)
{
    static const double edges[] = {-INFINITY, -1e300, -123456789012345680.0,
                                   -1.5,      -0.1,   -5e-324,
                                   -0.0,      0,      5e-324,
                                   0.1,       1,      12,
                                   13,        127,    128,
                                   4095,      4096,   3.14159265358979312,
                                   65536,     1e9,    4294967296.0,
                                   0x1p53,    1e17,   1.7976931348623157e308,
                                   INFINITY};
    switch (rng_below(rng, 3)) {
    case 0: return (double)rng_below(rng, 100000) / 100;
    case 1: return (rng_fraction(rng) - 0.5) * 1e6;
    default: return edges[rng_below(rng, COUNT(edges))];
    }
}

void make_zset(struct types *types, struct content *content)
{
    make_items(types, content);
    for (size_t i = 0; i < content->count; i++)
        content->items[i].score = random_score(&types->rng);
}

/* --- hashes ------------------------------------------------------------------------------------------- */

/* None, past, future, or as late as can be. No field has one in every fourth random hash of Redis; in those
 * of Valkey at least one has. */
void make_hash_with_ttl(struct types *types, struct content *content)
{
    static const int64_t times[] = {4102444800000, NO_EXPIRY, 1600000000000, ((int64_t)1 << 46) - 100};
    make_items(types, content);
    bool none = types->options->dialect == RF_REDIS && types->variant % 4 == VARIANT_RANDOM;
    for (size_t i = 0; i < content->count && !none; i++) {
        int64_t time = times[i % COUNT(times)];
        content->items[i].expire_ms = time == NO_EXPIRY ? NO_EXPIRY : time + (int64_t)i;
    }
}

/* From the base on, and no more than 2^32 - 1 seconds after it. */
void make_hash_with_seconds(struct types *types, struct content *content)
{
    make_hash_with_ttl(types, content);
    for (size_t i = 0; i < content->count; i++) {
        int64_t seconds = content->items[i].expire_ms / 1000 - DRAGONFLY_EXPIRY_BASE;
        if (content->items[i].expire_ms == NO_EXPIRY)
            continue;
        seconds = seconds < 0 ? 0 : seconds > UINT32_MAX ? UINT32_MAX : seconds;
        content->items[i].expire_ms = 1000 * (DRAGONFLY_EXPIRY_BASE + seconds);
    }
}

/* By length first, then by their bytes. */
const struct hash_template templates[] = {
    {1, 1, {"f"}},
    {7, 4, {"id", "age", "name", "email"}},
    {300, 8, {"", "1", "a", "b", "10", "ab", "ba", "-129"}},
    {0x200000001, 3, {"x", "y", "a field with a long name"}},
};
const size_t template_count = COUNT(templates);

void make_template_hash(struct types *types, struct content *content)
{
    const struct hash_template *template = &templates[types->variant % COUNT(templates)];
    *content = (struct content){.template = template, .count = template->fields};
    content->items = types_alloc(types, content->count * sizeof *content->items);
    for (size_t i = 0; i < content->count; i++) {
        bool edge = rng_below(&types->rng, 2);
        content->items[i] = (struct item){
            .name = slice_of(template->names[i], strlen(template->names[i])),
            .value = edge ? edge_string(types, rng_below(&types->rng, edge_count(false)))
                          : random_string(types, i),
            .expire_ms = NO_EXPIRY,
        };
    }
}

/* --- path hashes -------------------------------------------------------------------------------------- */

/* Up to three fields to a path; the fields of different paths may have the same names. */
void make_path_hash(struct types *types, struct content *content)
{
    make_items(types, content);
    for (size_t i = 0; i < content->count; i++) {
        struct item *item = &content->items[i];
        bool first = i == 0 || rng_below(&types->rng, 3) == 0;
        item->path = first ? item->name : item[-1].path;
        if (first && i > 0)
            item->name = item[-1].name;
    }
}

/* --- arrays ------------------------------------------------------------------------------------------- */

void make_array(struct types *types, struct content *content)
{
    static const struct {
        double value;
        const char *text;
    } doubles[] = {{3.5, "3.5"}, {-0.125, "-0.125"}, {2, "2.0"}, {0.1, "0.1"}};
    uint64_t index = rng_below(&types->rng, 3);
    make_items(types, content);
    for (size_t i = 0; i < content->count; i++) {
        struct item *item = &content->items[i];
        size_t d = i / 8 % COUNT(doubles);
        item->index = index;
        size_t shift = 24 + rng_below(&types->rng, 40);
        index += 1 + (rng_next(&types->rng) >> shift);
        if (i % 8 != 7)
            continue;
        item->is_double = true;
        item->score = doubles[d].value;
        item->name = slice_of(doubles[d].text, strlen(doubles[d].text));
    }
    if (types->variant == VARIANT_LONG)
        content->items[content->count - 1].index = UINT64_MAX - 1;
    content->has_insert_index = rng_below(&types->rng, 2);
    content->insert_index = content->items[content->count - 1].index;
}
