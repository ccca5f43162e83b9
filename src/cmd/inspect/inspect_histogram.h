/* SPDX-License-Identifier: MIT */
/* Histograms of keys: their number and memory in ranges of a value. */
#ifndef CMD_INSPECT_INSPECT_HISTOGRAM_H
#define CMD_INSPECT_INSPECT_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

/* A range, from the end of the previous one. */
struct range {
    const char *label;
    uint64_t below; /* UINT64_MAX: the rest */
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

/* The remaining time to live in seconds, 0 if expired, UINT64_MAX without an expiry; bytes of memory;
 * elements; bytes of the longest element. */
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
