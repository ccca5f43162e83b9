/* SPDX-License-Identifier: MIT */
/* A replay in progress: the entries of all inputs are filtered, rewritten, freed of collisions and written to
 * a target, and a checkpoint records the progress. */
#ifndef CMD_REPLAY_REPLAY_H
#define CMD_REPLAY_REPLAY_H

#include "base/json.h"
#include "cmd/replay/checkpoint.h"
#include "cmd/replay/dead_letter.h"
#include "cmd/replay/following.h"
#include "cmd/replay/metrics.h"
#include "cmd/replay/replay_failures.h"
#include "cmd/replay/replay_options.h"
#include "cmd/replay/replay_verify.h"
#include "cmd/replay/since.h"
#include "cmd/run/collisions.h"
#include "cmd/run/key_set.h"
#include "cmd/run/session.h"
#include <rdbferry/passed_expiries.h>

/* What is done periodically. Times are monotonic. */
struct replay_ticks {
    uint64_t entries;  /* calls of replay_tick() */
    int64_t last_ms;   /* of the last tick */
    int64_t stop_ms;   /* when a signal was seen; 0: none */
    int64_t second_ms; /* when the current second began: */
    rf_position second_start;
    uint64_t second_bytes; /* bytes of an input put in the last second */
};

struct replay_positions {
    rf_position start;     /* everything before it was done by an earlier run */
    rf_position inherited; /* the earlier run has sent nothing after it */
    rf_position last;      /* the last entry put, if there is one */
    size_t entered;        /* number of inputs opened so far */
};

struct replay_totals {
    uint64_t put, put_keys; /* entries put, and how many of them are keys */
    uint64_t resumed_keys;  /* done by an earlier run */
    uint64_t unchanged;     /* keys that --since does not write */
    uint64_t keys_before;   /* on the target, if there may be AOF commands and it matters */
};

struct replay_state {
    bool in_commands;  /* the last entry put was an AOF command */
    bool has_commands; /* there are AOF commands, as far as that is known before they are written */
    bool warned;       /* that the expiries of AOF commands are not checked */
    bool stopped;      /* a signal has stopped it, */
    bool cut;          /* without waiting for requests in flight */
    bool finished;     /* everything that was put is done */
    bool saved;        /* this run has written the checkpoint */
    bool writing;      /* or waiting for requests in flight */
};

/* Keys of the inputs that existed before the first write. */
struct replay_existing {
    rf_live *live; /* NULL: they are not looked up now */
    uint64_t count;
    char first[128]; /* escaped and shortened */
    int64_t db;
};

/* --delete-extra. */
struct replay_extra {
    struct extra_keys keys;
    rf_compare *names; /* of the keys to delete: its first set, and there is no second one */
    char first[128];   /* of these, escaped and shortened */
    int64_t first_db;
};

struct replay {
    const struct replay_options *options;
    rf_target target; /* of the options, which own it; a signal ends the wait for it */
    struct session session;
    struct collisions collisions;
    struct checkpoint checkpoint; /* used even without a file: it holds the run's name and position */
    struct checkpoint found;      /* with --resume: the loaded checkpoint, for comparing inputs */
    struct failures failures;
    struct key_set skipped_keys, failed_keys; /* of this process, with --verify */
    struct dead_letter dead_letter;
    struct metrics metrics;
    struct replay_verification verification;
    rf_replay *engine;   /* NULL: not connected to the target */
    rf_replay_info info; /* zeroed until connected */
    struct replay_positions position;
    struct replay_totals counts;
    struct replay_existing existing;
    rf_passed_expiries *passed; /* before the first write */
    struct since since;         /* --since */
    struct replay_extra extra;
    struct following following; /* --follow */
    struct following_attempts *attempts;
    struct replay_state state;
    struct replay_ticks ticks;
};

/* --- the target (replay_target.c) ------------------------------------------------------------------------
 */

/* Connects to it, with the run's name and position: replay_lock() and replay_begin() come before. */
rf_code replay_open_target(struct replay *replay, rf_error *error);

/* Called between entries: does what is done periodically. Returns an error if a signal stops the run. */
rf_code replay_tick(struct replay *replay, rf_error *error);

/* An rf_replay_options.tick whose ctx is a struct replay: the same, but a signal only counts once it is not
 * heeded for a long time. */
rf_code replay_engine_tick(void *replay, rf_error *error);

/* The same while the target is waited for: nothing is in flight, and a signal counts at once. */
rf_code replay_wait_tick(void *replay, rf_error *error);

/* Counts and prints a failure. */
void replay_note_failure(struct replay *replay, const rf_failure *failure);

/* --- the checkpoint (replay_checkpoint.c) --------------------------------------------------------------- */

/* Names the run, and locks the checkpoint until it is freed. */
rf_code replay_lock(struct replay *replay, rf_error *error);

/* Determines where to begin, and opens the other output files. */
rf_code replay_begin(struct replay *replay, rf_error *error);

/* Everything has been written, by this run or an earlier one. */
static inline bool replay_is_done(const struct replay *replay)
{
    return replay->checkpoint.state == CHECKPOINT_DONE;
}

/* Called at the first entry of an input. */
rf_code replay_enter(struct replay *replay, size_t input, rf_error *error);

/* Saves the checkpoint of a source that is followed, before anything of the snapshot is written. */
rf_code replay_begin_snapshot(struct replay *replay, rf_error *error);

/* Called before an entry is put. */
rf_code replay_reserve(struct replay *replay, rf_position position, bool command, rf_error *error);

/* Called every second: saves the progress. */
rf_code replay_keep(struct replay *replay, rf_error *error);

/* Called after the last put; `good`: all entries were put. */
rf_code replay_end(struct replay *replay, bool good, rf_error *error);

/* Called after that, when the run is complete and has written commands exactly once: removes the position
 * keys, and records that. */
rf_code replay_remove_positions(struct replay *replay, rf_error *error);

/* Compares the target with the inputs `first` to `end` - 1 (cmd_replay.c). `differ`: receives the
 * differences, with `replay`, while expiries may be shifted; NULL: they are printed. */
rf_code replay_verify_inputs(struct replay *replay, size_t first, size_t end, rf_difference_fn differ,
                             rf_error *error);

/* --- before the first write (replay_prescan.c) --------------------------------------------------------- */

/* Checks for problems that should be found before the first write. */
rf_code replay_survey(struct replay *replay, rf_error *error);

/* Reads the inputs if collisions must be known now. The next two as in collisions_scan_begin(); with `all`,
 * each entry is checked. */
rf_code replay_scan(struct replay *replay, bool all, bool first, rf_error *error);

/* Rejects an entry that this target or these inputs do not allow. */
rf_code replay_check(const struct replay *replay, const rf_entry *entry, rf_error *error);

/* --- deletions (replay_delete.c) ------------------------------------------------------------------------ */

/* Finds what is to be deleted, and with --since what is to be written. Called before the first write. */
rf_code replay_find_deletions(struct replay *replay, rf_error *error);

/* Deletes it, when everything has been written. */
rf_code replay_delete(struct replay *replay, rf_error *error);

/* What an earlier run has left of its snapshot: called before the first key of the new one; for each; and
 * when all are written. */
rf_code replay_leftovers_begin(struct replay *replay, rf_error *error);
rf_code replay_leftovers_note(struct replay *replay, const rf_entry *key, rf_error *error);
rf_code replay_leftovers_delete(struct replay *replay, rf_error *error);

void replay_deletions_free(struct replay *replay);

/* --- results (replay_report.c) ------------------------------------------------------------------------- */

/* `error` is why it ended; it may be NULL. */
void replay_print(const struct replay *replay, const rf_error *error);

/* Writes the replay's members of the report. */
void replay_report(struct json *json, const void *replay);

#endif
