/* SPDX-License-Identifier: MIT */
/* Requests over which connections are lost: one that brings a server down must not be sent for ever.
 *
 * A lost connection alone says little: servers are restarted, networks cut. So after a loss the requests that
 * may be to blame go one by one, with nothing else under way to their node, until they are answered. A
 * request ends the run
 *
 *   when it was among the first that were not answered as a server went down, and a server, that one or its
 *   successor, went down again while it was the only one under way ("went down": whoever answers for the key
 *   afterwards is another process, as run_id tells);
 *   or when the connection was lost over it five times in a row, the last four while it was the only one, and
 *   the server was there again each time.
 *
 * A server reads some of its requests before it answers any: those are the ones that may be to blame. */
#ifndef REPLAY_SUSPECT_H
#define REPLAY_SUSPECT_H

#include "replay/replay.h"

/* A pipe's connection is lost, or no answer comes: before its parcels leave it. */
void suspect_note(struct pipe *pipe);

/* The same of one that was asked for over another connection to the node. */
void suspect_note_one(const struct node *node, struct parcel *parcel);

/* Whether it has to be the only one under way. */
static inline bool suspect_goes_alone(const struct parcel *parcel)
{
    return parcel->deaths > 0 || parcel->cuts > 0;
}

/* Before a stray is sent again, into this pipe. RF_E_TARGET, and the end of the run: it must not be. */
rf_code suspect_judge(rf_replay *r, struct stray *stray, const struct pipe *pipe, rf_error *error);

/* Waits until nothing is under way to the node. */
rf_code suspect_wait(const struct node *node, rf_error *error);

#endif
