/* SPDX-License-Identifier: MIT */
/* The ranges of histograms. */
#include "cmd/inspect/inspect_histogram.h"

enum { MINUTE = 60, HOUR = 60 * MINUTE, DAY = 24 * HOUR };

static const struct range of_time[] = {
    {"expired", 1},          {"< 1 minute", MINUTE},    {"< 1 hour", HOUR},
    {"< 1 day", DAY},        {"< 1 week", 7 * DAY},     {"< 30 days", 30 * DAY},
    {"< 1 year", 365 * DAY}, {"later", UINT64_MAX - 1}, {"none", UINT64_MAX},
};

static const struct range of_bytes[] = {
    {"< 100 B", 100},        {"< 300 B", 300},     {"< 1 KB", 1000},    {"< 3 KB", 3000},
    {"< 10 KB", 10000},      {"< 100 KB", 100000}, {"< 1 MB", 1000000}, {"< 10 MB", 10000000},
    {"< 100 MB", 100000000}, {"more", UINT64_MAX},
};

static const struct range of_elements[] = {
    {"< 10", 10},         {"< 100", 100},         {"< 1000", 1000},     {"< 10000", 10000},
    {"< 100000", 100000}, {"< 1000000", 1000000}, {"more", UINT64_MAX},
};

#define RANGES(title, name, all)                   \
    {                                              \
        title, name, all, sizeof all / sizeof *all \
    }

const struct ranges expiry_ranges = RANGES("Time to live", "expiry", of_time);
const struct ranges memory_ranges = RANGES("Memory per key", "memory_of_key", of_bytes);
const struct ranges element_ranges = RANGES("Elements per collection", "elements_of_collection", of_elements);
const struct ranges longest_ranges = RANGES("Longest element per key", "longest_element_of_key", of_bytes);
