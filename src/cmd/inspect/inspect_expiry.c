/* SPDX-License-Identifier: MIT */
/* Classes of seconds, of which there are 16 for each power of two. */
#include "cmd/inspect/inspect_expiry.h"

enum { BITS = 4, PER_POWER = 1 << BITS };

static size_t class_of(uint64_t seconds)
{
    unsigned log = seconds < PER_POWER ? 0 : 63 - (unsigned)__builtin_clzll(seconds);
    size_t class = seconds < PER_POWER
                       ? seconds
                       : (log - BITS + 1) * PER_POWER + (seconds >> (log - BITS) & (PER_POWER - 1));
    return class < EXPIRY_CLASSES ? class : EXPIRY_CLASSES - 1;
}

static uint64_t least_of_class(size_t class)
{
    if (class < PER_POWER)
        return class;
    return (uint64_t)(class % PER_POWER + PER_POWER) << (class / PER_POWER - 1);
}

static void widen(struct expiries *expiries, uint64_t least, uint64_t most)
{
    expiries->least = expiries->most == 0 || least < expiries->least ? least : expiries->least;
    expiries->most = most > expiries->most ? most : expiries->most;
}

static void count(uint32_t *of_class, uint32_t keys)
{
    *of_class = keys < UINT32_MAX - *of_class ? *of_class + keys : UINT32_MAX;
}

void expiries_add(struct expiries *expiries, uint64_t seconds_left)
{
    if (seconds_left == UINT64_MAX) {
        expiries->persistent++;
    } else if (seconds_left == 0) {
        expiries->expired++;
    } else {
        widen(expiries, seconds_left, seconds_left);
        count(&expiries->of[class_of(seconds_left)], 1);
    }
}

void expiries_merge(struct expiries *expiries, const struct expiries *from)
{
    expiries->persistent += from->persistent;
    expiries->expired += from->expired;
    if (from->most == 0)
        return;
    widen(expiries, from->least, from->most);
    for (size_t class = class_of(from->least); class <= class_of(from->most); class ++)
        count(&expiries->of[class], from->of[class]);
}

uint64_t expiries_median(const struct expiries *expiries)
{
    uint64_t total = 0, seen = 0;
    size_t class = 0;
    for (size_t i = 0; i < EXPIRY_CLASSES; i++)
        total += expiries->of[i];
    if (total == 0)
        return UINT64_MAX;
    while (seen += expiries->of[class], 2 * seen < total)
        class ++;
    uint64_t middle = (least_of_class(class) + least_of_class(class + 1)) / 2;
    return middle < expiries->least ? expiries->least : middle > expiries->most ? expiries->most : middle;
}

static void add_to_figures(void *figures, uint64_t key)
{
    expiries_add(figures, key);
}

const struct prefix_figures expiries_of_prefix = {sizeof(struct expiries), add_to_figures};
