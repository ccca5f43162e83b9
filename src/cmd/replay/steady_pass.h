/* SPDX-License-Identifier: MIT */
/* A pass over all keys of the target that misses none: it is repeated until no slot of the target has moved
 * meanwhile. A signal does not end it between two keys, only once it is overdue. */
#ifndef CMD_REPLAY_STEADY_PASS_H
#define CMD_REPLAY_STEADY_PASS_H

#include <rdbferry/live.h>

struct replay;

typedef rf_code steady_pass_fn(void *ctx, rf_live *target, rf_error *error);

/* Nothing is in flight. With `steady` there is one pass, and *steady is whether no slot has moved; if it is
 * NULL, the pass is repeated for up to a minute, and then RF_E_UNAVAILABLE: keys may have been missed. */
rf_code steady_pass(struct replay *replay, steady_pass_fn *pass, void *ctx, bool *steady, rf_error *error);

/* The same for the pass that corrects the expiries. */
rf_code steady_unshift(struct replay *replay, bool *steady, rf_error *error);

#endif
