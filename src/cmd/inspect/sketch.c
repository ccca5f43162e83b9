/* SPDX-License-Identifier: MIT */
/* The table, and the eviction of names. */
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "cmd/inspect/sketch.h"
#include <stdlib.h>

enum {
    CLASS_BITS = 4, /* 16 classes per power of two */
    CLASSES = 1 << CLASS_BITS,
    MAGNITUDES = 64 * CLASSES,
};

/* --- lookup ------------------------------------------------------------------------------------------- */

struct sketch_bucket {
    uint64_t hash;
    size_t name; /* an index of names */
};

static uint64_t hash_of(const struct sketch *sketch, rf_slice name)
{
    return XXH3_64bits_withSeed(name.ptr, name.len, sketch->buckets.seed);
}

static struct sketch_name *find_name(const struct sketch *sketch, uint64_t hash)
{
    const struct sketch_bucket *bucket = hash_table_find(&sketch->buckets, hash, NULL, NULL);
    return bucket ? &sketch->names[bucket->name] : NULL;
}

/* There is memory for it. */
static void put_bucket(struct sketch *sketch, size_t name)
{
    bool was_there;
    struct sketch_bucket *bucket = hash_table_add(&sketch->buckets, sketch->names[name].hash, NULL, NULL,
                                                  &was_there);
    bucket->name = name;
}

/* --- eviction ----------------------------------------------------------------------------------------- */

/* Numbers in classes, whose bounds are at most a sixteenth apart. */
static size_t magnitude(uint64_t n)
{
    unsigned log = n < CLASSES ? 0 : 63 - (unsigned)__builtin_clzll(n);
    return n < CLASSES ? n : (log - CLASS_BITS + 1) * CLASSES + (n >> (log - CLASS_BITS) & (CLASSES - 1));
}

static uint64_t largest_of_magnitude(size_t magnitude)
{
    if (magnitude < CLASSES)
        return magnitude;
    return ((magnitude % CLASSES + CLASSES + 1) << (magnitude / CLASSES - 1)) - 1;
}

/* An upper bound of three quarters of the names, by magnitude. */
static uint64_t upper_quartile(const size_t counts[MAGNITUDES])
{
    size_t i = 0, seen = counts[0];
    while (4 * seen < 3 * SKETCH_NAMES)
        seen += counts[++i];
    return largest_of_magnitude(i);
}

/* The upper bound of its count or weight, including what was missed. */
static struct sketch_sum bound_of(const struct sketch_name *name)
{
    return (struct sketch_sum){name->sum.count + name->missed.count, name->sum.weight + name->missed.weight};
}

static struct sketch_sum quartiles_of(const struct sketch *sketch)
{
    size_t counts[MAGNITUDES] = {0}, weights[MAGNITUDES] = {0};
    for (size_t i = 0; i < sketch->count; i++) {
        struct sketch_sum bound = bound_of(&sketch->names[i]);
        counts[magnitude(bound.count)]++;
        weights[magnitude(bound.weight)]++;
    }
    return (struct sketch_sum){upper_quartile(counts), upper_quartile(weights)};
}

static void raise_evicted_max(struct sketch_sum *evicted_max, struct sketch_sum to)
{
    evicted_max->count = to.count > evicted_max->count ? to.count : evicted_max->count;
    evicted_max->weight = to.weight > evicted_max->weight ? to.weight : evicted_max->weight;
}

/* The two exchange their figures. */
static void move_name(struct sketch_name *to, struct sketch_name *from)
{
    void *figures = to->figures;
    *to = *from;
    from->figures = figures;
}

/* At least half of a full table is evicted: a quarter exceeds the one quartile, and a quarter the other. */
static void evict(struct sketch *sketch)
{
    struct sketch_sum most = quartiles_of(sketch);
    size_t kept = 0;
    hash_table_clear(&sketch->buckets);
    for (size_t i = 0; i < sketch->count; i++) {
        struct sketch_sum bound = bound_of(&sketch->names[i]);
        if (bound.count <= most.count && bound.weight <= most.weight) {
            raise_evicted_max(&sketch->evicted_max, bound);
            continue;
        }
        if (kept < i)
            move_name(&sketch->names[kept], &sketch->names[i]);
        put_bucket(sketch, kept++);
    }
    sketch->count = kept;
}

/* --- adding ------------------------------------------------------------------------------------------- */

static bool allocate(struct sketch *sketch)
{
    hash_table_init(&sketch->buckets, sizeof(struct sketch_bucket), SIZE_MAX);
    sketch->names = calloc(SKETCH_NAMES, sizeof *sketch->names);
    sketch->figures = calloc(SKETCH_NAMES, sketch->figures_size + 1);
    if (!sketch->names || !sketch->figures || !hash_table_reserve(&sketch->buckets, SKETCH_NAMES))
        return false;
    for (size_t i = 0; i < SKETCH_NAMES; i++)
        sketch->names[i].figures = sketch->figures + i * sketch->figures_size;
    return true;
}

static struct sketch_name *add_name(struct sketch *sketch, rf_slice text, uint64_t hash)
{
    if (sketch->count == SKETCH_NAMES)
        evict(sketch);
    struct sketch_name *name = &sketch->names[sketch->count];
    *name = (struct sketch_name){
        .hash = hash,
        .missed = sketch->evicted_max,
        .length = text.len < UINT32_MAX ? (uint32_t)text.len : UINT32_MAX,
        .figures = name->figures,
    };
    memset(name->figures, 0, sketch->figures_size);
    if (text.len > 0)
        memcpy(name->name, text.ptr, text.len < SKETCH_NAME_KEPT ? text.len : SKETCH_NAME_KEPT);
    put_bucket(sketch, sketch->count++);
    return name;
}

struct sketch_name *sketch_add(struct sketch *sketch, rf_slice text, uint64_t weight)
{
    struct sketch_name *name;
    uint64_t hash;
    if (!sketch->names && !allocate(sketch))
        return NULL;
    hash = hash_of(sketch, text);
    name = find_name(sketch, hash);
    if (!name)
        name = add_name(sketch, text, hash);
    name->sum.count++;
    name->sum.weight += weight;
    return name;
}

void sketch_miss(struct sketch *sketch, struct sketch_sum missed)
{
    sketch->evicted_max.count += missed.count;
    sketch->evicted_max.weight += missed.weight;
}

/* --- queries ------------------------------------------------------------------------------------------ */

static bool precedes(const struct sketch_name *a, const struct sketch_name *b, bool by_weight)
{
    uint64_t first[2] = {a->sum.count, b->sum.count}, second[2] = {a->sum.weight, b->sum.weight};
    const uint64_t *major = by_weight ? second : first, *minor = by_weight ? first : second;
    if (major[0] != major[1])
        return major[0] > major[1];
    if (minor[0] != minor[1])
        return minor[0] > minor[1];
    return memcmp(a->name, b->name, sizeof a->name) < 0;
}

size_t sketch_top(const struct sketch *sketch, bool by_weight, const struct sketch_name **out, size_t most)
{
    size_t found = 0, at;
    for (size_t i = 0; i < sketch->count && most > 0; i++) {
        const struct sketch_name *name = &sketch->names[i];
        if (found == most && !precedes(name, out[most - 1], by_weight))
            continue;
        for (at = found < most ? found++ : most - 1; at > 0 && precedes(name, out[at - 1], by_weight); at--)
            out[at] = out[at - 1];
        out[at] = name;
    }
    return found;
}

static int compare_pointers(const void *a, const void *b)
{
    const struct sketch_name *const *first = a, *const *second = b;
    return (*first > *second) - (*first < *second);
}

const struct sketch_name **sketch_largest(const struct sketch *sketch, size_t most, size_t *count)
{
    const struct sketch_name **names = malloc(2 * most * sizeof *names);
    if (!names)
        return NULL;
    size_t both = sketch_top(sketch, true, names, most), found = 0;
    both += sketch_top(sketch, false, names + both, most);
    qsort(names, both, sizeof *names, compare_pointers);
    for (size_t i = 0; i < both; i++)
        if (found == 0 || names[found - 1] != names[i])
            names[found++] = names[i];
    *count = found;
    return names;
}

void sketch_free(struct sketch *sketch)
{
    free(sketch->names);
    free(sketch->figures);
    hash_table_free(&sketch->buckets);
}
