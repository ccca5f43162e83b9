/* SPDX-License-Identifier: MIT */
/* The rules of a rewrite: a rewrite's internals, for the code that fills it (rewrite.c, rules.c) and the code
 * that applies it (rewrite_pass.c). */
#ifndef TRANSFORM_RULE_H
#define TRANSFORM_RULE_H

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
    bool shared;           /* the rules are those of another one, except renames */
    struct db_set sources; /* databases that may occur */
    int64_t shift_ms;
    rf_rewrite_counts counts;
    struct buffer names[2]; /* a rule writes to the one that does not hold its input */
    struct buffer bare;     /* a name without its braces */
    struct db_prefix prefix;
};

#endif
