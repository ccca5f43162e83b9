/* SPDX-License-Identifier: MIT */
/* Positions are probed linearly from the one given by the low bits of the hash; its high bits choose the
 * bucket. */
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "base/random.h"
#include "rdb/dup_set.h"
#include <stdlib.h>

enum { TURN_MASK = 0xffff, BUCKET_SHIFT = 56, GROWTH = 4, TABLES = 2 * DUP_SET_LARGE };

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
    free(m->tables);
    free(m);
}

/* The space is added to the hash: as a part of the seed it could be cancelled out by bytes of the name. */
static inline struct dup_entry make_entry(const struct dup_set *m, uint64_t space, rf_slice name)
{
    XXH128_hash_t hash = XXH3_128bits_withSeed(name.ptr, name.len, m->seed);
    return (struct dup_entry){hash.low64 + space * UINT64_C(0x9e3779b97f4a7c15),
                              (hash.high64 & ~(uint64_t)TURN_MASK) | m->turn};
}

/* --- the table ---------------------------------------------------------------------------------------- */

static inline bool is_used(const struct dup_entry *entry, uint64_t turn)
{
    return ((entry->high_and_turn ^ turn) & TURN_MASK) == 0;
}

static inline bool is_same(struct dup_entry a, struct dup_entry b)
{
    return a.low == b.low && a.high_and_turn == b.high_and_turn;
}

/* The position that has the hash, or the free one where it belongs: one of another generation. */
static inline struct dup_entry *find_entry(struct dup_entry *entries, size_t cap, struct dup_entry wanted)
{
    size_t i = wanted.low & (cap - 1);
    while (is_used(&entries[i], wanted.high_and_turn) && !is_same(entries[i], wanted))
        i = (i + 1) & (cap - 1);
    return &entries[i];
}

static inline bool has_capacity(const struct dup_set *m)
{
    return 4 * (m->count + 1) <= 3 * m->cap;
}

static inline enum dup_set_result add_entry(struct dup_set *m, struct dup_entry wanted)
{
    struct dup_entry *entry = find_entry(m->entries, m->cap, wanted);
    if (is_used(entry, m->turn))
        return DUP_SET_DUPLICATE;
    *entry = wanted;
    m->count++;
    return DUP_SET_NEW;
}

/* Restarts the generations: entries of an old one must not be mistaken for current ones. */
COLD static void forget_turns(struct dup_set *m)
{
    memset(m->usual, 0, sizeof m->usual);
    if (m->tables)
        memset(m->tables, 0, TABLES * sizeof *m->tables);
    m->turn = 1;
}

static inline void begin_table(struct dup_set *m, struct dup_entry *entries, size_t cap)
{
    m->entries = entries;
    m->cap = cap;
    m->count = 0;
    if (UNLIKELY(++m->turn == 0))
        forget_turns(m);
}

static bool need_tables(struct dup_set *m)
{
    if (!m->tables)
        m->tables = calloc(TABLES, sizeof *m->tables);
    return m->tables != NULL;
}

/* --- beyond the table's capacity -------------------------------------------------------------------- */

static rf_code fail_memory(const struct dup_set *m)
{
    return fail(m->error, RF_E_MEMORY, "out of memory to compare %zu members", m->count);
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
    m->in_buckets = true;
    for (size_t i = 0; i < m->cap; i++)
        if (is_used(&m->entries[i], m->turn))
            TRY(put_in_bucket(m, m->entries[i]));
    return RF_OK;
}

/* Switches to the next larger table. */
static rf_code grow(struct dup_set *m)
{
    if (!need_tables(m))
        return fail_memory(m);
    size_t cap = GROWTH * m->cap;
    struct dup_entry *larger = m->tables + cap;
    for (size_t i = 0; i < m->cap; i++)
        if (is_used(&m->entries[i], m->turn))
            *find_entry(larger, cap, m->entries[i]) = m->entries[i];
    m->entries = larger;
    m->cap = cap;
    return RF_OK;
}

COLD static enum dup_set_result add_to_full(struct dup_set *m, struct dup_entry wanted)
{
    bool can_grow = m->cap < DUP_SET_LARGE;
    if ((can_grow ? grow(m) : begin_buckets(m)) != RF_OK)
        return DUP_SET_FAILED;
    if (can_grow)
        return add_entry(m, wanted);
    return put_in_bucket(m, wanted) == RF_OK ? DUP_SET_NEW : DUP_SET_FAILED;
}

/* In the second pass `count` is the number of occurrences of the searched member so far. */
COLD static enum dup_set_result seek(struct dup_set *m, struct dup_entry entry)
{
    entry.high_and_turn |= TURN_MASK;
    return is_same(entry, m->sought) && m->count++ > 0 ? DUP_SET_DUPLICATE : DUP_SET_NEW;
}

enum dup_set_result dup_set_add(struct dup_set *m, uint64_t space, rf_slice name)
{
    struct dup_entry wanted = make_entry(m, space, name);
    if (UNLIKELY(m->seeks))
        return seek(m, wanted);
    if (UNLIKELY(m->in_buckets))
        return put_in_bucket(m, wanted) == RF_OK ? DUP_SET_NEW : DUP_SET_FAILED;
    return LIKELY(has_capacity(m)) ? add_entry(m, wanted) : add_to_full(m, wanted);
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
        for (size_t i = 0; i < chunk->count; i++) {
            struct dup_entry entry = chunk->entries[i];
            entry.high_and_turn = (entry.high_and_turn & ~(uint64_t)TURN_MASK) | m->turn;
            if (UNLIKELY(add_entry(m, entry) == DUP_SET_DUPLICATE)) {
                m->sought = entry;
                m->sought.high_and_turn |= TURN_MASK;
                return DUP_SET_DUPLICATE;
            }
        }
    return DUP_SET_NEW;
}

/* In a table of that size, or in one of its own if there is none. */
static enum dup_set_result end_bucket(struct dup_set *m, unsigned bucket)
{
    struct dup_entry *own = NULL;
    size_t cap = table_size(m->buckets[bucket].count);
    if (cap > DUP_SET_LARGE && !(own = calloc(cap, sizeof *own))) {
        fail_memory(m);
        return DUP_SET_FAILED;
    }
    begin_table(m, own ? own : m->tables + cap, cap);
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
    begin_table(m, m->usual, DUP_SET_SMALL);
}

void dup_set_seek(struct dup_set *m)
{
    dup_set_begin(m, m->error);
    m->seeks = true;
}
