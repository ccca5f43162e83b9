/* SPDX-License-Identifier: MIT */
/* Sockets: resolving, connecting, reading and writing, waiting. */
#include "net/connection.h"

#include "base/clock.h"
#include "base/fail.h"
#include "net/tls.h"
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { CONNECT_TIMEOUT_MS = 10 * 1000, ANSWER_TIMEOUT_MS = 60 * 1000 }; /* if the target has no timeout */

struct connection {
    int fd;
    struct tls *tls;            /* NULL: none */
    const rf_target_wait *wait; /* the target's */
    int64_t ticked_ms;          /* when its tick was called */
    int timeout_ms;
    short read_events, write_events; /* the events for which the last read and the last write wait */
    char name[2 * ADDRESS_TEXT + 8];
};

/* --- waiting ----------------------------------------------------------------------------------------- */

/* Returns true when an event or an error occurs before the deadline; false with errno. */
static bool wait_for(int fd, short events, int64_t deadline_ms)
{
    for (int64_t left; (left = deadline_ms - clock_monotonic_ms()) >= 0;) {
        int ready = poll(&(struct pollfd){.fd = fd, .events = events}, 1, (int)left);
        if (ready > 0)
            return true;
        if (ready < 0 && errno != EINTR)
            return false;
    }
    errno = ETIMEDOUT;
    return false;
}

rf_code connection_tick(struct connection *c, rf_error *error)
{
    const int64_t now_ms = clock_monotonic_ms();
    const bool due = now_ms - c->ticked_ms >= CONNECTION_TICK_MS;
    c->ticked_ms = due ? now_ms : c->ticked_ms;
    return due && c->wait->tick ? c->wait->tick(c->wait->ctx, error) : RF_OK;
}

/* Waits as wait_for() does, and ticks; *failed is 0 or its errno. */
static rf_code await(struct connection *c, short events, int64_t deadline_ms, int *failed, rf_error *error)
{
    int64_t tick_ms;
    do {
        TRY(connection_tick(c, error));
        tick_ms = c->ticked_ms + CONNECTION_TICK_MS;
        *failed = wait_for(c->fd, events, tick_ms < deadline_ms ? tick_ms : deadline_ms) ? 0 : errno;
    } while (*failed == ETIMEDOUT && tick_ms < deadline_ms);
    return RF_OK;
}

int connection_fd(const struct connection *c)
{
    return c->fd;
}

short connection_events(const struct connection *c, bool or_write)
{
    return or_write ? (short)(c->read_events | c->write_events) : c->read_events;
}

static rf_code timed_out(const struct connection *c, rf_error *error)
{
    return fail(error, RF_E_UNAVAILABLE, "%s: no reply within %g s", c->name, c->timeout_ms / 1000.0);
}

rf_code connection_check(const struct connection *c, const struct progress *progress, rf_error *error)
{
    return clock_monotonic_ms() - progress->since_ms <= c->timeout_ms ? RF_OK : timed_out(c, error);
}

rf_code connection_wait(struct connection *c, bool or_write, const struct progress *progress, rf_error *error)
{
    int failed;
    TRY(await(c, connection_events(c, or_write), progress->since_ms + c->timeout_ms, &failed, error));
    if (failed == ETIMEDOUT)
        return connection_check(c, progress, error);
    if (failed == 0)
        return RF_OK;
    errno = failed;
    return fail_errno(error, RF_E_UNAVAILABLE, "%s: cannot wait for a reply", c->name);
}

/* --- connecting -------------------------------------------------------------------------------------- */

/* *failed is 0 or an errno. */
static rf_code connect_within(struct connection *c, const struct sockaddr *address, socklen_t length,
                              int64_t deadline_ms, int *failed, rf_error *error)
{
    socklen_t size = sizeof *failed;
    *failed = connect(c->fd, address, length) == 0 ? 0 : errno;
    if (*failed != EINPROGRESS && *failed != EINTR)
        return RF_OK;
    TRY(await(c, POLLOUT, deadline_ms, failed, error));
    if (*failed == 0 && getsockopt(c->fd, SOL_SOCKET, SO_ERROR, failed, &size) != 0)
        *failed = errno;
    return RF_OK;
}

/* The socket is there after an error, too. */
static rf_code connect_socket(struct connection *c, const struct sockaddr *address, socklen_t length,
                              int64_t deadline_ms, rf_error *error)
{
    int failed = 0;
    c->fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0)
        failed = errno;
    else
        TRY(connect_within(c, address, length, deadline_ms, &failed, error));
    errno = failed;
    return failed == 0 ? RF_OK : fail_errno(error, RF_E_UNAVAILABLE, "%s: cannot connect", c->name);
}

static void close_socket(struct connection *c)
{
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
}

static rf_code connect_unix(struct connection *c, const char *path, int64_t deadline_ms, rf_error *error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path)
        return fail(error, RF_E_TARGET, "%s: path too long for a unix socket", c->name);
    memcpy(address.sun_path, path, strlen(path));
    return connect_socket(c, (const struct sockaddr *)&address, sizeof address, deadline_ms, error);
}

/* Disables Nagle's algorithm, and detects a dead peer in less than hours. */
static void set_options(int fd)
{
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

static rf_code connect_tcp(struct connection *c, const rf_address *address, int timeout_ms, rf_error *error)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *found;
    char port[12];
    snprintf(port, sizeof port, "%d", address->port);
    int refused = getaddrinfo(address->host, port, &hints, &found);
    if (refused == EAI_SYSTEM)
        return fail_errno(error, RF_E_UNAVAILABLE, "%s: cannot resolve the host name", c->name);
    if (refused != 0)
        return fail(error, RF_E_UNAVAILABLE, "%s: cannot resolve the host name: %s", c->name,
                    gai_strerror(refused));
    rf_code code = RF_E_UNAVAILABLE;
    for (const struct addrinfo *one = found; one && code == RF_E_UNAVAILABLE; one = one->ai_next) {
        close_socket(c);
        code = connect_socket(c, one->ai_addr, one->ai_addrlen, clock_monotonic_ms() + timeout_ms, error);
    }
    freeaddrinfo(found);
    if (code == RF_OK)
        set_options(c->fd);
    return code;
}

/* A server without TLS may wait for the end of a line. The timeout is for the whole handshake, however slowly
 * it proceeds. */
static rf_code start_tls(struct connection *c, const rf_target *target, const char *host, int timeout_ms,
                         rf_error *error)
{
    short events;
    int64_t deadline_ms = clock_monotonic_ms() + timeout_ms;
    TRY(tls_open(target, host, c->name, c->fd, &c->tls, error));
    TRY(tls_handshake(c->tls, &events, error));
    while (events) {
        int failed;
        TRY(await(c, events, deadline_ms, &failed, error));
        if (failed != 0)
            return fail(error, RF_E_UNAVAILABLE, "%s: no TLS handshake within %g s", c->name,
                        timeout_ms / 1000.0);
        TRY(tls_handshake(c->tls, &events, error));
    }
    return RF_OK;
}

/* The certificate must match the announced address. */
static rf_code establish(struct connection *c, const rf_target *target, const rf_address *address,
                         rf_error *error)
{
    const rf_address reached = address_mapped(target, address);
    int timeout_ms = target->timeout_ms > 0 ? target->timeout_ms : CONNECT_TIMEOUT_MS;
    if (address->port == 0 && target->tls)
        return fail(error, RF_E_ARGUMENT, "%s: TLS is not supported over unix sockets", c->name);
    if (address->port == 0)
        return connect_unix(c, address->host, clock_monotonic_ms() + timeout_ms, error);
    TRY(connect_tcp(c, &reached, timeout_ms, error));
    return target->tls ? start_tls(c, target, address->host, timeout_ms, error) : RF_OK;
}

/* "10.0.0.5:6379", or "10.0.0.5:6379 (at 127.0.0.1:7000)". */
static void name_connection(struct connection *c, const rf_target *target, const rf_address *address)
{
    const rf_address reached = address_mapped(target, address);
    char name[ADDRESS_TEXT], at[ADDRESS_TEXT];
    address_format(address, name);
    address_format(&reached, at);
    bool mapped = !address_equal(&reached, address);
    snprintf(c->name, sizeof c->name, "%s%s%s%s", name, mapped ? " (at " : "", mapped ? at : "",
             mapped ? ")" : "");
}

rf_code connection_open(const rf_target *target, const rf_address *address, struct connection **out,
                        rf_error *error)
{
    struct connection *c = malloc(sizeof *c);
    if (!c)
        return fail(error, RF_E_MEMORY, "out of memory");
    *c = (struct connection){.fd = -1,
                             .wait = &target->wait,
                             .timeout_ms = target->timeout_ms > 0 ? target->timeout_ms : ANSWER_TIMEOUT_MS,
                             .read_events = POLLIN,
                             .write_events = POLLOUT};
    name_connection(c, target, address);
    rf_code code = establish(c, target, address, error);
    if (code != RF_OK) {
        connection_close(c);
        return code;
    }
    *out = c;
    return RF_OK;
}

const char *connection_name(const struct connection *c)
{
    return c->name;
}

void connection_close(struct connection *c)
{
    if (!c)
        return;
    tls_close(c->tls);
    close_socket(c);
    free(c);
}

/* --- reading and writing ------------------------------------------------------------------------------- */

static rf_code socket_failed(const struct connection *c, rf_error *error)
{
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)
        return RF_OK;
    return fail_errno(error, RF_E_UNAVAILABLE, "%s: connection lost", c->name);
}

rf_code connection_read(struct connection *c, void *to, size_t size, size_t *n, rf_error *error)
{
    if (c->tls)
        return tls_read(c->tls, to, size, n, &c->read_events, error);
    *n = 0;
    ssize_t got = recv(c->fd, to, size, 0);
    if (got < 0)
        return socket_failed(c, error);
    *n = (size_t)got;
    return got > 0 ? RF_OK : RF_END;
}

rf_code connection_write(struct connection *c, const void *from, size_t size, size_t *n, rf_error *error)
{
    if (c->tls)
        return tls_write(c->tls, from, size, n, &c->write_events, error);
    *n = 0;
    ssize_t put = send(c->fd, from, size, MSG_NOSIGNAL);
    if (put < 0)
        return socket_failed(c, error);
    *n = (size_t)put;
    return RF_OK;
}
