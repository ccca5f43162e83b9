/* SPDX-License-Identifier: MIT */
/* Sending ahead, and taking in replies as they come. */
#include "net/client.h"

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/fail.h"
#include "net/connection.h"
#include "resp/resp_write.h"
#include <stdlib.h>

enum {
    READ_SIZE = 16 * 1024,      /* room for at least so much is made before reading */
    KEPT_MAX = 4 * 1024 * 1024, /* a larger buffer is freed when it is empty */
};

struct client {
    struct connection *connection;
    struct buffer out;
    size_t sent; /* bytes of `out` */
    struct buffer in;
    size_t taken; /* bytes of `in` that have been handed out */
    struct reply_scan scan;
    bool closed; /* by the other side: what has arrived is all there will be */
    rf_code code;
    rf_error error; /* if code is not RF_OK: why no more bytes can arrive */
};

const char *client_name(const struct client *c)
{
    return connection_name(c->connection);
}

/* --- moving bytes ------------------------------------------------------------------------------------ */

/* Makes room behind what has arrived. What has been handed out goes, once that is as much as is left. */
static rf_code make_room(struct client *c, rf_error *error)
{
    if (c->taken > 0 && c->taken >= c->in.len - c->taken) {
        c->in.len -= c->taken;
        memmove(c->in.data, c->in.data + c->taken, c->in.len);
        c->taken = 0;
    }
    return buffer_reserve(&c->in, READ_SIZE)
               ? RF_OK
               : fail(error, RF_E_MEMORY, "out of memory for an answer of %s", client_name(c));
}

/* Takes in what is there. An end or a failure is remembered: there may be replies in front of it. */
static rf_code receive_some(struct client *c, size_t *n, rf_error *error)
{
    *n = 0;
    TRY(make_room(c, error));
    c->code = connection_read(c->connection, c->in.data + c->in.len, c->in.cap - c->in.len, n, &c->error);
    c->closed = c->code != RF_OK;
    c->in.len += *n;
    return RF_OK;
}

/* Sends what can be sent. What cannot any more is given up; that comes to light where a reply is missing. */
static void send_some(struct client *c, size_t *n)
{
    rf_error ignored;
    rf_code code = connection_write(c->connection, c->out.data + c->sent, c->out.len - c->sent, n, &ignored);
    c->sent = code == RF_OK ? c->sent + *n : c->out.len;
}

static void forget_sent(struct client *c)
{
    c->out.len = c->sent = 0;
    if (c->out.cap > KEPT_MAX)
        buffer_free(&c->out);
}

rf_code client_flush(struct client *c, rf_error *error)
{
    while (c->sent < c->out.len && !c->closed) {
        size_t written, arrived;
        send_some(c, &written);
        TRY(receive_some(c, &arrived, error));
        if (written == 0 && arrived == 0 && c->sent < c->out.len && !c->closed)
            TRY(connection_wait(c->connection, true, error));
    }
    forget_sent(c);
    return RF_OK;
}

/* --- commands ---------------------------------------------------------------------------------------- */

size_t client_unsent(const struct client *c)
{
    return c->out.len - c->sent;
}

rf_code client_put(struct client *c, const rf_slice *argv, size_t argc, rf_error *error)
{
    size_t size = RESP_HEADER_MAX;
    for (size_t i = 0; i < argc; i++)
        size += argv[i].len + BULK_EXTRA;
    if (!buffer_reserve(&c->out, size))
        return fail(error, RF_E_MEMORY, "out of memory for a command");
    uint8_t *p = resp_print_header(c->out.data + c->out.len, '*', argc);
    for (size_t i = 0; i < argc; i++)
        p = resp_print_bulk(p, argv[i]);
    c->out.len = (size_t)(p - c->out.data);
    return RF_OK;
}

rf_code client_refused(const struct client *c, const char *command, struct reply answer, rf_error *error)
{
    char text[256];
    reply_text(answer, text, sizeof text);
    return fail(error, RF_E_TARGET, "%s: %s: %s", client_name(c), command,
                answer.kind == REPLY_ERROR ? text : "an answer of an unexpected kind");
}

/* --- replies ----------------------------------------------------------------------------------------- */

static void forget_taken(struct client *c)
{
    if (c->taken < c->in.len)
        return;
    c->in.len = c->taken = 0;
    if (c->in.cap > KEPT_MAX)
        buffer_free(&c->in);
}

static rf_code lost(const struct client *c, rf_error *error)
{
    if (c->code == RF_END)
        return fail(error, RF_E_TARGET, "%s: the connection was closed by the server", client_name(c));
    *error = c->error;
    return c->code;
}

/* Reads until the scan has found the end of a reply. */
static rf_code await_reply(struct client *c, rf_error *error)
{
    for (;;) {
        size_t arrived;
        rf_slice bytes = slice_of(c->in.data + c->taken, c->in.len - c->taken);
        rf_code code = reply_scan(&c->scan, bytes);
        if (code == RF_OK)
            return RF_OK;
        if (code != RF_END)
            return fail(error, code, "%s: %s", client_name(c), c->scan.fault);
        if (c->closed)
            return lost(c, error);
        TRY(receive_some(c, &arrived, error));
        if (arrived == 0 && !c->closed)
            TRY(connection_wait(c->connection, false, error));
    }
}

rf_code client_reply(struct client *c, struct reply *head, rf_slice *rest, rf_error *error)
{
    TRY(client_flush(c, error));
    forget_taken(c);
    c->scan = (struct reply_scan){0};
    TRY(await_reply(c, error));
    *rest = slice_of(c->in.data + c->taken, c->scan.at);
    c->taken += c->scan.at;
    *head = reply_take(rest);
    return RF_OK;
}

rf_code client_ask(struct client *c, const char *const *words, struct reply *head, rf_slice *rest,
                   rf_error *error)
{
    enum { MOST_WORDS = 8 };
    rf_slice argv[MOST_WORDS];
    size_t argc = 0;
    for (; argc < MOST_WORDS && words[argc]; argc++)
        argv[argc] = slice_of(words[argc], strlen(words[argc]));
    TRY(client_put(c, argv, argc, error));
    return client_reply(c, head, rest, error);
}

rf_code client_call(struct client *c, const char *const *words, struct reply *head, rf_slice *rest,
                    rf_error *error)
{
    TRY(client_ask(c, words, head, rest, error));
    return head->kind == REPLY_ERROR ? client_refused(c, words[0], *head, error) : RF_OK;
}

bool client_is_closed(const struct client *c)
{
    return c->closed;
}

/* --- the beginning and the end ----------------------------------------------------------------------- */

/* There are servers that repeat what they do not understand: of an answer that is none of these nothing is
 * told. */
static const char *const harmless[] = {
    "WRONGPASS ",
    "NOPERM ",
    "DENIED ",
    "ERR AUTH <password> called without",
    "ERR invalid password",
    "ERR Client sent AUTH, but no password is set",
    "ERR max number of clients reached",
};

static rf_code refuse_credentials(const struct client *c, struct reply answer, rf_error *error)
{
    for (size_t i = 0; i < sizeof harmless / sizeof *harmless; i++) {
        size_t length = strlen(harmless[i]);
        if (answer.text.len >= length && memcmp(answer.text.ptr, harmless[i], length) == 0)
            return client_refused(c, "AUTH", answer, error);
    }
    return fail(error, RF_E_TARGET, "%s: AUTH: it is refused", client_name(c));
}

rf_code client_authenticate(struct client *c, const rf_target *target, rf_error *error)
{
    rf_slice argv[3] = {SLICE("AUTH")}, rest;
    size_t argc = 1;
    struct reply answer;
    if (!target->user && !target->password)
        return RF_OK;
    if (target->user)
        argv[argc++] = slice_of(target->user, strlen(target->user));
    const char *password = target->password ? target->password : "";
    argv[argc++] = slice_of(password, strlen(password));
    TRY(client_put(c, argv, argc, error));
    rf_code code = client_flush(c, error);
    explicit_bzero(c->out.data, c->out.cap);
    TRY(code);
    TRY(client_reply(c, &answer, &rest, error));
    return answer.kind == REPLY_STATUS ? RF_OK : refuse_credentials(c, answer, error);
}

rf_code client_connect(const rf_target *target, const rf_address *address, struct client **out,
                       rf_error *error)
{
    struct client *c = calloc(1, sizeof *c);
    if (!c)
        return fail(error, RF_E_MEMORY, "out of memory");
    rf_code code = connection_open(target, address, &c->connection, error);
    if (code != RF_OK) {
        free(c);
        return code;
    }
    *out = c;
    return RF_OK;
}

rf_code client_open(const rf_target *target, const rf_address *address, struct client **out, rf_error *error)
{
    struct client *c = NULL;
    TRY(client_connect(target, address, &c, error));
    rf_code code = client_authenticate(c, target, error);
    if (code != RF_OK) {
        client_close(c);
        return code;
    }
    *out = c;
    return RF_OK;
}

struct connection *client_release(struct client *c)
{
    struct connection *connection = c->connection;
    c->connection = NULL;
    client_close(c);
    return connection;
}

void client_close(struct client *c)
{
    if (!c)
        return;
    connection_close(c->connection);
    buffer_free(&c->out);
    buffer_free(&c->in);
    free(c);
}
