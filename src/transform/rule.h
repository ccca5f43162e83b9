/* SPDX-License-Identifier: MIT */
/* The rules of a rewrite: a rewrite's internals, for the code that fills it (rewrite.c, rules.c) and the code
 * that applies it (rewrite_pass.c). */
#ifndef TRANSFORM_RULE_H
#define TRANSFORM_RULE_H

#include "base/arena.h"
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
    struct rename *rename;
    struct hash_tag *tag;
    struct flatten *flatten;
};

/* What the rules do to all keys of a database: those that follow are often of the same. */
struct route {
    bool is_known;
    int64_t from, mapped, to;    /* the database, after map-db, and in the end */
    struct rule *map, *prefixes; /* that apply; NULL: none */
    struct buffer prefix;        /* of their names; empty without such a rule */
    bool ambiguous;              /* they are, whatever their names */
    unsigned least, firsts;      /* the first byte of names that may look as if they had a prefix is one of so
                                    many from `least` on */
};

struct rf_rewrite {
    struct rule *rules;           /* by kind, then in the order of addition */
    size_t first[RULE_KINDS + 1]; /* start of each kind; the last one is the number of rules */
    size_t cap;                   /* more than the number of rules */
    unsigned added;               /* number of rules ever added */
    bool is_ambiguous;            /* every key is ambiguous */
    bool counts_not;              /* later keys are not counted */
    bool shared;                  /* the rules are those of another one, except renames */
    struct db_set sources;        /* databases that may occur */
    int64_t shift_ms;
    rf_rewrite_counts counts;
    struct buffer names[2]; /* a rule writes to the one that does not hold its input */
    struct buffer bare;     /* a name without its braces */
    struct arena strings;   /* new names of keys with plain strings */
    struct route route;
};

#endif
