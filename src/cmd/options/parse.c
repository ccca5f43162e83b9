/* SPDX-License-Identifier: MIT */
/* Numbers with units; each kind has a table of units. */
#include "cmd/options/parse.h"
#include "base/number.h"
#include <stddef.h>
#include <string.h>
#include <strings.h>

struct unit {
    const char *name;
    uint64_t factor;
};

/* Reads digits up to *end; at least one is required. */
static bool read_digits(const char *text, const char **end, uint64_t *number)
{
    *end = text + number_scan_u64((rf_slice){(const uint8_t *)text, strlen(text)}, number);
    return *end > text;
}

static bool read_with_unit(const char *text, const struct unit *units, uint64_t most, uint64_t *number)
{
    const char *end;
    uint64_t n;
    if (!read_digits(text, &end, &n))
        return false;
    while (units->name && strcasecmp(units->name, end) != 0)
        units++;
    if (!units->name || __builtin_mul_overflow(n, units->factor, &n) || n > most)
        return false;
    *number = n;
    return true;
}

bool parse_count(const char *text, uint64_t *count)
{
    static const struct unit units[] = {{"", 1}, {NULL, 0}};
    return read_with_unit(text, units, UINT64_MAX, count);
}

#define POWER(letter, factor)               \
    {letter, factor}, {letter "B", factor}, \
    {                                       \
        letter "iB", factor                 \
    }

bool parse_size(const char *text, uint64_t *bytes)
{
    static const struct unit units[] = {
        {"", 1},
        {"B", 1},
        POWER("K", UINT64_C(1) << 10),
        POWER("M", UINT64_C(1) << 20),
        POWER("G", UINT64_C(1) << 30),
        POWER("T", UINT64_C(1) << 40),
        {NULL, 0},
    };
    return read_with_unit(text, units, UINT64_MAX, bytes);
}

bool parse_duration(const char *text, int64_t *ms)
{
    static const struct unit units[] = {
        {"", 1000},
        {"ms", 1},
        {"s", 1000},
        {"m", 60 * 1000},
        {"h", 60 * 60 * 1000},
        {"d", 24 * 60 * 60 * 1000},
        {NULL, 0},
    };
    uint64_t n;
    if (!read_with_unit(text, units, INT64_MAX, &n))
        return false;
    *ms = (int64_t)n;
    return true;
}

bool parse_range(const char *text, uint64_t *least, uint64_t *most)
{
    static const char dots[] = "..";
    const char *end = text;
    uint64_t from = 0, to = UINT64_MAX;
    bool from_given = strncmp(text, dots, 2) != 0, to_given;
    if (from_given && !read_digits(text, &end, &from))
        return false;
    if (*end == '\0') {
        *least = *most = from;
        return from_given;
    }
    if (strncmp(end, dots, 2) != 0)
        return false;
    to_given = end[2] != '\0';
    if ((to_given && !parse_count(end + 2, &to)) || (!from_given && !to_given) || from > to)
        return false;
    *least = from;
    *most = to;
    return true;
}
