/* SPDX-License-Identifier: MIT */
/* Expectations: properties that a backup must have besides being intact. Options define them, and a run is
 * checked against them. */
#ifndef CMD_VERIFY_EXPECTATIONS_H
#define CMD_VERIFY_EXPECTATIONS_H

#include "base/json.h"
#include "cmd/options/options.h"
#include "cmd/run/inputs.h"
#include "cmd/run/stats.h"
#include "cmd/verify/key_sums.h"

/* Facts about a data set, known after it has been read. */
struct data_totals {
    const struct stats *stats;
    const struct input *inputs;
    size_t input_count;
    int64_t now; /* Unix milliseconds */
    const struct key_sums *keys;
};

struct expectation {
    const struct expectation_kind *kind;
    const char *argument;
    char option[96]; /* as given: "--min-keys 1000" */
    uint64_t least, most;
    double least_share, most_share;
    int64_t of; /* a database or a type */
    const char *text;
    /* set by the check: */
    bool met;
    char found[192];
};

enum { EXPECTATIONS_MAX = 64 };

struct expectations {
    size_t count;
    struct expectation all[EXPECTATIONS_MAX];
};

/* One option per kind of expectation. Their values are in a struct expectations. */
extern const struct option_row expectation_rows[];

/* One that is about the files of the inputs, as given, and not about their data; NULL: there is none. */
const char *expectations_of_files(const struct expectations *expectations);

/* Checks all of them against the data. Returns how many are not met. */
size_t expectations_check(struct expectations *expectations, const struct data_totals *totals);

/* A member "expectations". */
void expectations_report(struct json *json, const struct expectations *expectations);

#endif
