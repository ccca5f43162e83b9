/* SPDX-License-Identifier: MIT */
/* The handshake of a replica, and waiting for what follows.
 *
 *     PING
 *     REPLCONF listening-port 0                  a replica that cannot be connected to
 *     REPLCONF capa eof capa psync2              an RDB directly from memory; ids of failovers
 *     REPLCONF version 9.1.0                     Valkey from 8.0: which RDB version is understood
 *     REPLCONF rdb-only 1                        from 6.2: no stream is kept for after the RDB
 *     PSYNC ? -1 | PSYNC <id> <offset + 1>
 *
 * A server that does not know a REPLCONF option rejects it, which changes nothing else. Two connections for
 * the RDB and compression are not offered, so no server uses them. */
#include "replication/link.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/fail.h"
#include "net/client.h"
#include "net/connection.h"
#include "replication/refusal.h"
#include "resp/resp_write.h"
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    SILENCE_MS = 60 * 1000, /* if the target has no timeout: as long as a replica waits */
    LINK_IN = 256 * 1024,
};

struct link {
    struct connection *connection;
    int stop_fd;
    int timeout_ms;
    int64_t heard_ms; /* monotonic: when something arrived */
    struct sync sync;
    rf_slice unread; /* of what is in `in` */
    uint8_t in[LINK_IN];
};

static rf_code closed(const struct link *link, rf_error *error)
{
    return fail(error, RF_E_UNAVAILABLE, "%s: connection closed by the server%s", link_name(link),
                link->sync.state == SYNC_IN_RDB ? " in the middle of the snapshot" : "");
}

/* --- the handshake ------------------------------------------------------------------------------------ */

enum { WORDS_MAX = 5 };

static rf_code put_words(struct client *client, const char *const words[WORDS_MAX], rf_error *error)
{
    rf_slice argv[WORDS_MAX];
    size_t argc = 0;
    for (; argc < WORDS_MAX && words[argc]; argc++)
        argv[argc] = slice_of(words[argc], strlen(words[argc]));
    return client_put(client, argv, argc, error);
}

/* Errors other than those that concern every command are not those of PSYNC, which decides. */
static rf_code handshake(struct client *client, bool only_rdb, rf_error *error)
{
    static const char *const commands[][WORDS_MAX] = {
        {"PING"},
        {"REPLCONF", "listening-port", "0"},
        {"REPLCONF", "capa", "eof", "capa", "psync2"},
        {"REPLCONF", "version", "9.1.0"},
        {"REPLCONF", "rdb-only", "1"},
    };
    size_t count = sizeof commands / sizeof *commands - !only_rdb;
    for (size_t i = 0; i < count; i++)
        TRY(put_words(client, commands[i], error));
    for (size_t i = 0; i < count; i++) {
        struct reply reply;
        rf_slice rest;
        TRY(client_reply(client, &reply, &rest, error));
        if (i == 0 && reply.kind == REPLY_ERROR && refusal_is_general(reply.text))
            return refusal_fail(client_name(client), "PING", reply.text, error);
    }
    return RF_OK;
}

static rf_code connect_link(struct link *link, const rf_target *source, const rf_address *address,
                            bool only_rdb, rf_error *error)
{
    struct client *client;
    TRY(client_open(source, address, &client, error));
    rf_code code = handshake(client, only_rdb, error);
    if (code == RF_OK)
        link->connection = client_release(client);
    else
        client_close(client);
    return code;
}

/* Sends a command. The socket has space for it, or the server does not read. */
static rf_code send_words(struct link *link, const char *const words[WORDS_MAX], rf_error *error)
{
    enum { COMMAND_MAX = 256 };
    uint8_t text[COMMAND_MAX];
    size_t argc = 0, sent = 0;
    struct progress progress = {.since_ms = clock_monotonic_ms()};
    while (argc < WORDS_MAX && words[argc])
        argc++;
    uint8_t *end = resp_print_header(text, '*', argc);
    for (size_t i = 0; i < argc; i++)
        end = resp_print_bulk(end, slice_of(words[i], strlen(words[i])));
    while (sent < (size_t)(end - text)) {
        size_t n;
        rf_code code = connection_write(link->connection, text + sent, (size_t)(end - text) - sent, &n,
                                        error);
        if (code == RF_END)
            return closed(link, error);
        TRY(code);
        sent += n;
        if (n == 0)
            TRY(connection_wait(link->connection, true, &progress, error));
    }
    return RF_OK;
}

static rf_code request_sync(struct link *link, const struct link_request *request, rf_error *error)
{
    char offset[24] = "-1";
    if (request->id)
        snprintf(offset, sizeof offset, "%" PRIu64, request->offset + 1);
    return send_words(link, (const char *const[WORDS_MAX]){"PSYNC", request->id ? request->id : "?", offset},
                      error);
}

rf_code link_open(const rf_target *source, const rf_address *address, const struct link_request *request,
                  struct link **out, rf_error *error)
{
    struct link *link = malloc(sizeof *link);
    if (!link)
        return fail(error, RF_E_MEMORY, "out of memory");
    link->connection = NULL;
    link->timeout_ms = source->timeout_ms > 0 ? source->timeout_ms : SILENCE_MS;
    link->sync = (struct sync){.state = SYNC_AT_STATUS};
    link->unread = (rf_slice){0};
    link->stop_fd = eventfd(0, EFD_CLOEXEC);
    rf_code code = link->stop_fd >= 0 ? connect_link(link, source, address, request->only_rdb, error)
                                      : fail_errno(error, RF_E_MEMORY, "cannot create an eventfd");
    link->heard_ms = clock_monotonic_ms();
    if (code == RF_OK)
        code = request_sync(link, request, error);
    if (code != RF_OK) {
        link_close(link);
        return code;
    }
    *out = link;
    return RF_OK;
}

/* --- waiting ------------------------------------------------------------------------------------------ */

/* Waits until something arrives, or until a time: then *arrived is false. */
static rf_code wait_readable(struct link *link, int64_t until_ms, bool *arrived, rf_error *error)
{
    struct pollfd fds[2] = {
        {.fd = connection_fd(link->connection), .events = connection_events(link->connection, false)},
        {.fd = link->stop_fd, .events = POLLIN}};
    int64_t silent_ms = link->heard_ms + link->timeout_ms, left;
    int64_t deadline_ms = until_ms < silent_ms ? until_ms : silent_ms;
    *arrived = false;
    while ((left = deadline_ms - clock_monotonic_ms()) >= 0) {
        TRY(connection_tick(link->connection, error));
        int ready = poll(fds, 2, (int)(left < CONNECTION_TICK_MS ? left : CONNECTION_TICK_MS));
        if (ready < 0 && errno != EINTR)
            return fail_errno(error, RF_E_UNAVAILABLE, "%s: cannot wait", link_name(link));
        if (fds[1].revents)
            return fail(error, RF_E_READ, "read cancelled");
        *arrived = ready > 0;
        if (*arrived)
            return RF_OK;
    }
    if (deadline_ms == until_ms)
        return RF_OK;
    return fail(error, RF_E_UNAVAILABLE, "%s: silent for %g s", link_name(link), link->timeout_ms / 1000.0);
}

/* *n is 0 if nothing has arrived. */
static rf_code receive(struct link *link, int64_t until_ms, size_t *n, rf_error *error)
{
    bool arrived = true;
    for (*n = 0; arrived;) {
        rf_code code = connection_read(link->connection, link->in, LINK_IN, n, error);
        if (code == RF_END)
            return closed(link, error);
        TRY(code);
        if (*n > 0)
            break;
        TRY(wait_readable(link, until_ms, &arrived, error));
    }
    if (*n > 0)
        link->heard_ms = clock_monotonic_ms();
    link->unread = (rf_slice){link->in, *n};
    return RF_OK;
}

static rf_code on_invalid(const struct link *link, rf_error *error)
{
    char text[64];
    reply_text((struct reply){.text = slice_of(link->sync.line, strlen(link->sync.line))}, text, sizeof text);
    return fail(error, RF_E_TARGET, "%s: PSYNC: unexpected reply '%s'", link_name(link), text);
}

rf_code link_poll(struct link *link, int64_t until_ms, enum sync_event *event, rf_slice *piece,
                  rf_error *error)
{
    while ((*event = sync_next(&link->sync, &link->unread, piece)) == SYNC_MORE) {
        size_t n;
        TRY(receive(link, until_ms, &n, error));
        if (n == 0)
            return RF_OK;
    }
    if (*event == SYNC_INVALID)
        return on_invalid(link, error);
    if (*event == SYNC_REFUSED)
        return refusal_fail(link_name(link), "PSYNC", slice_of(link->sync.line, strlen(link->sync.line)),
                            error);
    return RF_OK;
}

rf_code link_next(struct link *link, enum sync_event *event, rf_slice *piece, rf_error *error)
{
    return link_poll(link, INT64_MAX, event, piece, error);
}

rf_code link_ack(struct link *link, uint64_t offset, rf_error *error)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, offset);
    return send_words(link, (const char *const[WORDS_MAX]){"REPLCONF", "ACK", text}, error);
}

const struct sync *link_sync(const struct link *link)
{
    return &link->sync;
}

const char *link_name(const struct link *link)
{
    return connection_name(link->connection);
}

void link_stop(struct link *link)
{
    eventfd_write(link->stop_fd, 1);
}

void link_cut(struct link *link)
{
    shutdown(connection_fd(link->connection), SHUT_RDWR);
}

void link_disconnect(struct link *link)
{
    connection_close(link->connection);
    link->connection = NULL;
}

void link_close(struct link *link)
{
    if (!link)
        return;
    link_disconnect(link);
    if (link->stop_fd >= 0)
        close(link->stop_fd);
    free(link);
}
