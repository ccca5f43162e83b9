/* SPDX-License-Identifier: MIT */
/* The comparison of a cut-over, most of which is done before the writes are paused. First all keys are
 * compared, while the stream is kept in the spool; then those that the stream has changed since, again and
 * again while they become fewer; and during the pause the rest. A key that differed and that the stream has
 * not changed since, or changes that are not known by the keys, have all keys compared during the pause. */
#ifndef CMD_REPLAY_CUTOVER_COMPARE_H
#define CMD_REPLAY_CUTOVER_COMPARE_H

#include "cmd/replay/changed_keys.h"
#include <rdbferry/error.h>

struct replay;

struct cutover_compare {
    unsigned rounds;
    bool off;                    /* all keys are compared during the pause */
    struct changed_keys changed; /* since the last round began */
    struct changed_keys checked; /* in this round */
    struct buffer doubtful;      /* rf_digest: those that differed when they were compared last */
    uint64_t keys_before;        /* compared in the first round, */
    uint64_t keys_during;        /* and during the pause */
};

/* Called before the first command is read. */
void cutover_compare_begin(struct replay *replay);

/* Notes what a command changes. `named`: its keys have been rewritten, and are noted. */
void cutover_compare_note(struct replay *replay, const rf_entry *command, bool named);

/* Whether comparing before the pause makes the pause shorter. */
bool cutover_compare_helps(const struct replay *replay);

/* Compares, while nothing is written to the target. */
rf_code cutover_compare_ahead(struct replay *replay, rf_error *error);

/* Has all keys compared during the pause, and says why. */
void cutover_compare_give_up(struct cutover_compare *compare, const char *why);

/* During the pause, while expiries are as they were: compares what has changed since. *equal is false, too,
 * if that is not known, or cannot be told so: then cutover_compare_fully() is needed, with correct expiries.
 */
rf_code cutover_compare_rest(struct replay *replay, bool *equal, rf_error *error);
rf_code cutover_compare_fully(struct replay *replay, bool *equal, rf_error *error);

void cutover_compare_free(struct cutover_compare *compare);

#endif
