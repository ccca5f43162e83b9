/* SPDX-License-Identifier: MIT */
/* Addresses: internal functions in addition to <rdbferry/target.h>. */
#ifndef NET_ADDRESS_H
#define NET_ADDRESS_H

#include <rdbferry/error.h>
#include <rdbferry/slice.h>
#include <rdbferry/target.h>

enum { ADDRESS_TEXT = 288 }; /* a host name has at most 253 bytes; longer ones are truncated */

/* Formats "10.0.0.5:6379", "[::1]:6379" or the path of a unix socket, for messages only. */
void address_format(const rf_address *address, char out[ADDRESS_TEXT]);

/* The host name by which the same machine is reached over TCP. */
rf_slice address_host(const rf_address *address);

/* Copies the host; port 0: a unix socket. Returns RF_E_ARGUMENT for an invalid address. */
rf_code address_make(rf_slice host, int64_t port, rf_address *out, rf_error *error);

/* The same for an address sent by a server, which cannot be a unix socket: RF_E_TARGET. */
rf_code address_from_server(rf_slice host, int64_t port, rf_address *out, rf_error *error);

/* The address to connect to: the mapped one, if the target maps it. Borrows its host. */
rf_address address_mapped(const rf_target *target, const rf_address *address);

bool address_equal(const rf_address *a, const rf_address *b);

void address_free(rf_address *address);

#endif
