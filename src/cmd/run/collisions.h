/* SPDX-License-Identifier: MIT */
/* Handling of keys that map to the same name: detects them, keeps one, reports both.
 *
 * If collisions are errors, names are noted while they are written, and the inputs are read again, without
 * values, only if a name could collide with one that was not noted. If one of the keys is to be kept, the
 * inputs are read beforehand, so that it is known while writing. */
#ifndef CMD_RUN_COLLISIONS_H
#define CMD_RUN_COLLISIONS_H

#include "base/json.h"
#include "cmd/run/session.h"
#include <rdbferry/collision.h>
#include <rdbferry/digest.h>

enum collision_policy { COLLISION_FAIL, COLLISION_SKIP, COLLISION_OVERWRITE };

enum { COLLISION_EXAMPLES = 20, COLLISION_SOURCES = 4 };

/* One of the keys that map to a name, as in the input. */
struct collision_source {
    const char *input;
    uint64_t offset;
    int64_t db;
    char key[128];    /* escaped */
    rf_digest digest; /* distinguishes keys whose displayed names are equal because they are cut */
    bool kept;
};

struct collision_example {
    int64_t db; /* -1: the name of a function library */
    char key[128];
    size_t known;
    struct collision_source sources[COLLISION_SOURCES];
};

struct collisions {
    struct session *session;
    enum collision_policy policy;
    rf_collisions *set;        /* NULL: collisions are impossible */
    bool keep_all;             /* every key counts as ambiguous */
    bool resolved;             /* the colliding names are known */
    bool can_rescan;           /* the inputs can be read again */
    bool resolve_first;        /* collisions must be known before anything is written, whatever the policy */
    session_entry_fn *scan_fn; /* called for each entry of the first pass, which it enforces; may be NULL */
    void *scan_ctx;
    uint64_t names;                                    /* that collide, as far as known */
    uint64_t dropped, dropped_keys, dropped_libraries; /* discarded entries: the sum of both, and each */
    size_t examples;
    struct collision_example example[COLLISION_EXAMPLES];
};

/* `resolve_first` and `scan_fn` may be set afterwards. `check`: also detect duplicate keys within one input.
 * The session must outlive the object. Returns false after printing an error. */
bool collisions_open(struct collisions *collisions, struct session *session, enum collision_policy policy,
                     uint64_t memory, bool check);
void collisions_close(struct collisions *collisions);

/* Called before anything is written: reads the names if the collisions must be known now, or if `scan_fn` is
 * set. If the inputs cannot be read twice, `resolve_first` has no effect and `scan_fn` is not called. */
rf_code collisions_prescan(struct collisions *collisions, rf_error *error);

/* Notes an entry that is about to be written. Sets *leave_out if it must not be. Returns RF_E_COLLISION, or
 * RF_E_DUPLICATE for a key that occurs twice in one input. */
rf_code collisions_note(struct collisions *collisions, const struct input *input, const rf_entry *entry,
                        bool *leave_out, rf_error *error);

/* Called after the last entry: resolves the collisions that could not be decided while writing. */
rf_code collisions_end(struct collisions *collisions, rf_error *error);

/* Called after that, when the inputs are read again from the start: whether an entry was discarded. */
void collisions_rewind(struct collisions *collisions);
bool collisions_left_out(struct collisions *collisions, const rf_entry *entry);

/* Prints a warning if entries were discarded; adds members to a report. */
void collisions_summarize(const struct collisions *collisions);
void collisions_report(struct json *json, const struct collisions *collisions);

#endif
