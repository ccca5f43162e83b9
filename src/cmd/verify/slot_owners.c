/* SPDX-License-Identifier: MIT */
/* Finds slots for which no operand has keys although it should.
 *
 * Keys fall into slots as if at random. That a range is empty by chance has the probability (1 - d)^length,
 * if d is the share of slots with keys; the smallest of all operands is taken. Nodes have few ranges of
 * slots, so the operand changes rarely from one slot with keys to the next; with operands that only happen to
 * have no slot in common it changes often. */
#include "cmd/verify/slot_owners.h"
#include <rdbferry/slot.h>
#include <stdlib.h>

static const double improbable = 1e-9;

enum { NOBODY = 0, SLOTS_PER_CHANGE = 8 };

/* The slots of an operand that have keys. */
struct span {
    unsigned used, first, last;
};

struct slot_owners {
    size_t operands;
    bool shared;              /* two operands have keys in one slot */
    uint32_t owner[RF_SLOTS]; /* the number of the operand, from 1 on, or NOBODY */
    struct span spans[];
};

struct slot_owners *slot_owners_new(size_t operands)
{
    struct slot_owners *owners = calloc(1, sizeof *owners + operands * sizeof(struct span));
    if (owners)
        owners->operands = operands;
    return owners;
}

void slot_owners_add(struct slot_owners *owners, size_t operand, rf_slice key)
{
    unsigned slot = rf_slot_of(key);
    struct span *span = &owners->spans[operand];
    if (owners->owner[slot] == operand + 1)
        return;
    owners->shared |= owners->owner[slot] != NOBODY;
    owners->owner[slot] = (uint32_t)operand + 1;
    span->first = span->used == 0 || slot < span->first ? slot : span->first;
    span->last = slot > span->last ? slot : span->last;
    span->used++;
}

/* Whether each operand has slots, in few ranges. */
static bool look_like_nodes(const struct slot_owners *owners)
{
    unsigned changes = 0, used = 0;
    uint32_t last = NOBODY;
    for (size_t i = 0; i < owners->operands; i++)
        if (owners->spans[i].used == 0)
            return false;
    for (unsigned slot = 0; slot < RF_SLOTS; slot++) {
        uint32_t owner = owners->owner[slot];
        if (owner == NOBODY)
            continue;
        changes += last != NOBODY && owner != last;
        last = owner;
        used++;
    }
    return !owners->shared && changes * SLOTS_PER_CHANGE <= used;
}

static double smallest_share(const struct slot_owners *owners)
{
    double smallest = 1;
    for (size_t i = 0; i < owners->operands; i++) {
        const struct span *span = &owners->spans[i];
        double share = (double)span->used / (span->last - span->first + 1);
        smallest = share < smallest ? share : smallest;
    }
    return smallest;
}

static bool is_improbable(unsigned length, double share)
{
    double chance = 1;
    for (unsigned i = 0; i < length && chance > improbable; i++)
        chance *= 1 - share;
    return chance <= improbable;
}

bool slot_owners_next_gap(const struct slot_owners *owners, unsigned *from, rf_slot_range *gap)
{
    if (!look_like_nodes(owners))
        return false;
    double share = smallest_share(owners);
    for (unsigned end, slot = *from; slot < RF_SLOTS; slot = end + 1) {
        for (end = slot; end < RF_SLOTS && owners->owner[end] == NOBODY;)
            end++;
        if (end > slot && is_improbable(end - slot, share)) {
            *gap = (rf_slot_range){(uint16_t)slot, (uint16_t)(end - 1)};
            *from = end;
            return true;
        }
    }
    return false;
}
