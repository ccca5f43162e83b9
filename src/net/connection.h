/* SPDX-License-Identifier: MIT */
/* A connection to one address, over TCP, TLS or a unix socket.
 *
 * The socket is non-blocking. Only connection_open() and connection_wait() wait, and they fail if there was
 * no progress for the target's timeout. */
#ifndef NET_CONNECTION_H
#define NET_CONNECTION_H

#include "net/address.h"
#include "net/progress.h"

struct connection;

/* Begins to connect. `target` and `address` must remain valid until the connection is established. */
rf_code connection_begin(const rf_target *target, const rf_address *address, struct connection **out,
                         rf_error *error);

/* Continues without waiting: looks up the host, tries each of its addresses, then performs the TLS handshake
 * if the target uses TLS. Returns RF_OK once it is established. RF_END: not yet; call it again for
 * connection_events(), and from time to time, because it also checks the timeout. After another error it can
 * only be closed. */
rf_code connection_continue(struct connection *connection, rf_error *error);

enum { CONNECTION_TICK_MS = 100 };

/* Begins, and waits until it is established. The target's wait.tick is called while it is waited for, now and
 * in connection_wait(): the target must outlive the connection. */
rf_code connection_open(const rf_target *target, const rf_address *address, struct connection **out,
                        rf_error *error);

/* The peer's name in messages. */
const char *connection_name(const struct connection *connection);

/* Returns RF_OK with *n bytes read, which may be 0; RF_END if the peer has closed the connection. */
rf_code connection_read(struct connection *connection, void *to, size_t size, size_t *n, rf_error *error);

/* Returns RF_OK with *n bytes written, which may be 0; RF_END as above. Writing to a closed TLS connection
 * raises SIGPIPE, unless it is ignored. */
rf_code connection_write(struct connection *connection, const void *from, size_t size, size_t *n,
                         rf_error *error);

/* Waits until a read that would block can continue; with `or_write`, until a write can continue, too.
 * RF_E_TARGET if there was no progress for too long. */
rf_code connection_wait(struct connection *connection, bool or_write, const struct progress *progress,
                        rf_error *error);

/* For waits elsewhere: calls the target's wait.tick, if CONNECTION_TICK_MS have passed. */
rf_code connection_tick(struct connection *connection, rf_error *error);

/* Checks without waiting whether there was no progress for too long. */
rf_code connection_check(const struct connection *connection, const struct progress *progress,
                         rf_error *error);

/* For polling several connections at once: the descriptor, and the events (POLLIN, POLLOUT) for which a read
 * that would block, and with `or_write` also a write, waits; or the next step, until it is established. It
 * may be another one, with another number, after connection_continue(). */
int connection_fd(const struct connection *connection);
short connection_events(const struct connection *connection, bool or_write);

/* `connection` may be NULL. */
void connection_close(struct connection *connection);

#endif
