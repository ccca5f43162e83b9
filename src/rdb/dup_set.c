/* SPDX-License-Identifier: MIT */
/* A set begins with the table that fits the number of members, if that is known; else with the smallest, and
 * grows. The high bits of a hash choose the bucket. */
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "base/random.h"
#include "rdb/dup_set.h"
#include <stdlib.h>

enum { BUCKET_SHIFT = 56, GROWTH = 4 };

_Static_assert(sizeof(struct dup_chunk) == 4096 && SEGMENT_SIZE % sizeof(struct dup_chunk) == 0,
               "segments hold whole chunks");

struct dup_set *dup_set_new(void)
{
    struct dup_set *m = calloc(1, sizeof *m);
    if (!m)
        return NULL;
    m->seed = random_u64();
    return m;
}

void dup_set_free(struct dup_set *m)
{
    if (!m)
        return;
    segments_free(&m->chunks);
    free(m->larger);
    free(m);
}

/* The space is added to the hash: as a part of the seed it could be cancelled out by bytes of the name. */
static inline struct dup_entry make_entry(const struct dup_set *m, uint64_t space, rf_slice name)
{
    XXH128_hash_t hash = XXH3_128bits_withSeed(name.ptr, name.len, m->seed);
    return (struct dup_entry){hash.low64 + space * UINT64_C(0x9e3779b97f4a7c15), hash.high64};
}

/* --- the table ---------------------------------------------------------------------------------------- */

static inline enum dup_set_result add_entry(struct dup_set *m, struct dup_entry entry)
{
    return LIKELY(dup_table_add(&m->table, entry)) ? DUP_SET_NEW : DUP_SET_DUPLICATE;
}

static bool need_larger(struct dup_set *m)
{
    if (!m->larger)
        m->larger = malloc(sizeof *m->larger);
    return m->larger != NULL;
}

static void begin_larger(struct dup_set *m, size_t cap)
{
    dup_table_begin(&m->table, m->larger->tags + cap, m->larger->entries + cap, cap);
}

/* --- beyond the table's capacity -------------------------------------------------------------------- */

static rf_code fail_memory(const struct dup_set *m)
{
    return fail(m->error, RF_E_MEMORY, "out of memory to compare %zu members", m->table.count);
}

static rf_code put_in_bucket(struct dup_set *m, struct dup_entry entry)
{
    unsigned bucket = (unsigned)(entry.low >> BUCKET_SHIFT);
    struct dup_chunk *chunk = m->buckets[bucket].last;
    if (UNLIKELY(!chunk || chunk->count == DUP_SET_CHUNK)) {
        void *next;
        TRY(segments_take(&m->chunks, sizeof *chunk, &next, m->error));
        chunk = next;
        chunk->before = m->buckets[bucket].last;
        m->buckets[bucket].last = chunk;
    }
    chunk->entries[chunk->count++] = entry;
    m->buckets[bucket].count++;
    return RF_OK;
}

/* Moves the whole table into buckets. */
static rf_code begin_buckets(struct dup_set *m)
{
    const struct dup_entry *entry;
    m->in_buckets = true;
    for (size_t i = 0; (entry = dup_table_next(&m->table, &i));)
        TRY(put_in_bucket(m, *entry));
    return RF_OK;
}

/* Switches to the next larger table. */
static rf_code grow(struct dup_set *m)
{
    const struct dup_table full = m->table;
    const struct dup_entry *entry;
    if (!need_larger(m))
        return fail_memory(m);
    begin_larger(m, GROWTH * full.cap);
    for (size_t i = 0; (entry = dup_table_next(&full, &i));)
        dup_table_add(&m->table, *entry);
    return RF_OK;
}

COLD static enum dup_set_result add_to_full(struct dup_set *m, struct dup_entry wanted)
{
    bool can_grow = m->table.cap < DUP_SET_LARGE;
    if ((can_grow ? grow(m) : begin_buckets(m)) != RF_OK)
        return DUP_SET_FAILED;
    if (can_grow)
        return add_entry(m, wanted);
    return put_in_bucket(m, wanted) == RF_OK ? DUP_SET_NEW : DUP_SET_FAILED;
}

/* In the second pass only occurrences of the searched member are put into the table. */
COLD static enum dup_set_result seek(struct dup_set *m, struct dup_entry entry)
{
    return dup_entry_equal(entry, m->sought) ? add_entry(m, entry) : DUP_SET_NEW;
}

enum dup_set_result dup_set_add(struct dup_set *m, uint64_t space, rf_slice name)
{
    struct dup_entry wanted = make_entry(m, space, name);
    if (UNLIKELY(m->seeks))
        return seek(m, wanted);
    if (UNLIKELY(m->in_buckets))
        return put_in_bucket(m, wanted) == RF_OK ? DUP_SET_NEW : DUP_SET_FAILED;
    return LIKELY(!dup_table_is_full(&m->table)) ? add_entry(m, wanted) : add_to_full(m, wanted);
}

/* --- bucket by bucket --------------------------------------------------------------------------------- */

static size_t table_size(uint64_t count)
{
    size_t cap = DUP_SET_SMALL;
    while (3 * cap < 4 * count)
        cap *= 2;
    return cap;
}

static enum dup_set_result compare_bucket(struct dup_set *m, const struct dup_chunk *chunk)
{
    for (; chunk; chunk = chunk->before)
        for (size_t i = 0; i < chunk->count; i++)
            if (UNLIKELY(!dup_table_add(&m->table, chunk->entries[i]))) {
                m->sought = chunk->entries[i];
                return DUP_SET_DUPLICATE;
            }
    return DUP_SET_NEW;
}

/* In one of the larger tables, or in one of its own if they are too small. */
static enum dup_set_result end_bucket(struct dup_set *m, unsigned bucket)
{
    struct dup_entry *own = NULL;
    size_t cap = table_size(m->buckets[bucket].count);
    if (cap > DUP_SET_LARGE && !(own = malloc(cap * (sizeof *own + 1)))) {
        fail_memory(m);
        return DUP_SET_FAILED;
    }
    if (own)
        dup_table_begin(&m->table, (uint8_t *)(own + cap), own, cap);
    else
        begin_larger(m, cap);
    enum dup_set_result answer = compare_bucket(m, m->buckets[bucket].last);
    free(own);
    return answer;
}

enum dup_set_result dup_set_end(struct dup_set *m)
{
    enum dup_set_result answer = DUP_SET_NEW;
    if (LIKELY(!m->in_buckets))
        return answer;
    for (unsigned i = 0; i < DUP_SET_BUCKETS && answer == DUP_SET_NEW; i++)
        answer = end_bucket(m, i);
    return answer;
}

COLD static void empty_buckets(struct dup_set *m)
{
    segments_free(&m->chunks);
    memset(m->buckets, 0, sizeof m->buckets);
    m->in_buckets = m->seeks = false;
}

void dup_set_begin(struct dup_set *m, rf_error *error)
{
    m->error = error;
    if (UNLIKELY(m->in_buckets || m->seeks))
        empty_buckets(m);
    dup_table_begin(&m->table, m->small_tags, m->small_entries, DUP_SET_SMALL);
}

/* Twice the positions, as searches are shorter in a table that is half full. */
void dup_set_reserve(struct dup_set *m, uint64_t count)
{
    size_t cap = DUP_SET_SMALL;
    while (cap < DUP_SET_LARGE && cap / 2 < count)
        cap *= GROWTH;
    if (cap > DUP_SET_SMALL && need_larger(m))
        begin_larger(m, cap);
}

void dup_set_seek(struct dup_set *m)
{
    dup_set_begin(m, m->error);
    m->seeks = true;
}
