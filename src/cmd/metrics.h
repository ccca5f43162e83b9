/* SPDX-License-Identifier: MIT */
/* --metrics-file: the state of a replay in Prometheus's text format, in a file that is replaced each second,
 * for a node-exporter's textfile collector. Whoever reads it sees one state or the next, never a half. */
#ifndef CMD_METRICS_H
#define CMD_METRICS_H

#include "session.h"
#include "status.h"
#include <rdbferry/replay.h>
#include <sys/types.h>

struct metrics {
    const char *path;                   /* NULL: nobody wants any */
    const char *target;                 /* without user and password */
    const uint64_t *resumed, *collided; /* keys that do not get as far as the target */
    mode_t mode;
    double started;  /* Unix seconds */
    double last;     /* monotonic seconds */
    bool has_failed; /* a write; a warning has been printed */
};

/* While no other thread makes files: it reads the umask. The members up to `collided` are set, but for
 * `mode`; `path` may be NULL. Writes the first state; where that cannot be, there will be none. */
rf_code metrics_begin(struct metrics *metrics, struct session *session, rf_error *error);

/* Writes the state, if a second has passed since the last time. `replay` may be NULL: it is not open yet, or
 * could not be opened. */
void metrics_tick(struct metrics *metrics, const rf_replay *replay, struct session *session);

/* The last state: the run ends with this status. False: it could not be written, and the message has been
 * printed. */
bool metrics_end(struct metrics *metrics, const rf_replay *replay, struct session *session,
                 enum status status);

#endif
