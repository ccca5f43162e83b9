/* SPDX-License-Identifier: MIT */
/* Sends commands ahead of their replies, and receives replies as they arrive. */
#include "net/client.h"

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/fail.h"
#include "net/connection.h"
#include "net/redirect.h"
#include "resp/resp_write.h"
#include <stdlib.h>

enum {
    READ_SIZE = 16 * 1024,      /* minimum capacity for a read */
    KEPT_MAX = 4 * 1024 * 1024, /* a larger buffer is freed when it is empty */
};

/* A command whose reply has not been returned: the maximum length of the reply; once it has arrived, its
 * length. */
struct request {
    uint64_t limit;
    size_t size;
};

struct client {
    struct connection *connection;
    struct buffer out;
    size_t sent; /* bytes of `out` */
    struct buffer in;
    size_t consumed;          /* bytes of `in` that have been returned */
    size_t scanned;           /* bytes of `in` that are complete replies; at least `consumed` */
    struct request *requests; /* in order; a ring */
    size_t capacity, first, count, answered; /* of `requests`: a power of two; `answered` of `count` have
                                            complete replies */
    struct reply_scan scan;                  /* of the incomplete reply after the complete ones */
    struct progress progress;
    bool secret; /* `out` contains a password */
    bool closed; /* no more will arrive */
    rf_code code;
    rf_error error; /* why it is closed */
};

const char *client_name(const struct client *c)
{
    return connection_name(c->connection);
}

/* --- the queue of requests ----------------------------------------------------------------------------- */

static struct request *request(const struct client *c, size_t n)
{
    return &c->requests[(c->first + n) & (c->capacity - 1)];
}

static bool grow_requests(struct client *c)
{
    enum { INITIAL_CAPACITY = 16 };
    size_t capacity = c->capacity ? 2 * c->capacity : INITIAL_CAPACITY;
    struct request *grown = malloc(capacity * sizeof *grown);
    if (!grown)
        return false;
    for (size_t i = 0; i < c->count; i++)
        grown[i] = *request(c, i);
    free(c->requests);
    c->requests = grown;
    c->capacity = capacity;
    c->first = 0;
    return true;
}

static bool add_request(struct client *c, const rf_slice *argv, size_t argc)
{
    if (c->count == c->capacity && !grow_requests(c))
        return false;
    if (c->count == 0)
        progress_made(&c->progress, clock_monotonic_ms());
    *request(c, c->count++) = (struct request){.limit = reply_limit(argv, argc)};
    return true;
}

/* --- sending and receiving ----------------------------------------------------------------------------- */

/* Reserves capacity for the next read: if the reply's length is known, no more than it needs. Returned bytes
 * are removed once they are as many as the rest. */
static rf_code grow(struct client *c, rf_error *error)
{
    if (c->consumed > 0 && c->consumed >= c->in.len - c->consumed) {
        c->in.len -= c->consumed;
        c->scanned -= c->consumed;
        memmove(c->in.data, c->in.data + c->consumed, c->in.len);
        c->consumed = 0;
    }
    size_t most = c->scan.announced ? c->scanned + c->scan.announced + READ_SIZE : SIZE_MAX;
    return buffer_reserve_within(&c->in, READ_SIZE, most)
               ? RF_OK
               : fail(error, RF_E_MEMORY, "out of memory for a reply of %s", client_name(c));
}

/* Stops receiving. There may be complete replies before the error. */
static void close_input(struct client *c, rf_code code)
{
    c->code = code;
    c->closed = true;
}

/* Scans the received bytes for complete replies. */
static void scan_arrived(struct client *c, int64_t now_ms)
{
    for (;;) {
        rf_slice bytes = slice_of(c->in.data + c->scanned, c->in.len - c->scanned);
        if (bytes.len == 0)
            return;
        if (c->answered == c->count) {
            close_input(c, fail(&c->error, RF_E_TARGET, "%s: unexpected reply", client_name(c)));
            return;
        }
        c->scan.limit = request(c, c->answered)->limit;
        rf_code code = reply_scan(&c->scan, bytes);
        if (code == RF_E_TARGET)
            close_input(c, fail(&c->error, RF_E_TARGET, "%s: %s", client_name(c), c->scan.fault));
        if (code != RF_OK)
            return;
        request(c, c->answered++)->size = c->scan.at;
        c->scanned += c->scan.at;
        c->scan = (struct reply_scan){0};
        progress_made(&c->progress, now_ms);
    }
}

/* Receives what is available. End of file and errors are stored. */
static rf_code receive_some(struct client *c, size_t *n, rf_error *error)
{
    *n = 0;
    TRY(grow(c, error));
    rf_code code = connection_read(c->connection, c->in.data + c->in.len, c->in.cap - c->in.len, n,
                                   &c->error);
    if (code != RF_OK)
        close_input(c, code);
    c->in.len += *n;
    if (*n == 0)
        return RF_OK;
    int64_t now_ms = clock_monotonic_ms();
    progress_arrived(&c->progress, *n, now_ms);
    scan_arrived(c, now_ms);
    return RF_OK;
}

/* Sends what can be sent. A write error is not reported: the reply will be missing. */
static void send_some(struct client *c, size_t *n)
{
    rf_error ignored;
    rf_code code = connection_write(c->connection, c->out.data + c->sent, c->out.len - c->sent, n, &ignored);
    c->sent = code == RF_OK ? c->sent + *n : c->out.len;
    if (*n > 0)
        progress_made(&c->progress, clock_monotonic_ms());
}

static void forget_secret(struct client *c)
{
    if (c->secret)
        explicit_bzero(c->out.data, c->out.cap);
    c->secret = false;
}

static void forget_sent(struct client *c)
{
    forget_secret(c);
    c->out.len = c->sent = 0;
    if (c->out.cap > KEPT_MAX)
        buffer_free(&c->out);
}

/* If nothing was `moved`, waits until something can be. */
static rf_code go_on(struct client *c, bool moved, bool or_write, rf_error *error)
{
    return moved ? connection_check(c->connection, &c->progress, error)
                 : connection_wait(c->connection, or_write, &c->progress, error);
}

rf_code client_flush(struct client *c, rf_error *error)
{
    progress_made(&c->progress, clock_monotonic_ms());
    while (c->sent < c->out.len && !c->closed) {
        size_t written, arrived;
        send_some(c, &written);
        TRY(receive_some(c, &arrived, error));
        if (c->sent < c->out.len && !c->closed)
            TRY(go_on(c, written + arrived > 0, true, error));
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
    const size_t before = c->out.len;
    if (resp_append_command(&c->out, argv, argc) && add_request(c, argv, argc))
        return RF_OK;
    c->out.len = before;
    return fail(error, RF_E_MEMORY, "out of memory for a command");
}

rf_code client_put_secret(struct client *c, const rf_slice *argv, size_t argc, rf_error *error)
{
    c->secret = true;
    return client_put(c, argv, argc, error);
}

static bool is_temporary(struct reply answer)
{
    static const char full[] = "ERR max number of clients reached";
    return classify_error(answer) == ERROR_TRANSIENT ||
           (answer.kind == REPLY_ERROR && answer.text.len >= sizeof full - 1 &&
            memcmp(answer.text.ptr, full, sizeof full - 1) == 0);
}

rf_code client_refused(const struct client *c, const char *command, struct reply answer, rf_error *error)
{
    char text[256];
    reply_text(answer, text, sizeof text);
    return fail(error, is_temporary(answer) ? RF_E_UNAVAILABLE : RF_E_TARGET, "%s: %s: %s", client_name(c),
                command, answer.kind == REPLY_ERROR ? text : "unexpected reply");
}

/* --- replies ----------------------------------------------------------------------------------------- */

static void forget_replies(struct client *c)
{
    if (c->consumed < c->in.len)
        return;
    c->in.len = c->consumed = c->scanned = 0;
    if (c->in.cap > KEPT_MAX)
        buffer_free(&c->in);
}

static rf_code lost(const struct client *c, rf_error *error)
{
    if (c->code == RF_END)
        return fail(error, RF_E_UNAVAILABLE, "%s: connection closed by the server", client_name(c));
    *error = c->error;
    return c->code;
}

/* Waits until the next reply is complete. */
static rf_code await_reply(struct client *c, rf_error *error)
{
    while (c->answered == 0) {
        size_t arrived;
        if (c->closed)
            return lost(c, error);
        TRY(receive_some(c, &arrived, error));
        if (c->answered == 0 && !c->closed)
            TRY(go_on(c, arrived > 0, false, error));
    }
    return RF_OK;
}

/* Removes the oldest reply, which is complete. */
static struct reply take_reply(struct client *c, rf_slice *rest)
{
    size_t size = request(c, 0)->size;
    c->first++;
    c->count--;
    c->answered--;
    *rest = slice_of(c->in.data + c->consumed, size);
    c->consumed += size;
    return reply_next(rest);
}

rf_code client_reply(struct client *c, struct reply *head, rf_slice *rest, rf_error *error)
{
    TRY(client_flush(c, error));
    forget_replies(c);
    TRY(await_reply(c, error));
    *head = take_reply(c, rest);
    return RF_OK;
}

rf_code client_poll(struct client *c, struct reply *head, rf_slice *rest, rf_error *error)
{
    size_t n = 1;
    forget_replies(c);
    if (c->sent < c->out.len)
        send_some(c, &n);
    if (c->sent == c->out.len)
        forget_sent(c);
    for (n = 1; n > 0 && c->answered == 0 && !c->closed;)
        TRY(receive_some(c, &n, error));
    if (c->answered == 0 && c->closed)
        return lost(c, error);
    if (c->answered == 0) {
        TRY(connection_check(c->connection, &c->progress, error));
        return RF_END;
    }
    *head = take_reply(c, rest);
    return RF_OK;
}

size_t client_pending(const struct client *c)
{
    return c->count;
}

rf_code client_query(struct client *c, const char *const *words, struct reply *head, rf_slice *rest,
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
    TRY(client_query(c, words, head, rest, error));
    return head->kind == REPLY_ERROR ? client_refused(c, words[0], *head, error) : RF_OK;
}

bool client_is_closed(const struct client *c)
{
    return c->closed;
}

/* --- creation and destruction -------------------------------------------------------------------------- */

static rf_code make_client(const rf_target *target, const rf_address *address,
                           rf_code (*open)(const rf_target *target, const rf_address *address,
                                           struct connection **out, rf_error *error),
                           struct client **out, rf_error *error)
{
    struct client *c = calloc(1, sizeof *c);
    if (!c)
        return fail(error, RF_E_MEMORY, "out of memory");
    rf_code code = open(target, address, &c->connection, error);
    if (code != RF_OK) {
        free(c);
        return code;
    }
    *out = c;
    return RF_OK;
}

rf_code client_connect(const rf_target *target, const rf_address *address, struct client **out,
                       rf_error *error)
{
    return make_client(target, address, connection_open, out, error);
}

rf_code client_begin(const rf_target *target, const rf_address *address, struct client **out, rf_error *error)
{
    return make_client(target, address, connection_begin, out, error);
}

struct connection *client_connection(const struct client *c)
{
    return c->connection;
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
    forget_secret(c);
    buffer_free(&c->out);
    buffer_free(&c->in);
    free(c->requests);
    free(c);
}
