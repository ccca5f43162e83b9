/* SPDX-License-Identifier: MIT */
/* Sockets: connecting, reading and writing, waiting. */
#include "net/connection.h"

#include "base/clock.h"
#include "base/fail.h"
#include "net/lookup.h"
#include "net/tls.h"
#include <errno.h>
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
    int fd;                     /* -1: the host name is being looked up */
    struct tls *tls;            /* NULL: none */
    const rf_target_wait *wait; /* the target's */
    int64_t ticked_ms;          /* when its tick was called */
    int timeout_ms;
    short read_events, write_events; /* the events for which the last read and the last write wait */
    char name[2 * ADDRESS_TEXT + 8];
    /* until it is established: */
    const rf_target *target;
    const rf_address *address;
    struct lookup *lookup;       /* NULL: none, or connected */
    const struct addrinfo *next; /* those of its addresses that have not been tried */
    int connect_ms;              /* limit for the lookup, for each address, and for the TLS handshake */
    int64_t deadline_ms;
    bool connected; /* without the TLS handshake */
    short events;   /* for which the next step waits; 0: it is established */
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
        const int64_t until_ms = tick_ms < deadline_ms ? tick_ms : deadline_ms;
        *failed = wait_for(connection_fd(c), events, until_ms) ? 0 : errno;
    } while (*failed == ETIMEDOUT && tick_ms < deadline_ms);
    return RF_OK;
}

int connection_fd(const struct connection *c)
{
    return c->fd >= 0 ? c->fd : lookup_fd(c->lookup);
}

short connection_events(const struct connection *c, bool or_write)
{
    if (c->events != 0)
        return c->events;
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

/* Replaces the socket by one that is being connected, which has another number. False with errno. */
static bool begin_socket(struct connection *c, const struct sockaddr *address, socklen_t length)
{
    int failed = 0, fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || (connect(fd, address, length) != 0 && errno != EINPROGRESS && errno != EINTR))
        failed = errno;
    const int replaced = failed == 0 ? c->fd : fd;
    if (replaced >= 0)
        close(replaced);
    c->fd = failed == 0 ? fd : c->fd;
    c->deadline_ms = clock_monotonic_ms() + c->connect_ms;
    errno = failed;
    return failed == 0;
}

static rf_code begin_unix(struct connection *c, const char *path, rf_error *error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path)
        return fail(error, RF_E_TARGET, "%s: path too long for a unix socket", c->name);
    memcpy(address.sun_path, path, strlen(path));
    return begin_socket(c, (const struct sockaddr *)&address, sizeof address)
               ? RF_OK
               : fail_errno(error, RF_E_UNAVAILABLE, "%s: cannot connect", c->name);
}

/* Begins with the next address that allows it. If there is none, the error is that of the last one, in errno.
 */
static rf_code begin_next(struct connection *c, rf_error *error)
{
    for (const struct addrinfo *one; (one = c->next);) {
        c->next = one->ai_next;
        if (begin_socket(c, one->ai_addr, one->ai_addrlen))
            return RF_OK;
    }
    return fail_errno(error, RF_E_UNAVAILABLE, "%s: cannot connect", c->name);
}

static rf_code begin_tcp(struct connection *c, const rf_address *address, rf_error *error)
{
    rf_error why;
    rf_code code = lookup_begin(address->host, address->port, &c->lookup, &why);
    c->events = POLLIN;
    c->deadline_ms = clock_monotonic_ms() + c->connect_ms;
    return code == RF_OK ? RF_OK : fail(error, code, "%s: %s", c->name, why.message);
}

/* The certificate must match the announced address. */
static rf_code begin(struct connection *c, rf_error *error)
{
    const rf_address reached = address_mapped(c->target, c->address);
    if (c->address->port == 0 && c->target->tls)
        return fail(error, RF_E_ARGUMENT, "%s: TLS is not supported over unix sockets", c->name);
    return c->address->port == 0 ? begin_unix(c, c->address->host, error) : begin_tcp(c, &reached, error);
}

/* Disables Nagle's algorithm, and detects a dead peer in less than hours. */
static void set_options(int fd)
{
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

/* Why the socket is not connected: an errno; 0 if it is, EINPROGRESS if it may still be. */
static int connect_result(const struct connection *c)
{
    int failed = 0;
    socklen_t size = sizeof failed;
    int ready = poll(&(struct pollfd){.fd = c->fd, .events = POLLOUT}, 1, 0);
    if (ready <= 0)
        return clock_monotonic_ms() < c->deadline_ms ? EINPROGRESS : ETIMEDOUT;
    return getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &failed, &size) == 0 ? failed : errno;
}

static rf_code continue_lookup(struct connection *c, rf_error *error)
{
    rf_error why;
    rf_code code = lookup_result(c->lookup, &c->next, &why);
    if (code == RF_END && clock_monotonic_ms() < c->deadline_ms)
        return RF_END;
    if (code == RF_END)
        return fail(error, RF_E_UNAVAILABLE, "%s: cannot resolve the host name within %g s", c->name,
                    c->connect_ms / 1000.0);
    if (code != RF_OK)
        return fail(error, code, "%s: %s", c->name, why.message);
    c->events = POLLOUT;
    return begin_next(c, error);
}

static rf_code continue_connect(struct connection *c, rf_error *error)
{
    errno = connect_result(c);
    if (errno == EINPROGRESS)
        return RF_END;
    if (errno != 0) {
        TRY(begin_next(c, error));
        return RF_END;
    }
    if (c->address->port != 0)
        set_options(c->fd);
    lookup_end(c->lookup);
    c->lookup = NULL;
    c->connected = true;
    c->deadline_ms = clock_monotonic_ms() + c->connect_ms;
    return c->target->tls ? tls_open(c->target, c->address->host, c->name, c->fd, &c->tls, error) : RF_OK;
}

/* A server without TLS may wait for the end of a line. The timeout is for the whole handshake, however slowly
 * it proceeds. */
static rf_code continue_tls(struct connection *c, rf_error *error)
{
    short events = 0;
    if (c->tls)
        TRY(tls_handshake(c->tls, &events, error));
    c->events = events;
    if (events == 0)
        return RF_OK;
    if (clock_monotonic_ms() <= c->deadline_ms)
        return RF_END;
    return fail(error, RF_E_UNAVAILABLE, "%s: no TLS handshake within %g s", c->name, c->connect_ms / 1000.0);
}

rf_code connection_continue(struct connection *c, rf_error *error)
{
    if (c->events == 0)
        return RF_OK;
    if (c->fd < 0)
        TRY(continue_lookup(c, error));
    if (!c->connected)
        TRY(continue_connect(c, error));
    return continue_tls(c, error);
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

rf_code connection_begin(const rf_target *target, const rf_address *address, struct connection **out,
                         rf_error *error)
{
    struct connection *c = malloc(sizeof *c);
    if (!c)
        return fail(error, RF_E_MEMORY, "out of memory");
    *c = (struct connection){.fd = -1,
                             .wait = &target->wait,
                             .target = target,
                             .address = address,
                             .connect_ms = target->timeout_ms > 0 ? target->timeout_ms : CONNECT_TIMEOUT_MS,
                             .timeout_ms = target->timeout_ms > 0 ? target->timeout_ms : ANSWER_TIMEOUT_MS,
                             .events = POLLOUT,
                             .read_events = POLLIN,
                             .write_events = POLLOUT};
    name_connection(c, target, address);
    rf_code code = begin(c, error);
    if (code != RF_OK) {
        connection_close(c);
        return code;
    }
    *out = c;
    return RF_OK;
}

rf_code connection_open(const rf_target *target, const rf_address *address, struct connection **out,
                        rf_error *error)
{
    struct connection *c;
    rf_code code;
    TRY(connection_begin(target, address, &c, error));
    while ((code = connection_continue(c, error)) == RF_END) {
        int failed;
        code = await(c, c->events, c->deadline_ms, &failed, error);
        if (code != RF_OK)
            break;
    }
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
    lookup_end(c->lookup);
    if (c->fd >= 0)
        close(c->fd);
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
