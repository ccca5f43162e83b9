/* SPDX-License-Identifier: MIT */
/* Handling of keys that map to the same name: detects them, keeps one, reports both.
 *
 * If collisions are errors, names are noted while they are written, and the inputs are read again, without
 * values, only if a name could collide with one that was not noted. The first collision is an error, which
 * tells how many there are: for that, regular files are read to the end. If one of the keys is to be kept,
 * the inputs are read beforehand, so that it is known while writing. */
#ifndef CMD_RUN_COLLISIONS_H
#define CMD_RUN_COLLISIONS_H

#include "base/json.h"
#include "cmd/run/cursor.h"
#include "cmd/run/key_set.h"
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

/* The passes over the inputs: notes all names; compares those that hashes cannot tell apart; searches for the
 * first two entries that map to the same name. */
enum collision_pass { PASS_NONE, PASS_NOTE, PASS_COMPARE, PASS_SEARCH };

struct collision_scan {
    enum collision_pass pass;
    bool notes; /* the search also notes all names, to tell how many collide */
    struct cursor cursor;
    struct collision_search {
        uint8_t *name; /* NULL: any that collides */
        size_t length;
        int64_t db; /* -1: a function library */
    } search;
};

struct collisions {
    struct session *session;
    struct journal *journal; /* of a lane: names are kept there, and noted later; NULL: none */
    enum collision_policy policy;
    rf_collisions *set; /* NULL: collisions are impossible */
    uint64_t memory;
    bool keep_all;          /* every key counts as ambiguous */
    bool resolved;          /* the colliding names are known */
    bool can_rescan;        /* the inputs can be read again */
    bool has_commands;      /* keys may come more than once: in the snapshot and in AOF commands */
    bool in_command;        /* the current key is one of a command */
    bool left_out;          /* the last key was */
    struct key_set sources; /* if has_commands: ambiguous keys that have been noted */
    struct collision_scan scan;
    uint64_t names;                                    /* that collide, as far as known */
    uint64_t dropped, dropped_keys, dropped_libraries; /* discarded entries: the sum of both, and each */
    size_t examples;
    struct collision_example example[COLLISION_EXAMPLES];
};

/* `check`: also detect duplicate keys within one input. The session must outlive the object. Returns false
 * after printing an error. */
bool collisions_open(struct collisions *collisions, struct session *session, enum collision_policy policy,
                     uint64_t memory, bool check);
void collisions_close(struct collisions *collisions);

/* Called before anything is written: reads the inputs if the collisions must be known now. */
rf_code collisions_prescan(struct collisions *collisions, rf_error *error);

/* The same for a caller that does something between the entries of this scan:
 *
 *     code = collisions_scan_begin(c, all, first, error);
 *     while (code == RF_OK && (code = collisions_scan_next(c, &entry, error)) == RF_OK)
 *         code = check(entry, error);
 *     return collisions_scan_end(c, code, error);
 *
 * `all`: read the inputs at least once, even if there cannot be collisions. `first`: the collisions must be
 * known before anything is written, whatever the policy. Both have no effect if the inputs cannot be read
 * twice. *entry may be NULL, see cursor_next(); entries may come more than once. */
rf_code collisions_scan_begin(struct collisions *collisions, bool all, bool first, rf_error *error);
rf_code collisions_scan_next(struct collisions *collisions, rf_entry **entry, rf_error *error);
rf_code collisions_scan_end(struct collisions *collisions, rf_code code, rf_error *error);

/* Notes an entry that is about to be written. Sets *leave_out if it must not be. Returns RF_E_COLLISION, or
 * RF_E_DUPLICATE for a key that occurs twice in one input. */
rf_code collisions_note(struct collisions *collisions, const struct input *input, const rf_entry *entry,
                        bool *leave_out, rf_error *error);

/* Whether of a key that is not ambiguous it is only to be noted that there is one; and noting it. */
bool collisions_ignores_others(const struct collisions *collisions);
void collisions_note_others(struct collisions *collisions);

/* Whether names may be noted later than the entries that they are of are written. */
bool collisions_can_wait(const struct collisions *collisions);

/* Notes the names of a journal. *known: one of them, of the `entry`th entry, has been noted before; neither
 * it nor any after it is noted now. */
rf_code collisions_note_names(struct collisions *collisions, const struct journal *journal, bool *known,
                              uint64_t *entry, rf_error *error);

/* Called after the last entry: resolves the collisions that could not be decided while writing. */
rf_code collisions_end(struct collisions *collisions, rf_error *error);

/* Called after that, when the inputs are read again from the start: whether an entry was discarded. */
void collisions_rewind(struct collisions *collisions);
bool collisions_left_out(struct collisions *collisions, const rf_entry *entry);

/* --- between the files --------------------------------------------------------------------------------- */

/* Whether the session's current entry may collide with any other one, not only with ambiguous ones. */
static inline bool collisions_is_ambiguous(const struct collisions *c)
{
    return c->keep_all || c->session->key.ambiguous;
}

/* Whether a key that commands name too has been noted before; if not, it counts as noted now. A key that is
 * twice in a snapshot has not: that is a fault. */
bool collisions_is_noted(struct collisions *collisions, const rf_entry *entry);

/* `number`: the key's ordinal among those of the same name, as in rf_collision. */
void collisions_keep_example(struct collisions *collisions, const struct input *input, const rf_entry *entry,
                             uint64_t number, bool kept);

/* An entry of the pass that is under way (collisions_scan.c). */
rf_code collisions_scan_entry(struct collisions *collisions, const rf_entry *entry, rf_error *error);

/* Fails with the error about the first two entries that have a name; `entry`: one of them. */
rf_code collisions_fail_first(struct collisions *collisions, const rf_entry *entry, rf_error *error);

/* --- messages (collisions_report.c) -------------------------------------------------------------------- */

static inline rf_slice collision_name(const rf_entry *entry)
{
    return entry->kind == RF_ENTRY_FUNCTION ? rf_function_name(entry->text) : entry->key;
}

/* The error about the two entries in example[0]; about `entry` alone if the inputs cannot be read again. */
rf_code collisions_fail_pair(const struct collisions *collisions, rf_error *error);
rf_code collisions_fail_second(const struct collisions *collisions, const rf_entry *entry, rf_error *error);

/* Prints a warning if entries were discarded; adds members to a report. */
void collisions_summarize(const struct collisions *collisions);
void collisions_report(struct json *json, const struct collisions *collisions);

#endif
