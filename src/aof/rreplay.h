/* SPDX-License-Identifier: MIT */
/* RREPLAY, in which KeyDB wraps commands between active replicas:
 *
 *   RREPLAY uuid commands [db [version]]      "commands" is a string of RESP */
#ifndef AOF_RREPLAY_H
#define AOF_RREPLAY_H

#include "resp/resp_read.h"

struct rreplay {
    bool active;
    uint64_t start;  /* of the RREPLAY */
    uint64_t offset; /* of the current command: no other one of the log has it */
    int64_t db;
    bool db_given;
    struct window commands;
    struct rf_arguments arguments;
};

/* Starts with the commands of a RREPLAY, none of whose arguments is streamed; all of them are validated. Its
 * bytes must stay valid up to the last one. `db` is that of the RREPLAY itself. */
rf_code rreplay_begin(struct rreplay *r, const struct rf_arguments *command, uint64_t offset, int64_t db);

/* Reads the next command, or RF_END after the last one: then it is not active any more. */
rf_code rreplay_next(struct rreplay *r);

void rreplay_close(struct rreplay *r);

#endif
