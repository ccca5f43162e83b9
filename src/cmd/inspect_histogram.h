/* SPDX-License-Identifier: MIT */
/* Histograms of keys: how many there are, and what they take, in ranges of a number. */
#ifndef CMD_INSPECT_HISTOGRAM_H
#define CMD_INSPECT_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

/* A range: from where the one before ends. */
struct range {
    const char *label;
    uint64_t below; /* UINT64_MAX: whatever is left */
};

struct ranges {
    const char *title; /* for people */
    const char *name;  /* for machines */
    const struct range *all;
    size_t count;
};

enum { RANGES_MOST = 12 };

struct histogram {
    struct {
        uint64_t keys, memory;
    } in[RANGES_MOST];
};

/* What is left of a key's time in seconds, 0 if it has expired, UINT64_MAX for a key that has none; bytes of
 * memory; elements; bytes of the longest element. */
extern const struct ranges expiry_ranges, memory_ranges, element_ranges, longest_ranges;

static inline void histogram_add(struct histogram *histogram, const struct ranges *ranges, uint64_t number,
                                 uint64_t memory)
{
    size_t last = ranges->count - 1, i = number == UINT64_MAX ? last : 0;

    while (i < last && number >= ranges->all[i].below)
        i++;
    histogram->in[i].keys++;
    histogram->in[i].memory += memory;
}

#endif
