/* SPDX-License-Identifier: MIT */
/* Server errors that are transient or redirect to another node:
 *
 *   -MOVED slot host:port    -ASK slot host:port    without a host: the host of the server that sent it */
#ifndef NET_REDIRECT_H
#define NET_REDIRECT_H

#include "net/address.h"
#include "net/reply.h"

enum error_class {
    ERROR_OTHER,
    ERROR_MOVED,     /* another node serves the slot */
    ERROR_ASK,       /* this key is on another node, while its slot is migrated */
    ERROR_TRANSIENT, /* retry later */
};

enum error_class classify_error(struct reply reply);

/* The address in a MOVED or ASK error sent by `asked`; the caller frees it. RF_E_TARGET if there is none. */
rf_code redirect_address(struct reply reply, const rf_address *asked, rf_address *out, rf_error *error);

/* Whether the reply of `asked` to CLUSTER NODES lists a node at this address, by IP or host name. Nodes in
 * the handshake state or without an address do not count. */
bool redirect_is_named(rf_slice nodes, const rf_address *asked, const rf_address *address);

#endif
