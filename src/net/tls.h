/* SPDX-License-Identifier: MIT */
/* TLS over a non-blocking socket, with OpenSSL; at least version 1.2. The certificate is verified, including
 * the host name or address in it, unless the target disables that.
 *
 * Each step proceeds as far as it can without waiting. *events is then 0, or what poll() must wait for
 * (POLLIN, POLLOUT) before the same step is repeated: this may be POLLOUT for a read, because TLS has
 * messages of its own. */
#ifndef NET_TLS_H
#define NET_TLS_H

#include <rdbferry/error.h>
#include <rdbferry/target.h>

struct tls;

/* Uses `fd`, which the caller keeps; `name` of the peer is used in messages and must outlive it. */
rf_code tls_open(const rf_target *target, const char *host, const char *name, int fd, struct tls **out,
                 rf_error *error);

rf_code tls_handshake(struct tls *tls, short *events, rf_error *error);

/* Returns RF_END if the peer has closed the connection. */
rf_code tls_read(struct tls *tls, void *to, size_t size, size_t *n, short *events, rf_error *error);
rf_code tls_write(struct tls *tls, const void *from, size_t size, size_t *n, short *events, rf_error *error);

/* `tls` may be NULL. Does not wait for the peer. */
void tls_close(struct tls *tls);

#endif
