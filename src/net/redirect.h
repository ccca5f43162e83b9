/* SPDX-License-Identifier: MIT */
/* Errors of a server that pass, or that name another one:
 *
 *   -MOVED slot host:port    -ASK slot host:port    without a host: that of the server that says so */
#ifndef NET_REDIRECT_H
#define NET_REDIRECT_H

#include "net/address.h"
#include "net/reply.h"

enum passing {
    PASSING_NOT,
    PASSING_MOVED, /* the slot is another node's */
    PASSING_ASK,   /* this key is on another node, while its slot moves there */
    PASSING_WAIT,  /* not now */
};

enum passing passing_of(struct reply reply);

/* The address at the end of a MOVED or an ASK that `asked` has answered; the caller's to free. RF_E_TARGET
 * where there is none. */
rf_code redirect_address(struct reply reply, const rf_address *asked, rf_address *out, rf_error *error);

/* Whether the table of nodes that `asked` has answered to CLUSTER NODES has a node at this address, by its IP
 * or by its host name. Nodes that have only been met (handshake), or have no address, do not count. */
bool redirect_is_named(rf_slice nodes, const rf_address *asked, const rf_address *address);

#endif
