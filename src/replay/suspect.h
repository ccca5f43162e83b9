/* SPDX-License-Identifier: MIT */
/* Requests over which connections are lost: one that brings a server down must not be sent forever.
 *
 * A lost connection alone proves little: servers are restarted, networks fail. So after a loss, the requests
 * that may be the cause are sent one by one, with no other request in flight to their node, until they are
 * answered. A request ends the run
 *
 *   if it was among the first unanswered requests when a server went down, and that server or its successor
 *   went down again while it was the only one in flight ("went down": the key is then served by another
 *   process, according to run_id);
 *   or if the connection was lost five times in a row while waiting for it, the last four times while it was
 *   the only one in flight, and the server was available again each time.
 *
 * A server reads several requests before it answers the first one: those may be the cause. */
#ifndef REPLAY_SUSPECT_H
#define REPLAY_SUSPECT_H

#include "replay/internal.h"

/* Called when a pipeline's connection is lost or times out, before its requests leave it. */
void suspect_note(struct pipeline *pipeline);

/* The same for a request sent over the node's control connection. */
void suspect_note_one(const struct node *node, struct request *request);

/* Called when a node is connected to, before `run` replaces node->run: a process that is still there has
 * survived the lost requests, although another one may bring it down before they are sent again. */
void suspect_learn(const struct node *node, uint32_t run);

/* Whether it must be the only request in flight. */
static inline bool suspect_goes_alone(const struct request *request)
{
    return request->crashes > 0 || request->disconnects > 0;
}

/* Called before a retry item is sent on this pipeline. RF_E_TARGET: it must not be sent, and the run ends. */
rf_code suspect_check(rf_replay *r, struct retry_item *item, const struct pipeline *pipeline,
                      rf_error *error);

/* Waits until no request is in flight to the node. */
rf_code suspect_wait(struct node *node, rf_error *error);

#endif
