/* SPDX-License-Identifier: MIT */
/* Positions are probed linearly from the one given by the low bits of the hash; its high bits choose the
 * bucket. */
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "base/random.h"
#include "rdb/members.h"
#include <stdlib.h>

enum { TURN_MASK = 0xffff, BUCKET_SHIFT = 56 };

_Static_assert(sizeof(struct member_chunk) == 4096 && SEGMENT_SIZE % sizeof(struct member_chunk) == 0,
               "segments hold whole chunks");

struct members *members_new(void)
{
    struct members *m = calloc(1, sizeof *m);
    if (!m)
        return NULL;
    m->seed = random_u64();
    return m;
}

void members_free(struct members *m)
{
    if (!m)
        return;
    segments_free(&m->chunks);
    free(m->large);
    free(m);
}

/* The space is added to the hash: as a part of the seed it could be cancelled out by bytes of the name. */
static inline struct member_place wanted_place(const struct members *m, uint64_t space, rf_slice name)
{
    XXH128_hash_t hash = XXH3_128bits_withSeed(name.ptr, name.len, m->seed);
    return (struct member_place){hash.low64 + space * UINT64_C(0x9e3779b97f4a7c15),
                                 (hash.high64 & ~(uint64_t)TURN_MASK) | m->turn};
}

/* --- the table ---------------------------------------------------------------------------------------- */

static inline bool is_taken(const struct member_place *place, uint64_t turn)
{
    return ((place->high_and_turn ^ turn) & TURN_MASK) == 0;
}

static inline bool is_same(struct member_place a, struct member_place b)
{
    return a.low == b.low && a.high_and_turn == b.high_and_turn;
}

/* The position that has the hash, or the free one where it belongs: one of another generation. */
static inline struct member_place *place_of(struct member_place *places, size_t cap,
                                            struct member_place wanted)
{
    size_t i = wanted.low & (cap - 1);
    while (is_taken(&places[i], wanted.high_and_turn) && !is_same(places[i], wanted))
        i = (i + 1) & (cap - 1);
    return &places[i];
}

static inline bool has_room(const struct members *m)
{
    return 4 * (m->count + 1) <= 3 * m->cap;
}

static inline enum members_answer add_place(struct members *m, struct member_place wanted)
{
    struct member_place *place = place_of(m->places, m->cap, wanted);
    if (is_taken(place, m->turn))
        return MEMBERS_TWICE;
    *place = wanted;
    m->count++;
    return MEMBERS_NEW;
}

/* Restarts the generations: entries of an old one must not be mistaken for current ones. */
COLD static void forget_turns(struct members *m)
{
    memset(m->usual, 0, sizeof m->usual);
    if (m->large)
        memset(m->large, 0, MEMBERS_LARGE * sizeof *m->large);
    m->turn = 1;
}

static inline void begin_table(struct members *m, struct member_place *places, size_t cap)
{
    m->places = places;
    m->cap = cap;
    m->count = 0;
    if (UNLIKELY(++m->turn == 0))
        forget_turns(m);
}

static bool need_large(struct members *m)
{
    if (!m->large)
        m->large = calloc(MEMBERS_LARGE, sizeof *m->large);
    return m->large != NULL;
}

/* --- beyond the table's capacity -------------------------------------------------------------------- */

static rf_code fail_memory(const struct members *m)
{
    return fail(m->error, RF_E_MEMORY, "out of memory to compare %zu members", m->count);
}

static rf_code put_in_bucket(struct members *m, struct member_place place)
{
    unsigned bucket = (unsigned)(place.low >> BUCKET_SHIFT);
    struct member_chunk *chunk = m->buckets[bucket].last;
    if (UNLIKELY(!chunk || chunk->count == MEMBERS_CHUNK)) {
        void *next;
        TRY(segments_take(&m->chunks, sizeof *chunk, &next, m->error));
        chunk = next;
        chunk->before = m->buckets[bucket].last;
        m->buckets[bucket].last = chunk;
    }
    chunk->places[chunk->count++] = place;
    m->buckets[bucket].count++;
    return RF_OK;
}

/* Moves the whole table into buckets. */
static rf_code begin_buckets(struct members *m)
{
    m->in_buckets = true;
    for (size_t i = 0; i < m->cap; i++)
        if (is_taken(&m->places[i], m->turn))
            TRY(put_in_bucket(m, m->places[i]));
    return RF_OK;
}

/* Switches to the large table. */
static rf_code grow(struct members *m)
{
    if (!need_large(m))
        return fail_memory(m);
    for (size_t i = 0; i < m->cap; i++)
        if (is_taken(&m->places[i], m->turn))
            *place_of(m->large, MEMBERS_LARGE, m->places[i]) = m->places[i];
    m->places = m->large;
    m->cap = MEMBERS_LARGE;
    return RF_OK;
}

COLD static enum members_answer add_to_full(struct members *m, struct member_place wanted)
{
    bool can_grow = m->cap < MEMBERS_LARGE;
    if ((can_grow ? grow(m) : begin_buckets(m)) != RF_OK)
        return MEMBERS_FAILED;
    if (can_grow)
        return add_place(m, wanted);
    return put_in_bucket(m, wanted) == RF_OK ? MEMBERS_NEW : MEMBERS_FAILED;
}

/* In the second pass `count` is the number of occurrences of the searched member so far. */
COLD static enum members_answer seek(struct members *m, struct member_place place)
{
    place.high_and_turn |= TURN_MASK;
    return is_same(place, m->sought) && m->count++ > 0 ? MEMBERS_TWICE : MEMBERS_NEW;
}

enum members_answer members_add(struct members *m, uint64_t space, rf_slice name)
{
    struct member_place wanted = wanted_place(m, space, name);
    if (UNLIKELY(m->seeks))
        return seek(m, wanted);
    if (UNLIKELY(m->in_buckets))
        return put_in_bucket(m, wanted) == RF_OK ? MEMBERS_NEW : MEMBERS_FAILED;
    return LIKELY(has_room(m)) ? add_place(m, wanted) : add_to_full(m, wanted);
}

/* --- bucket by bucket --------------------------------------------------------------------------------- */

static size_t table_size(uint64_t count)
{
    size_t cap = MEMBERS_USUAL;
    while (3 * cap < 4 * count)
        cap *= 2;
    return cap;
}

static enum members_answer compare_bucket(struct members *m, const struct member_chunk *chunk)
{
    for (; chunk; chunk = chunk->before)
        for (size_t i = 0; i < chunk->count; i++) {
            struct member_place place = chunk->places[i];
            place.high_and_turn = (place.high_and_turn & ~(uint64_t)TURN_MASK) | m->turn;
            if (UNLIKELY(add_place(m, place) == MEMBERS_TWICE)) {
                m->sought = place;
                m->sought.high_and_turn |= TURN_MASK;
                return MEMBERS_TWICE;
            }
        }
    return MEMBERS_NEW;
}

/* In the large table, or in one of its own if that is too small. */
static enum members_answer end_bucket(struct members *m, unsigned bucket)
{
    struct member_place *own = NULL;
    size_t cap = table_size(m->buckets[bucket].count);
    if (cap > MEMBERS_LARGE && !(own = calloc(cap, sizeof *own))) {
        fail_memory(m);
        return MEMBERS_FAILED;
    }
    begin_table(m, own ? own : m->large, cap);
    enum members_answer answer = compare_bucket(m, m->buckets[bucket].last);
    free(own);
    return answer;
}

enum members_answer members_end(struct members *m)
{
    enum members_answer answer = MEMBERS_NEW;
    if (LIKELY(!m->in_buckets))
        return answer;
    for (unsigned i = 0; i < MEMBERS_BUCKETS && answer == MEMBERS_NEW; i++)
        answer = end_bucket(m, i);
    return answer;
}

COLD static void empty_buckets(struct members *m)
{
    segments_free(&m->chunks);
    memset(m->buckets, 0, sizeof m->buckets);
    m->in_buckets = m->seeks = false;
}

void members_begin(struct members *m, rf_error *error)
{
    m->error = error;
    if (UNLIKELY(m->in_buckets || m->seeks))
        empty_buckets(m);
    begin_table(m, m->usual, MEMBERS_USUAL);
}

void members_seek(struct members *m)
{
    members_begin(m, m->error);
    m->seeks = true;
}
