/* SPDX-License-Identifier: MIT */
/* Queries of the table of slots. */
#include "cmd/inspect/inspect_slots.h"

unsigned slots_used(const struct slots *slots)
{
    unsigned used = 0;
    for (unsigned slot = 0; slot < RF_SLOTS; slot++)
        used += slots->of[slot].keys > 0;
    return used;
}

size_t slots_top(const struct slots *slots, unsigned *out, size_t most)
{
    size_t found = 0, at;
    for (unsigned slot = 0; slot < RF_SLOTS && most > 0; slot++) {
        uint64_t memory = slots->of[slot].memory;
        if (slots->of[slot].keys == 0 || (found == most && memory <= slots->of[out[most - 1]].memory))
            continue;
        for (at = found < most ? found++ : most - 1; at > 0 && memory > slots->of[out[at - 1]].memory; at--)
            out[at] = out[at - 1];
        out[at] = slot;
    }
    return found;
}
