/* SPDX-License-Identifier: MIT */
/* RREPLAY, in which KeyDB wraps commands between active replicas:
 *
 *   RREPLAY uuid commands [db [version]]      "commands" is a string of RESP */
#ifndef AOF_RREPLAY_H
#define AOF_RREPLAY_H

#include "base/buffer.h"
#include "io/window.h"

struct rreplay {
    bool active;
    uint64_t offset; /* of the RREPLAY */
    int64_t db;
    bool db_given;
    struct window commands;
    struct buffer argv;
};

/* Starts with the commands of a RREPLAY, which were read from `w`; all of them are validated. Their bytes
 * must stay valid up to the last one. `db` is that of the RREPLAY itself. */
rf_code rreplay_begin(struct rreplay *r, struct window *w, const rf_slice *argv, size_t argc, uint64_t offset,
                      int64_t db);

/* Returns the next command, or RF_END after the last one: then it is not active any more. */
rf_code rreplay_next(struct rreplay *r, const rf_slice **argv, size_t *argc);

void rreplay_close(struct rreplay *r);

#endif
