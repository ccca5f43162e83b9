/* SPDX-License-Identifier: MIT */
/* The dry run's state, shared by its files: what is known about the keys and the target, and the conclusions.
 */
#ifndef CMD_PREFLIGHT_PREFLIGHT_H
#define CMD_PREFLIGHT_PREFLIGHT_H

#include "cmd/replay/replay_options.h"
#include "cmd/run/collisions.h"
#include "cmd/run/session.h"
#include "cmd/term/json.h"
#include <rdbferry/live.h>

/* What is found about single entries: they are counted, and the first ones are listed. FINDING(name, id in
 * reports, whether it is about keys, text for one, text for several) */
/* clang-format off */
#define PREFLIGHT_FINDINGS(FINDING)                                                                              \
    FINDING(EXISTING,       "existing",        true,  "key exists on the target", "keys exist on the target")                            \
    FINDING(EXPIRED,        "expired",         true,  "key has expired", "keys have expired")                \
    FINDING(EMPTY,          "empty",           true,  "collection has no elements", "collections have no elements") \
    FINDING(UNSUPPORTED,      "unsupported",       true,  "key has a value that the target version does not support", "keys have values that the target version does not support") \
    FINDING(REJECTED,        "not_writable",    true,  "key cannot be written with the commands available on the target", "keys cannot be written with the commands available on the target") \
    FINDING(IN_PART,        "partial",         true,  "key will lose details that the target does not support", "keys will lose details that the target does not support") \
    FINDING(TOO_LONG,       "too_long",        true,  "key has an element that is too long", "keys have an element that is too long") \
    FINDING(NO_DATABASE,    "missing_database",     true,  "key is in a database that the target lacks", "keys are in databases that the target lacks") \
    FINDING(NO_NODE,        "unassigned_slot",         true,  "key is in a slot that is not assigned to a node", "keys are in slots that are not assigned to a node") \
    FINDING(NO_MODULE,      "missing_module",       true,  "key needs a module that the target lacks", "keys need modules that the target lacks") \
    FINDING(UNSURE_MODULE,  "unknown_module",   true,  "key needs a module that the target may lack", "keys need modules that the target may lack") \
    FINDING(OTHER_LIBRARY,  "different_library",   false, "function library exists with different code", "function libraries exist with different code") \
    FINDING(NO_LIBRARIES,   "unsupported_library",    false, "function library is not supported by the target version", "function libraries are not supported by the target version") \
    FINDING(NO_COMMAND,     "unknown_command",      false, "AOF command is not supported by the target", "AOF commands are not supported by the target")
/* clang-format on */

enum preflight_finding_kind {
#define FINDING_ENUM(name, id, of_keys, one, several) PREFLIGHT_##name,
    PREFLIGHT_FINDINGS(FINDING_ENUM)
#undef FINDING_ENUM
        PREFLIGHT_FINDING_COUNT
};

enum { PREFLIGHT_NAMED = 20, PREFLIGHT_NAME = 128, PREFLIGHT_COMMAND = 32, PREFLIGHT_COMMANDS = 512 };

struct preflight_finding {
    uint64_t count;
    size_t named;
    struct {
        int64_t db;
        char name[PREFLIGHT_NAME];   /* escaped */
        char detail[PREFLIGHT_NAME]; /* "module bf", "700 MB"; may be empty */
    } names[PREFLIGHT_NAMED];
};

/* A node, and what would be written to it. */
struct preflight_node {
    rf_live_node_info info;
    uint64_t keys, expiring, memory; /* of the keys that do not exist yet */
};

/* A conclusion about the replay. */
struct preflight_note {
    bool blocker; /* otherwise a warning */
    const char *about;
    char node[288]; /* empty: not about a single node */
    char text[384];
};

struct preflight {
    const struct replay_options *options;
    struct session session;
    struct collisions collisions;
    rf_live *live;
    rf_live_counts counts;
    struct preflight_node *nodes;
    size_t node_count;
    struct preflight_database {
        int64_t db;
        bool is_there;
    } * databases; /* that contain keys */
    size_t database_count;
    struct preflight_command {
        char name[PREFLIGHT_COMMAND]; /* in upper case */
        int has;                      /* 0, 1 or RF_UNKNOWN */
    } * commands;                     /* of the AOF inputs */
    size_t command_count;
    struct {
        uint64_t keys, expiring, memory;
    } types[RF_TYPE_COUNT]; /* of the entries to write */
    uint64_t libraries;     /* to load */
    struct preflight_finding findings[PREFLIGHT_FINDING_COUNT];
    struct preflight_note *notes;
    size_t note_count;
    rf_error error; /* why the dry run could not be finished */
};

/* --- preflight_key.c: one entry --- */

/* Called after collision handling. */
rf_code preflight_examine(struct preflight *preflight, rf_entry *entry, rf_error *error);

/* An rf_live_found_fn and an rf_difference_fn. Their ctx is the dry run. */
rf_code preflight_on_found(void *preflight, const rf_key_record *record, rf_error *error);
rf_code preflight_on_missing(void *preflight, const rf_difference *difference, rf_error *error);

/* --- preflight_module.c: modules of values
 * ------------------------------------------------------------------- */

enum preflight_presence { PREFLIGHT_PRESENT, PREFLIGHT_LACKING, PREFLIGHT_UNSURE };

/* Whether a node has the module that owns values of this type name. */
enum preflight_presence preflight_find_module(const rf_live_node_info *node, const char *type);

/* --- preflight_check.c: conclusions
 * -------------------------------------------------------------------------- */

/* Called when all facts are known. Returns false if out of memory. */
bool preflight_check(struct preflight *preflight);

/* The memory that a node needs for its keys, and how much it has free; RF_UNKNOWN: no limit, or not known. */
uint64_t preflight_needed(const struct preflight_node *node);
int64_t preflight_left(const struct preflight_node *node);

size_t preflight_count_notes(const struct preflight *preflight, bool blocker);

/* --- output -------------------------------------------------------------------------------------------- */

void preflight_print(const struct preflight *preflight);

/* A report_part callback. */
void preflight_report(struct json *json, const void *preflight);

/* A finding's text for `count` entries; whether it is about keys; its id in reports; the noun for one entry.
 */
const char *preflight_finding_text(enum preflight_finding_kind kind, uint64_t count);
bool preflight_finding_is_of_keys(enum preflight_finding_kind kind);
const char *preflight_finding_id(enum preflight_finding_kind kind);
const char *preflight_finding_noun(enum preflight_finding_kind kind);

#endif
