/* SPDX-License-Identifier: MIT */
/* What some keys add up to: those of a batch, or all of a data set. A zeroed one is that of no keys. */
#ifndef CMD_VERIFY_KEY_SUMS_H
#define CMD_VERIFY_KEY_SUMS_H

#include <rdbferry/digest.h>
#include <rdbferry/strings.h>

enum { MODULES_MAX = 64, MODULE_NAME = 10 };

/* Distinct module names; those beyond MODULES_MAX are not kept. */
struct module_names {
    size_t count;
    char names[MODULES_MAX][MODULE_NAME];
};

struct key_sums {
    rf_digest published; /* the sum of their digests */
    /* The first key with the most bytes in its elements, and the first one with the most elements. */
    struct record_key {
        uint64_t size;
        int db;
        char key[128]; /* escaped */
    } largest, longest;
    struct module_names modules; /* that own values, or have AUX records */
};

void module_names_add(struct module_names *modules, const char name[MODULE_NAME]);

void key_sums_add(struct key_sums *sums, const rf_entry *key, const rf_key_digest *digest);

/* Keys of which the digests are those. */
void key_sums_add_strings(struct key_sums *sums, const rf_strings *strings, const rf_strings_digest *digest);

/* Adds those of keys that follow. */
void key_sums_merge(struct key_sums *sums, const struct key_sums *from);

#endif
