/* SPDX-License-Identifier: MIT */
/* A connection that is being opened: a state machine that the event loop continues (connect.c).
 *
 *   connect, TLS   AUTH   CLIENT SETNAME   INFO server   [fencing]   INFO replication | ROLE
 *   [CLIENT IMPORT-SOURCE ON   INFO stats]   INFO memory
 *
 * Fencing alone is also done over the control connection, which is then not available for anything else. Each
 * step of the handshake is sent once the replies to the one before are there. */
#ifndef REPLAY_OPENING_H
#define REPLAY_OPENING_H

#include "replay/internal.h"

struct opening {
    struct node *node;
    struct pipeline *pipeline; /* that gets the connection; NULL: it is the control connection */
    struct client *client;
    unsigned serial;
    unsigned step, end;    /* of the handshake: the next one, and after the last one */
    int64_t until_ms;      /* end of a pause; 0: none */
    bool fencing;          /* fencing is in progress: */
    bool killed;           /* all lost connections are killed */
    struct buffer clients; /* the reply to CLIENT LIST */
    int fd;                /* that epoll waits for, */
    uint32_t events;       /* and for what */
};

/* --- handshake.c --------------------------------------------------------------------------------------- */

/* The steps of a new connection, or only those of fencing. */
void handshake_begin(struct opening *opening, bool fence_only);

/* Continues without waiting. RF_END: it is not complete yet. */
rf_code handshake_continue(struct opening *opening, rf_error *error);

/* --- fence.c: the steps of fencing ---------------------------------------------------------------------- */

/* CLIENT SETNAME: names the connection, so that it can be found when it is lost. */
rf_code fence_put_name(struct opening *opening, rf_error *error);
rf_code fence_on_name(struct opening *opening, struct reply reply, rf_slice rest, rf_error *error);

/* CLIENT LIST, if there are lost connections. */
rf_code fence_put_list(struct opening *opening, rf_error *error);
rf_code fence_on_list(struct opening *opening, struct reply reply, rf_slice rest, rf_error *error);

/* CLIENT KILL of those. */
rf_code fence_put_kills(struct opening *opening, rf_error *error);
rf_code fence_on_kill(struct opening *opening, struct reply reply, rf_slice rest, rf_error *error);

/* If they cannot be killed, a pause until what they have sent is executed. */
rf_code fence_put_pause(struct opening *opening, rf_error *error);
rf_code fence_end(struct opening *opening, rf_error *error);

#endif
