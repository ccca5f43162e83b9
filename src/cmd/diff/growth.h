/* SPDX-License-Identifier: MIT */
/* Where two data sets differ in size: keys and bytes before and after, and the differences, by type, database
 * and prefix. Uses constant memory. */
#ifndef CMD_DIFF_GROWTH_H
#define CMD_DIFF_GROWTH_H

#include "base/json.h"
#include "cmd/compare/differences.h"
#include "cmd/inspect/inspect_prefix.h"
#include "cmd/inspect/inspect_tables.h"

enum {
    GROWTH_EXAMPLES = 300 /* of each kind */,
    GROWTH_KEY_KEPT = 4096,
    GROWTH_DIFFERENCES = RF_DUPLICATE + 1
};

/* The bytes are those of the keys' records in the data. */
struct growth_sum {
    uint64_t keys[2], bytes[2]; /* before, after */
    uint64_t differences[GROWTH_DIFFERENCES];
};

/* A difference, as far as it is shown. */
struct growth_example {
    unsigned changes; /* CHANGED_... */
    int64_t db;
    rf_type type;
    char *key; /* readable, cut */
};

struct growth {
    struct growth_sum total, types[RF_TYPE_COUNT + 1], databases[STATS_DATABASES + 1];
    struct prefixes prefixes;
    struct growth_example examples[GROWTH_DIFFERENCES][GROWTH_EXAMPLES];
    size_t example_count[GROWTH_DIFFERENCES];
    const char *before, *after; /* names of the data sets */
    /* The last key is counted when the next one arrives, when its size is known. */
    bool has_last, last_is_after;
    int64_t last_db;
    rf_type last_type;
    size_t last_length;
    uint64_t last_bytes;
    uint8_t last_key[GROWTH_KEY_KEPT];
};

/* NULL: out of memory. */
struct growth *growth_new(const char *before, const char *after);
void growth_free(struct growth *growth);

/* Adds a key of one of the data sets. The caller adds its size to *size until the next call. False: out of
 * memory. */
bool growth_add(struct growth *growth, const rf_key_record *key, bool is_after, uint64_t **size);

/* Called after the last key, and after the last difference. False: out of memory. */
bool growth_end_keys(struct growth *growth);
bool growth_end(struct growth *growth);

/* `changes`: of an RF_CHANGED, the CHANGED_... flags. False: out of memory. */
bool growth_add_difference(struct growth *growth, const rf_difference *difference, unsigned changes);

/* Adds the object "growth". */
void growth_put(struct json *json, const struct growth *growth);

#endif
