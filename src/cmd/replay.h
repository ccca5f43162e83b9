/* SPDX-License-Identifier: MIT */
/* A replay on its way: the entries of all inputs, chosen, rewritten and without collisions, go into a target,
 * and a checkpoint follows. */
#ifndef CMD_REPLAY_H
#define CMD_REPLAY_H

#include "checkpoint.h"
#include "collisions.h"
#include "dead_letter.h"
#include "json.h"
#include "key_set.h"
#include "metrics.h"
#include "replay_failures.h"
#include "replay_options.h"
#include "replay_verify.h"
#include "session.h"

struct replay {
    const struct replay_options *options;
    struct session session;
    struct stop_request stop_request;
    struct collisions collisions;
    struct checkpoint checkpoint; /* also without a file: it names the run and knows the place */
    struct checkpoint found;      /* with --resume: what was there before, to compare inputs with */
    struct failures failures;
    struct key_set skipped_keys, failed_keys; /* of this process, with --verify */
    struct dead_letter dead_letter;
    struct metrics metrics;
    struct replay_verification verification;
    rf_replay *engine;   /* NULL: the target has not been reached */
    rf_replay_info info; /* then zeroed */
    rf_place start;      /* what lies before it an earlier run has settled */
    rf_place inherited;  /* and nothing behind this place has been sent by it */
    rf_place last;       /* put last, once there is `put` */
    uint64_t put, put_keys, resumed_keys;
    uint64_t keys_before; /* that the target held, where commands of an AOF may come and that matters */
    size_t entered;       /* so many inputs have been opened */
    bool in_transaction;  /* the command put last is not the end of one */
    bool stopped;         /* a signal has ended it, */
    bool finished;        /* what was put is settled */
    bool saved;           /* this run has written the checkpoint */
    bool cut;             /* without waiting for what was under way */
    bool writing;         /* or what is under way is waited for */
    uint64_t looks;       /* between entries */
    int64_t asked_ms;     /* when a signal was seen; 0: there was none. Monotonic, as those below */
    int64_t ticked_ms;
    int64_t looked_at_ms; /* when the last second of these began: */
    rf_place looked_at;
    uint64_t last_second; /* bytes of an input that were put in it */
};

/* --- the checkpoint (replay_checkpoint.c) --------------------------------------------------------------- */

/* Names the run, and keeps all others from this checkpoint until it is freed. */
rf_code replay_lock(struct replay *replay, rf_error *error);

/* Finds out where to begin, and opens what is written besides. */
rf_code replay_begin(struct replay *replay, rf_error *error);

/* All that there is to write has been written, by this run or by one before. */
static inline bool replay_is_done(const struct replay *replay)
{
    return replay->checkpoint.state == CHECKPOINT_DONE;
}

/* The first entry of an input has come. */
rf_code replay_enter(struct replay *replay, size_t input, rf_error *error);

/* Before an entry is put. */
rf_code replay_reserve(struct replay *replay, rf_place place, bool command, rf_error *error);

/* A second has passed: what may be lost is put on disk. */
rf_code replay_keep(struct replay *replay, rf_error *error);

/* Nothing more is put; `good`: all has been. */
rf_code replay_end(struct replay *replay, bool good, rf_error *error);

/* --- before the first write (replay_survey.c) ----------------------------------------------------------- */

/* Looks for what is not to be found out half way. */
rf_code replay_survey(struct replay *replay, rf_error *error);

/* Refuses an entry that this target, or this choice of inputs, does not take. */
rf_code replay_check(const struct replay *replay, const rf_entry *entry, rf_error *error);

/* --- what became of it (replay_report.c) ---------------------------------------------------------------- */

/* What became of the keys that were read; they add up. Those that are `unsettled` were under way in the end.
 */
struct replay_keys {
    uint64_t read, dropped, collided, resumed, empty, expired, skipped, failed, written, unsettled;
};
struct replay_keys replay_keys(const struct replay *replay);

/* `error`: why it ended, or NULL. */
void replay_say(const struct replay *replay, const rf_error *error);

/* What a replay adds to the report. */
void replay_report(struct json *json, const void *replay);

#endif
