/* SPDX-License-Identifier: MIT */
/* --metrics-file: the state of a replay in Prometheus's text format, for node_exporter's textfile collector.
 * The file is replaced atomically every second. */
#ifndef CMD_REPLAY_METRICS_H
#define CMD_REPLAY_METRICS_H

#include "cmd/run/session.h"
#include "cmd/term/status.h"
#include <rdbferry/replay.h>

struct metrics {
    const char *path;   /* NULL: no metrics */
    const char *target; /* without user and password */
    const struct following *following;
    const uint64_t *resumed, *collided, *unchanged; /* keys that are not sent to the target */
    double started;                                 /* Unix seconds */
    double last;                                    /* monotonic seconds */
    bool has_failed;                                /* a write has failed and the warning has been printed */
};

/* Writes the first state. The caller sets the members up to `unchanged`; `path` may be NULL. After an error
 * no metrics are written. */
rf_code metrics_begin(struct metrics *metrics, struct session *session, rf_error *error);

/* Writes the state if a second has passed since the last time. `replay` may be NULL if it is not open. */
void metrics_tick(struct metrics *metrics, const rf_replay *replay, struct session *session);

/* Writes the last state, with the run's exit status. An error is printed. */
void metrics_end(struct metrics *metrics, const rf_replay *replay, struct session *session,
                 enum status status);

#endif
