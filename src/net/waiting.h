/* SPDX-License-Identifier: MIT */
/* Waiting for a target that is not available: what is waited for is logged once per reason, and when it is
 * over. */
#ifndef NET_WAITING_H
#define NET_WAITING_H

#include <rdbferry/target.h>

enum { WAITING_REASONS_MAX = 8 };

struct waiting {
    int64_t since_ms; /* monotonic; 0: not waiting */
    uint64_t logged[WAITING_REASONS_MAX];
    unsigned count; /* of the reasons logged; more are not */
};

/* Logs "waiting for 10.0.0.5:6379 (cannot connect: Connection refused), for up to 60 s", unless this reason
 * was logged before. `why` is "NAME: REASON". */
void waiting_log(struct waiting *waiting, const rf_target_wait *options, int64_t most_ms, const char *why);

/* Logs "connected to NAME after 5 s" if it was waited for. */
void waiting_end(struct waiting *waiting, const rf_target_wait *options, const char *name);

/* The duration of the next pause: *last_ms is that of the last one, or 0, and becomes it. Each is twice as
 * long as the last one, from 20 ms to a second. */
int64_t waiting_next_pause(int64_t *last_ms);

/* Sleeps, and calls options->tick. */
rf_code waiting_pause(const rf_target_wait *options, int64_t ms, rf_error *error);

/* Repeats an attempt as long as it returns RF_E_UNAVAILABLE, for the target's retry_for_ms from the first
 * failure on: an attempt may take longer than that. */
rf_code waiting_attempt(const rf_target *target, rf_code (*attempt)(void *ctx, rf_error *error), void *ctx,
                        rf_error *error);

#endif
