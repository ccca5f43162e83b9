/* SPDX-License-Identifier: MIT */
/* Durations: a cost for each key, element and byte. */
#include "cmd/run/estimate.h"
#include <stdio.h>

/* Nanoseconds of the thread that has most to do: rdbferry's for a convert, otherwise the server's. */
struct cost {
    double key, element, byte, piece;
};

static const struct cost convert_cost = {.key = 150, .element = 130, .byte = 1};
static const struct cost load_cost = {.key = 1000, .byte = 9};
static const struct cost replay_cost = {.key = 3000, .byte = 8, .piece = 1200};

/* rdbferry can keep this many servers busy. */
enum { NODES_MAX = 4 };

static double seconds_of(const struct cost *cost, const struct workload *work)
{
    uint64_t whole = cost->piece > 0 ? work->bytes - work->bytes_in_pieces : work->bytes;
    return (cost->key * (double)work->keys + cost->element * (double)work->elements +
            cost->byte * (double)whole + cost->piece * (double)work->pieces) /
           1e9;
}

double estimate_convert(const struct workload *work)
{
    return seconds_of(&convert_cost, work);
}

double estimate_load(const struct workload *work)
{
    return seconds_of(&load_cost, work);
}

double estimate_replay(const struct workload *work, size_t nodes, uint64_t rate)
{
    size_t busy = nodes > NODES_MAX ? NODES_MAX : nodes > 0 ? nodes : 1;
    double seconds = seconds_of(&replay_cost, work) / (double)busy;
    double limited = rate > 0 ? (double)work->bytes / (double)rate : 0;
    return limited > seconds ? limited : seconds;
}

const char *estimate_format(double seconds, char out[SECONDS_TEXT])
{
    static const struct {
        const char *name;
        double seconds, below;
    } units[] = {{"s", 1, 90}, {"min", 60, 5400}, {"h", 3600, 1e300}};
    size_t unit = 0;
    while (seconds >= units[unit].below)
        unit++;
    double number = seconds / units[unit].seconds;
    if (seconds < 1)
        snprintf(out, SECONDS_TEXT, "<1 s");
    else
        snprintf(out, SECONDS_TEXT, "~%.*f %s", number < 10 && unit > 0 ? 1 : 0, number, units[unit].name);
    return out;
}
