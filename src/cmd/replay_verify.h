/* SPDX-License-Identifier: MIT */
/* `replay --verify`: once the run is through, the inputs are read once more, and every key is held against
 * the target, as `verify --against` does.
 *
 * What the run has left as it was is no news: keys that were skipped or have failed. Of those of earlier runs
 * that were resumed it is known how many they are, not which: so many keys may be missing, or be another one.
 * Values of collections without elements, which no server has, are not asked for; keys that have expired
 * since are no differences. Keys that only the target has are counted, and are no differences either. Of
 * vector sets, which a server writes in another way after each load, only the type and the expiry are
 * compared. */
#ifndef CMD_REPLAY_VERIFY_H
#define CMD_REPLAY_VERIFY_H

#include "collisions.h"
#include "differences.h"
#include "extra_keys.h"
#include "json.h"
#include "key_set.h"
#include "replay_options.h"
#include "session.h"
#include <rdbferry/live.h>
#include <rdbferry/replay.h>
#include <stdio.h>

/* False: an input cannot be read twice, or a report or data goes where differences would; the usage error
 * has been printed. */
bool replay_verify_possible(const struct common_options *common, const char *command);

/* All up to `engine` are set, the rest begins as 0. */
struct replay_verification {
    const struct replay_options *options;
    struct session *session;                /* of the run */
    struct collisions *collisions;          /* likewise */
    struct key_set *skipped, *failed;       /* keys of this run */
    uint64_t skipped_before, failed_before; /* keys of earlier runs that were resumed */
    FILE *out;                              /* for differences */

    rf_live *live; /* NULL: it has not begun */
    rf_live_counts counts;
    struct extra_keys extra; /* of the target */
    struct differences differences;
    rf_digest_pool *pool;
    uint32_t input;                      /* whose keys are in the pool */
    uint64_t left_missing, left_changed; /* differences of keys that this run left as they were */
    uint64_t incomparable;               /* keys whose values say nothing */
    bool complete;
};

/* Reads all inputs; in session_run()'s work, when everything is settled. RF_E_UNSUPPORTED for commands of an
 * AOF. */
rf_code replay_verify(struct replay_verification *v, rf_error *error);

/* Differences that the run does not account for. */
uint64_t replay_verify_unaccounted(const struct replay_verification *v);

/* Says what came of it. */
void replay_verify_say(const struct replay_verification *v);

/* A member "verify"; null where it has not come to its end. */
void replay_verify_report(struct json *json, const struct replay_verification *v);

void replay_verify_free(struct replay_verification *v);

#endif
