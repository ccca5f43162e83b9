/* SPDX-License-Identifier: MIT */
/* The dry run's state: what is known about the keys and the target, and the conclusions. */
#ifndef CMD_PREFLIGHT_PREFLIGHT_H
#define CMD_PREFLIGHT_PREFLIGHT_H

#include "base/json.h"
#include "cmd/compare/extra_keys.h"
#include "cmd/replay/replay_options.h"
#include "cmd/replay/since.h"
#include "cmd/run/collisions.h"
#include "cmd/run/estimate.h"
#include "cmd/run/session.h"
#include <rdbferry/live.h>
#include <rdbferry/passed_expiries.h>

/* What is found about single entries: they are counted, and the first ones are listed. Those about keys come
 * before those about libraries and commands. */
enum preflight_finding_kind {
    PREFLIGHT_EXISTING,
    PREFLIGHT_EXPIRED,
    PREFLIGHT_EMPTY,
    PREFLIGHT_UNSUPPORTED,
    PREFLIGHT_REJECTED,
    PREFLIGHT_IN_PART,
    PREFLIGHT_TOO_LONG,
    PREFLIGHT_NO_DATABASE,
    PREFLIGHT_NO_NODE,
    PREFLIGHT_NO_MODULE,
    PREFLIGHT_UNSURE_MODULE,
    PREFLIGHT_DELETED,
    PREFLIGHT_OTHER_LIBRARY,
    PREFLIGHT_DELETED_LIBRARY,
    PREFLIGHT_NO_LIBRARIES,
    PREFLIGHT_NO_COMMAND,
    PREFLIGHT_FINDING_COUNT
};

enum preflight_weight {
    PREFLIGHT_INFO,
    PREFLIGHT_WARNING,
    PREFLIGHT_BLOCKER,
    PREFLIGHT_BY_ON_EXISTS, /* a blocker with --on-exists fail, otherwise information */
};

/* How findings of a kind are reported. */
extern const struct preflight_kind {
    const char *id;   /* in the report */
    const char *noun; /* of an entry: "key", "library" or "command" */
    enum preflight_weight weight;
    const char *advice; /* which option or setting helps; NULL: none */
    const char *one, *several;
} preflight_kinds[PREFLIGHT_FINDING_COUNT];

static inline bool preflight_is_of_keys(enum preflight_finding_kind kind)
{
    return kind < PREFLIGHT_OTHER_LIBRARY;
}

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
    struct since since;      /* --since */
    struct extra_keys extra; /* --delete-extra */
    rf_passed_expiries *passed;
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
    struct workload work;
    struct preflight_finding findings[PREFLIGHT_FINDING_COUNT];
    struct preflight_note *notes;
    size_t note_count;
    rf_error error; /* why the dry run could not be finished */
};

/* --- preflight_key.c: one entry ------------------------------------------------------------------------ */

/* Called after collision handling. */
rf_code preflight_examine(struct preflight *preflight, rf_entry *entry, rf_error *error);

/* An rf_live_found_fn and an rf_difference_fn. Their ctx is the dry run. */
rf_code preflight_on_found(void *preflight, const rf_key_record *record, rf_error *error);
rf_code preflight_on_missing(void *preflight, const rf_difference *difference, rf_error *error);

/* Are called for keys and libraries to delete: those of the first snapshot, extra ones of the target. */
rf_code preflight_on_removed(void *preflight, const rf_difference *difference, rf_error *error);
rf_code preflight_on_extra(void *preflight, const rf_difference *difference, rf_error *error);

/* --- preflight_checks.c: conclusions ------------------------------------------------------------------- */

/* Called when all facts are known. Returns false if out of memory. */
bool preflight_check(struct preflight *preflight);

/* The memory that a node needs for its keys, and how much it has free; RF_UNKNOWN: no limit, or not known. */
uint64_t preflight_needed(const struct preflight_node *node);
int64_t preflight_left(const struct preflight_node *node);

size_t preflight_count_notes(const struct preflight *preflight, bool blocker);

/* --- output -------------------------------------------------------------------------------------------- */

/* An estimate of how long the replay takes. */
static inline double preflight_seconds(const struct preflight *preflight)
{
    return estimate_replay(&preflight->work, preflight->node_count, preflight->options->rate);
}

/* Formats "Ready: the replay would succeed, in 2 min.". Returns `out`. */
enum { CONCLUSION_TEXT = 80 };
const char *preflight_conclusion(const struct preflight *preflight, char out[CONCLUSION_TEXT]);

void preflight_print(const struct preflight *preflight);

/* A report_part callback. */
void preflight_report(struct json *json, const void *preflight);

#endif
