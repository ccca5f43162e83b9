/* SPDX-License-Identifier: MIT */
/* Keys by cluster slot, in one table for all slots. */
#ifndef CMD_INSPECT_INSPECT_SLOTS_H
#define CMD_INSPECT_INSPECT_SLOTS_H

#include <rdbferry/measure.h>
#include <rdbferry/slot.h>

struct slot_totals {
    uint64_t keys, bytes, memory;
};

struct slots {
    struct slot_totals of[RF_SLOTS];
    uint64_t tagged; /* keys with a hash tag */
    /* The table exceeds the cache: a key is counted when the next one arrives, and its slot is prefetched
     * meanwhile. */
    struct slot_totals *last_slot;
    struct slot_totals last;
};

/* Counts the last key. */
static inline void slots_end(struct slots *slots)
{
    if (!slots->last_slot)
        return;
    slots->last_slot->keys++;
    slots->last_slot->bytes += slots->last.bytes;
    slots->last_slot->memory += slots->last.memory;
    slots->last_slot = NULL;
}

static inline void slots_add(struct slots *slots, const rf_entry *key, const rf_measure *measure)
{
    slots_end(slots);
    slots->last_slot = &slots->of[rf_slot_of(key->key)];
    slots->last = (struct slot_totals){1, measure->stored, measure->memory};
    slots->tagged += rf_hash_tag(key->key).ptr != NULL;
    __builtin_prefetch(slots->last_slot, 1);
}

unsigned slots_used(const struct slots *slots);

/* Writes at most `most` slots in descending order of memory, without empty ones. Returns their number. */
size_t slots_top(const struct slots *slots, unsigned *out, size_t most);

#endif
