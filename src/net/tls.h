/* SPDX-License-Identifier: MIT */
/* TLS over a non-blocking socket, by OpenSSL; at least version 1.2. Certificates are verified, the host's
 * name or address in them too, unless the target says not to.
 *
 * Each step goes as far as it can without waiting. *events is then 0, or what poll() is to wait for (POLLIN,
 * POLLOUT) before the same step is taken again: which may be POLLOUT to read, as TLS has messages of its
 * own. */
#ifndef NET_TLS_H
#define NET_TLS_H

#include <rdbferry/error.h>
#include <rdbferry/target.h>

struct tls;

/* Over `fd`, which stays the caller's; `name` of the other side stands in messages and outlives it. */
rf_code tls_open(const rf_target *target, const char *host, const char *name, int fd, struct tls **out,
                 rf_error *error);

rf_code tls_handshake(struct tls *tls, short *events, rf_error *error);

/* RF_END where the other side has closed. */
rf_code tls_read(struct tls *tls, void *to, size_t size, size_t *n, short *events, rf_error *error);
rf_code tls_write(struct tls *tls, const void *from, size_t size, size_t *n, short *events, rf_error *error);

/* NULL is let through. Does not wait for the other side. */
void tls_close(struct tls *tls);

#endif
