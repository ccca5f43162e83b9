/* SPDX-License-Identifier: MIT */
/* A connection: bytes to and from one address, over TCP, TLS or a unix socket.
 *
 * The socket never blocks. Reading and writing go as far as they can; connection_wait() is the one place that
 * waits, and it gives up when there has been no progress for the target's timeout. */
#ifndef NET_CONNECTION_H
#define NET_CONNECTION_H

#include "net/address.h"
#include "net/progress.h"

struct connection;

/* Tries each address that the host's name stands for, then the TLS handshake if the target says so. */
rf_code connection_open(const rf_target *target, const rf_address *address, struct connection **out,
                        rf_error *error);

/* What the other side is called in messages. */
const char *connection_name(const struct connection *connection);

/* RF_OK with *n bytes, which are 0 where there are none yet; RF_END where the other side has closed. */
rf_code connection_read(struct connection *connection, void *to, size_t size, size_t *n, rf_error *error);

/* RF_OK with *n bytes taken, which may be 0; RF_END as above. Whoever writes to a closed TLS connection gets
 * a SIGPIPE, unless it is ignored. */
rf_code connection_write(struct connection *connection, const void *from, size_t size, size_t *n,
                         rf_error *error);

/* Waits until a read that came to nothing can go on; with `or_write`, until either can. RF_E_TARGET when
 * there has been no progress for too long. */
rf_code connection_wait(struct connection *connection, bool or_write, const struct progress *progress,
                        rf_error *error);

/* The same without waiting, for whoever need not: whether there has been no progress for too long. */
rf_code connection_check(const struct connection *connection, const struct progress *progress,
                         rf_error *error);

/* For whoever waits for several at once: the socket, and the events (POLLIN, POLLOUT) at which a read, and
 * with `or_write` also a write, that came to nothing can go on. */
int connection_fd(const struct connection *connection);
short connection_events(const struct connection *connection, bool or_write);

/* NULL is let through. */
void connection_close(struct connection *connection);

#endif
