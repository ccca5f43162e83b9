/* SPDX-License-Identifier: MIT */
/* Looks up the addresses of a host without waiting: of a name in a thread of its own, because it may be long
 * until a name server answers, or its last attempt is over. */
#ifndef NET_LOOKUP_H
#define NET_LOOKUP_H

#include <netdb.h>
#include <rdbferry/error.h>

struct lookup;

rf_code lookup_begin(const char *host, int port, struct lookup **out, rf_error *error);

/* Becomes readable when the lookup is over. */
int lookup_fd(const struct lookup *lookup);

/* *addresses remain valid until lookup_end(). Returns RF_END if it is not over. */
rf_code lookup_result(struct lookup *lookup, const struct addrinfo **addresses, rf_error *error);

/* `lookup` may be NULL. A thread that still runs ends by itself, or with the process. */
void lookup_end(struct lookup *lookup);

#endif
