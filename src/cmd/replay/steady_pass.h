/* SPDX-License-Identifier: MIT */
/* A pass over all keys of the target that misses none: it is repeated until no slot of the target has moved
 * meanwhile. A signal does not end it between two keys, only once it is overdue. */
#ifndef CMD_REPLAY_STEADY_PASS_H
#define CMD_REPLAY_STEADY_PASS_H

#include <rdbferry/live.h>

struct replay;

enum { STEADY_PASS_MS = 60 * 1000 };

typedef rf_code steady_pass_fn(void *ctx, rf_live *target, rf_error *error);

/* Nothing is in flight. *steady: false if slots have been moving for longer than `for_ms`, so that keys may
 * have been missed; if `steady` is NULL that is RF_E_UNAVAILABLE. */
rf_code steady_pass(struct replay *replay, int64_t for_ms, steady_pass_fn *pass, void *ctx, bool *steady,
                    rf_error *error);

/* The same for the pass that corrects the expiries. */
rf_code steady_unshift(struct replay *replay, int64_t for_ms, bool *steady, rf_error *error);

#endif
