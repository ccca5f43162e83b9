/* SPDX-License-Identifier: MIT */
/* Expectations: properties that a backup must have besides being intact. Options define them, and a run is
 * checked against them. */
#ifndef CMD_VERIFY_EXPECTATIONS_H
#define CMD_VERIFY_EXPECTATIONS_H

#include "base/json.h"
#include "cmd/run/inputs.h"
#include "cmd/run/stats.h"

/* Facts about a data set, known after it has been read. */
struct data_totals {
    const struct stats *stats;
    const struct input *inputs;
    size_t input_count;
    int64_t now; /* Unix milliseconds */
    /* Of the key with the most bytes in its elements, and of the one with the most elements. */
    struct record_key {
        uint64_t size;
        int db;
        char key[128]; /* escaped */
    } largest, longest;
    const struct module_names *modules; /* modules that own values */
};

enum { MODULES_MAX = 64 };

/* Distinct module names; those beyond MODULES_MAX are not kept. */
struct module_names {
    size_t count;
    char names[MODULES_MAX][10];
};

void module_names_add(struct module_names *modules, const char name[10]);

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

/* clang-format off */
/* X(identifier, option, argument, help) */
#define EXPECTATIONS(X)                                                                       \
    X(min_keys, "min-keys", "N", "at least N keys")                                     \
    X(max_keys, "max-keys", "N", "at most N keys")                                      \
    X(expect_db, "expect-db", "DB=RANGE", "number of keys in a database: 0=90000.., 1=..500, 2=7")  \
    X(expect_type, "expect-type", "TYPE=RANGE", "number of keys of a type: hash=1..")           \
    X(min_size, "min-size", "SIZE", "input of at least SIZE")                        \
    X(max_size, "max-size", "SIZE", "input of at most SIZE")                         \
    X(max_age, "max-age", "DURATION", "saved at most this long ago, by the time in the RDB: 26h")  \
    X(min_ttl_share, "min-ttl-share", "SHARE", "at least this share of keys has an expiry: 0.2")    \
    X(max_ttl_share, "max-ttl-share", "SHARE", "at most this share of keys has an expiry")          \
    X(max_key_size, "max-key-size", "SIZE", "no key with more than SIZE in its elements")          \
    X(max_elements, "max-elements", "N", "no key with more than N elements")                          \
    X(forbid_type, "forbid-type", "TYPE", "no key of this type")                              \
    X(forbid_module, "forbid-module", "NAME", "no value of this module")
/* clang-format on */

enum { EXPECTATIONS_MAX = 64 };

struct expectations {
    size_t count;
    struct expectation all[EXPECTATIONS_MAX];
};

/* Adds the expectation of an option: `name` is one of EXPECTATIONS, without dashes. False: the argument is
 * invalid, or there are too many. */
bool expectations_add(struct expectations *expectations, const char *name, const char *argument);

/* Checks all of them against the census. Returns how many are not met. */
size_t expectations_check(struct expectations *expectations, const struct data_totals *totals);

/* A member "expectations". */
void expectations_report(struct json *json, const struct expectations *expectations);

#endif
