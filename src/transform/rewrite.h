/* SPDX-License-Identifier: MIT */
/* What a rewrite consists of, for those who fill it (transform/rewrite.c, transform/rules.c) and those who
 * send keys through it (transform/rewrite_pass.c). */
#ifndef TRANSFORM_REWRITE_H
#define TRANSFORM_REWRITE_H

#include "base/buffer.h"
#include "transform/db_map.h"
#include "transform/flatten.h"
#include "transform/hash_tag.h"
#include "transform/rename.h"
#include <rdbferry/rewrite.h>

/* In the order in which keys pass them. */
enum rule_kind { RULE_MAP_DB, RULE_RENAME, RULE_HASH_TAG, RULE_PREFIX_DB0, RULE_FLATTEN, RULE_KINDS };

struct rule {
    enum rule_kind kind;
    unsigned number;  /* how many were added before it */
    const char *text; /* as rules are written */
    char *owned_text; /* the same, or NULL */
    uint64_t keys;    /* changed by it */
    struct db_mapping map;
    bool is_shared; /* of RULE_MAP_DB, once shares_known: what it makes may collide */
    struct rename *rename;
    struct hash_tag *tag;
    struct flatten *flatten;
};

struct rf_rewrite {
    struct rule *rules;           /* by kind, then in the order in which they were added */
    size_t first[RULE_KINDS + 1]; /* where a kind begins; the last one is the number of rules */
    size_t cap;                   /* more than there are rules */
    unsigned added;               /* rules ever */
    bool is_ambiguous;            /* every key is */
    bool shares_known;
    bool counts_not;       /* what follows is not counted */
    struct db_set sources; /* databases that may come */
    int64_t shift_ms;
    rf_rewrite_counts counts;
    struct buffer names[2]; /* what a rule makes goes into the one that does not hold what it is made of */
    struct buffer bare;     /* a name without its braces */
};

/* A key on its way. */
struct passage {
    int64_t db;
    rf_slice name; /* ptr is not NULL; the key's own, or in names[spare ^ 1] */
    unsigned spare;
    bool ambiguous;
    bool counts;           /* what rules do is counted */
    rf_rewrite_step_fn fn; /* who wants to know of each rule; or NULL */
    void *ctx;
};

rf_code rewrite_pass(rf_rewrite *rewrite, struct passage *passage, rf_error *error);

/* Finds out which map-db rules are shared. Nothing happens where that is known. */
void rewrite_find_shared(rf_rewrite *rewrite);

/* Whether keys of this database may arrive behind the map-db rules. */
bool rewrite_leads_to(const rf_rewrite *rewrite, int64_t db);

/* What means nothing at the ends of a rule. */
static inline bool rewrite_is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Drops the rules that have been added since `added` was this. */
void rewrite_take_back(rf_rewrite *rewrite, unsigned added);

#endif
