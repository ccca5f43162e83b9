/* SPDX-License-Identifier: MIT */
/* The internals of a rewrite, for the code that fills it (transform/rewrite.c, transform/rules.c) and the
 * code that applies it (transform/rewrite_pass.c). */
#ifndef TRANSFORM_REWRITE_H
#define TRANSFORM_REWRITE_H

#include "base/buffer.h"
#include "transform/db_map.h"
#include "transform/flatten.h"
#include "transform/hash_tag.h"
#include "transform/rename.h"
#include <rdbferry/rewrite.h>

/* In the order of application. */
enum rule_kind { RULE_MAP_DB, RULE_RENAME, RULE_HASH_TAG, RULE_PREFIX_DB0, RULE_FLATTEN, RULE_KINDS };

struct rule {
    enum rule_kind kind;
    unsigned number;  /* number of rules added before it */
    const char *text; /* in the syntax of rules */
    char *owned_text; /* the same, or NULL */
    uint64_t keys;    /* changed by it */
    struct db_mapping map;
    bool is_shared; /* of RULE_MAP_DB, once shares_known: its results may collide */
    struct rename *rename;
    struct hash_tag *tag;
    struct flatten *flatten;
};

struct rf_rewrite {
    struct rule *rules;           /* by kind, then in the order of addition */
    size_t first[RULE_KINDS + 1]; /* start of each kind; the last one is the number of rules */
    size_t cap;                   /* more than the number of rules */
    unsigned added;               /* number of rules ever added */
    bool is_ambiguous;            /* every key is ambiguous */
    bool shares_known;
    bool counts_not;       /* later keys are not counted */
    struct db_set sources; /* databases that may occur */
    int64_t shift_ms;
    rf_rewrite_counts counts;
    struct buffer names[2]; /* a rule writes to the one that does not hold its input */
    struct buffer bare;     /* a name without its braces */
};

/* A key being rewritten. */
struct passage {
    int64_t db;
    rf_slice name; /* ptr is not NULL; the key's own, or in names[spare ^ 1] */
    unsigned spare;
    bool ambiguous;
    bool counts;           /* the effects of rules are counted */
    rf_rewrite_step_fn fn; /* called for each rule; may be NULL */
    void *ctx;
};

rf_code rewrite_pass(rf_rewrite *rewrite, struct passage *passage, rf_error *error);

/* Determines which map-db rules are shared, unless that is known. */
void rewrite_find_shared(rf_rewrite *rewrite);

/* Whether keys may be in this database after the map-db rules. */
bool rewrite_leads_to(const rf_rewrite *rewrite, int64_t db);

/* Space that is trimmed from a rule. */
static inline bool rewrite_is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Removes the rules that were added since `added` had this value. */
void rewrite_take_back(rf_rewrite *rewrite, unsigned added);

#endif
