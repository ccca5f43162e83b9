/* SPDX-License-Identifier: MIT */
/* Places are probed one by one from where the hash points. */
#include "check/members.h"
#include "base/bytes.h"
#include <stdlib.h>

enum {
    TURN_MASK = 0xffff,
    GROWTH = 4,
    KEPT_MAX = 64 * 1024, /* places: more is given back behind the value that needed it */
};

/* The place that has the hash, or the free one where it belongs: one of another turn. */
static struct member_place *place_of(struct member_place *places, size_t cap, struct member_place wanted)
{
    size_t i = wanted.low & (cap - 1);
    while (((places[i].high_and_turn ^ wanted.high_and_turn) & TURN_MASK) == 0 &&
           (places[i].low != wanted.low || places[i].high_and_turn != wanted.high_and_turn))
        i = (i + 1) & (cap - 1);
    return &places[i];
}

/* Moves into more places: those that an earlier value needed, or new ones. */
COLD static bool grow(struct members *m)
{
    bool reuse = m->places == m->usual && m->large;
    size_t cap = reuse ? m->large_cap : GROWTH * m->cap;
    struct member_place *places = reuse ? m->large : calloc(cap, sizeof *places);
    if (!places)
        return false;
    for (size_t i = 0; i < m->cap; i++)
        if ((m->places[i].high_and_turn & TURN_MASK) == m->turn)
            *place_of(places, cap, m->places[i]) = m->places[i];
    if (!reuse)
        free(m->large);
    m->large = m->places = places;
    m->large_cap = m->cap = cap;
    return true;
}

/* Turns begin anew: what an old one left must not be taken for its own. */
COLD static void forget_turns(struct members *m)
{
    memset(m->usual, 0, sizeof m->usual);
    members_free(m);
    m->turn = 1;
}

void members_begin(struct members *m)
{
    if (m->large_cap > KEPT_MAX)
        members_free(m);
    m->count = 0;
    m->places = m->usual;
    m->cap = MEMBERS_USUAL;
    if (++m->turn == 0)
        forget_turns(m);
}

enum members_answer members_add(struct members *m, rf_digest hash)
{
    struct member_place wanted = {hash.low, (hash.high & ~(uint64_t)TURN_MASK) | m->turn};
    if (UNLIKELY(4 * (m->count + 1) > 3 * m->cap) && !grow(m))
        return MEMBERS_NO_MEMORY;
    struct member_place *place = place_of(m->places, m->cap, wanted);
    if (place->high_and_turn == wanted.high_and_turn)
        return MEMBERS_TWICE;
    *place = wanted;
    m->count++;
    return MEMBERS_NEW;
}

void members_free(struct members *m)
{
    free(m->large);
    m->large = NULL;
    m->large_cap = 0;
}
