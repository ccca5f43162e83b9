/* SPDX-License-Identifier: MIT */
/* `replay --verify`: reads the inputs again after the run, and compares every key with the target, as `verify
 * --against` does.
 *
 * Keys that the run has skipped or failed to write are expected to differ. For earlier runs that were
 * resumed, only the number of these keys is known: as many keys may be missing or different. Collections
 * without elements are not checked, as no server has them; keys that have expired since are not differences.
 * Keys that only the target has are counted; they are differences only with --delete-extra, or if a command
 * that failed concerns them. Of vector sets only the type and the expiry are compared, because a server
 * serializes them differently after each load. */
#ifndef CMD_REPLAY_REPLAY_VERIFY_H
#define CMD_REPLAY_REPLAY_VERIFY_H

#include "base/json.h"
#include "cmd/compare/differences.h"
#include "cmd/compare/extra_keys.h"
#include "cmd/replay/replay_options.h"
#include "cmd/run/key_set.h"
#include "cmd/run/session.h"
#include <rdbferry/live.h>
#include <rdbferry/replay.h>
#include <stdio.h>

/* Returns false if an input cannot be read twice, as the option requires; the usage error has been printed.
 */
bool replay_verify_possible(const struct common_options *common, const char *option, const char *command);

/* The caller sets all members up to `ctx`; the rest is zeroed. */
struct replay_verification {
    const struct replay_options *options;
    const rf_target *target;
    struct session *session;                /* of the run */
    struct key_set *skipped, *failed;       /* keys of this run */
    uint64_t skipped_before, failed_before; /* keys of earlier runs that were resumed */
    FILE *out;                              /* where differences are printed */
    bool shifted;                           /* expiries on the target are */
    rf_difference_fn differ;                /* receives the differences, instead of that; may be NULL */
    void *ctx;

    rf_live *live; /* NULL: not begun */
    rf_live_counts counts;
    struct extra_keys extra; /* on the target */
    struct differences differences;
    rf_digester *digester;
    uint64_t left_missing, left_changed, left_extra; /* differences of keys that this run did not write */
    uint64_t incomparable;                           /* keys whose values cannot be compared */
    bool complete;
};

/* Called when everything is written; then replay_verify_entry() for each entry of all inputs, and
 * replay_verify_end() after the last one. */
rf_code replay_verify_begin(struct replay_verification *v, rf_error *error);

/* Returns RF_E_UNSUPPORTED for AOF commands. */
rf_code replay_verify_entry(struct replay_verification *v, size_t input, rf_entry *entry, rf_error *error);
rf_code replay_verify_end(struct replay_verification *v, rf_error *error);

/* All that differed has been found to be equal since: that completes it. */
void replay_verify_settle(struct replay_verification *v);

/* The number of differences that the run does not explain. */
uint64_t replay_verify_unaccounted(const struct replay_verification *v);

/* Prints the result. */
void replay_verify_print(const struct replay_verification *v);

/* Writes the member "verify"; null if the verification was not completed. */
void replay_verify_report(struct json *json, const struct replay_verification *v);

void replay_verify_free(struct replay_verification *v);

#endif
