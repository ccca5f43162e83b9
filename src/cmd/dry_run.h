/* SPDX-License-Identifier: MIT */
/* A dry run, as its files share it: what has been found out about the keys and about the target, and what
 * follows from it. */
#ifndef CMD_DRY_RUN_H
#define CMD_DRY_RUN_H

#include "collisions.h"
#include "json.h"
#include "replay_options.h"
#include "session.h"
#include <rdbferry/live.h>

/* What is found out about entries one by one: counted, and the first ones named.
 * FINDING(name, id in reports, is it of keys, what is said of one, of several) */
/* clang-format off */
#define DRY_FINDINGS(FINDING)                                                                              \
    FINDING(EXISTING,       "existing",        true,  "key exists on the target", "keys exist on the target")                            \
    FINDING(EXPIRED,        "expired",         true,  "key has expired", "keys have expired")                \
    FINDING(EMPTY,          "empty",           true,  "collection has no elements", "collections have no elements") \
    FINDING(UNSAYABLE,      "unsayable",       true,  "key's value is beyond the target's version", "keys' values are beyond the target's version") \
    FINDING(REFUSED,        "refused",         true,  "key cannot be written with the commands that the target accepts", "keys cannot be written with the commands that the target accepts") \
    FINDING(IN_PART,        "in_part",         true,  "key will lose a detail that the target does not support", "keys will lose details that the target does not support") \
    FINDING(TOO_LONG,       "too_long",        true,  "key has an element that is too long", "keys have an element that is too long") \
    FINDING(NO_DATABASE,    "no_database",     true,  "key's database is not there", "keys' databases are not there") \
    FINDING(NO_NODE,        "no_node",         true,  "key's slot is served by no node", "keys' slots are served by no node") \
    FINDING(NO_MODULE,      "no_module",       true,  "key's module is not there", "keys' modules are not there") \
    FINDING(UNSURE_MODULE,  "unsure_module",   true,  "key's module may not be there", "keys' modules may not be there") \
    FINDING(OTHER_LIBRARY,  "other_library",   false, "function library exists with other code", "function libraries exist with other code") \
    FINDING(NO_LIBRARIES,   "no_libraries",    false, "function library is beyond the target's version", "function libraries are beyond the target's version") \
    FINDING(NO_COMMAND,     "no_command",      false, "command of an AOF is not there", "commands of an AOF are not there")
/* clang-format on */

enum dry_finding_kind {
#define FINDING_ENUM(name, id, of_keys, one, several) DRY_##name,
    DRY_FINDINGS(FINDING_ENUM)
#undef FINDING_ENUM
        DRY_FINDING_COUNT
};

enum { DRY_NAMED = 20, DRY_NAME = 128, DRY_COMMAND = 32, DRY_COMMANDS = 512 };

struct dry_finding {
    uint64_t count;
    size_t named;
    struct {
        int64_t db;
        char name[DRY_NAME];   /* escaped */
        char detail[DRY_NAME]; /* "module bf", "700 MB"; may be empty */
    } names[DRY_NAMED];
};

/* A node, and what it would get. */
struct dry_node {
    rf_live_node told;
    uint64_t keys, expiring, memory; /* of the keys that are not there yet */
};

/* What follows for the replay. */
struct dry_remark {
    bool in_the_way; /* else it is a warning */
    const char *about;
    char node[288]; /* empty: it is of no single node */
    char text[384];
};

struct dry_run {
    const struct replay_options *options;
    struct session session;
    struct collisions collisions;
    rf_live *live;
    rf_live_counts counts;
    struct dry_node *nodes;
    size_t node_count;
    struct dry_database {
        int64_t db;
        bool is_there;
    } * databases; /* in which there are keys */
    size_t database_count;
    struct dry_command {
        char name[DRY_COMMAND]; /* in capitals */
        int has;                /* 0, 1 or RF_UNTOLD */
    } * commands;               /* of AOFs */
    size_t command_count;
    struct {
        uint64_t keys, expiring, memory;
    } types[RF_TYPE_COUNT]; /* of what would be written */
    uint64_t libraries;     /* that would be loaded */
    struct dry_finding findings[DRY_FINDING_COUNT];
    struct dry_remark *remarks;
    size_t remark_count;
    rf_error error; /* why it could not be finished */
};

/* --- dry_key.c: one entry --- */

/* A session_take_fn, behind the collisions. */
rf_code dry_examine(struct dry_run *dry, rf_entry *entry, rf_error *error);

/* The rf_live_found_fn and rf_difference_fn. Their ctx is the dry run. */
rf_code dry_take_found(void *dry, const rf_key_record *record, rf_error *error);
rf_code dry_take_missing(void *dry, const rf_difference *difference, rf_error *error);

/* --- dry_module.c: whose values these are --- */

enum dry_presence { DRY_THERE, DRY_LACKING, DRY_UNSURE };

/* Whether a node has the module that values of this type name belong to. */
enum dry_presence dry_find_module(const rf_live_node *node, const char *type);

/* --- dry_judge.c: what follows --- */

/* All has been found out. False: out of memory. */
bool dry_judge(struct dry_run *dry);

/* What a node would need for its keys, and what it has left; RF_UNTOLD: no limit, or it is not known. */
uint64_t dry_needed(const struct dry_node *node);
int64_t dry_left(const struct dry_node *node);

size_t dry_count_remarks(const struct dry_run *dry, bool in_the_way);

/* --- how it is told --- */

void dry_put_page(const struct dry_run *dry);

/* What a report_part takes. */
void dry_report(struct json *json, const void *dry);

/* What is said of so many; whether they are keys; what they are called in reports, and each of them. */
const char *dry_finding_text(enum dry_finding_kind kind, uint64_t count);
bool dry_finding_is_of_keys(enum dry_finding_kind kind);
const char *dry_finding_id(enum dry_finding_kind kind);
const char *dry_finding_noun(enum dry_finding_kind kind);

#endif
