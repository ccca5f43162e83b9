/* SPDX-License-Identifier: MIT */
/* Asks a Sentinel for the primary.
 *
 *   SENTINEL MASTERS                        [[name, value, name, value, ...], ...]
 *   SENTINEL GET-MASTER-ADDR-BY-NAME name   [host, port] or nil
 *   ROLE, sent to the server itself         [role, ...] */
#include "net/discover.h"

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/fail.h"
#include "base/number.h"
#include "net/reply.h"

/* Finds the value of `name` in an array of names and values, which is consumed. */
static rf_slice named_value(rf_slice *rest, struct reply head, const char *name)
{
    rf_slice found = {0};
    int64_t count = head.kind == REPLY_ARRAY ? head.number : 0;
    for (; count > 1; count -= 2) {
        struct reply key = reply_next(rest);
        reply_skip(rest, key);
        struct reply value = reply_next(rest);
        reply_skip(rest, value);
        if (slice_equal(key.text, slice_of(name, strlen(name))))
            found = value.text;
    }
    if (count > 0)
        reply_skip(rest, reply_next(rest));
    return found;
}

/* The names of all monitored primaries, separated by ", ". */
static rf_code query_names(struct client *sentinel, struct buffer *names, int64_t *count, rf_error *error)
{
    struct reply masters;
    rf_slice rest;
    const char *const words[] = {"SENTINEL", "MASTERS", NULL};
    TRY(client_call(sentinel, words, &masters, &rest, error));
    *count = masters.kind == REPLY_ARRAY ? masters.number : 0;
    for (int64_t i = 0; i < *count; i++) {
        bool kept = (i == 0 || buffer_append(names, SLICE(", "))) &&
                    buffer_append(names, named_value(&rest, reply_next(&rest), "name"));
        if (!kept)
            return fail(error, RF_E_MEMORY, "out of memory");
    }
    return RF_OK;
}

/* Appends the name of the only monitored primary to `name`. */
static rf_code query_only_name(struct client *sentinel, struct buffer *name, rf_error *error)
{
    char text[256];
    int64_t count;
    TRY(query_names(sentinel, name, &count, error));
    if (count == 1)
        return RF_OK;
    if (count == 0)
        return fail(error, RF_E_TARGET, "%s: monitors no primary", client_name(sentinel));
    reply_text((struct reply){.text = buffer_slice(name)}, text, sizeof text);
    return fail(error, RF_E_TARGET, "%s: monitors several primaries, name one of them: %s",
                client_name(sentinel), text);
}

/* Returns RF_E_TARGET, with the names that exist. */
static rf_code unknown_name(struct client *sentinel, const char *name, rf_error *error)
{
    struct buffer names = {0};
    char text[256];
    int64_t count;
    bool listed = query_names(sentinel, &names, &count, error) == RF_OK && count > 0;
    reply_text((struct reply){.text = buffer_slice(&names)}, text, sizeof text);
    buffer_free(&names);
    return fail(error, RF_E_TARGET, "%s: no primary '%.100s'%s%s", client_name(sentinel), name,
                listed ? "; it monitors " : "", listed ? text : "");
}

static rf_code find_name(struct client *sentinel, const rf_target *target, struct buffer *name,
                         rf_error *error)
{
    if (!target->name)
        TRY(query_only_name(sentinel, name, error));
    else if (!buffer_append(name, slice_of(target->name, strlen(target->name))))
        return fail(error, RF_E_MEMORY, "out of memory");
    return buffer_append(name, SLICE("\0")) ? RF_OK : fail(error, RF_E_MEMORY, "out of memory");
}

static rf_code query_address(struct client *sentinel, const char *name, struct primaries *primaries,
                             rf_error *error)
{
    struct reply answer;
    rf_slice rest;
    const char *const words[] = {"SENTINEL", "GET-MASTER-ADDR-BY-NAME", name, NULL};
    int64_t port;
    size_t index;
    TRY(client_call(sentinel, words, &answer, &rest, error));
    if (answer.kind == REPLY_NIL)
        return unknown_name(sentinel, name, error);
    if (answer.kind != REPLY_ARRAY || answer.number != 2)
        return client_refused(sentinel, words[1], answer, error);
    struct reply host = reply_next(&rest);
    reply_skip(&rest, host);
    struct reply port_text = reply_next(&rest);
    if (host.kind != REPLY_STRING || !number_parse_i64(port_text.text, &port))
        return client_refused(sentinel, words[1], answer, error);
    return primaries_add(primaries, host.text, port, (rf_slice){0}, &index, error);
}

/* If ROLE is not available, HELLO reports the role; if neither is, the Sentinel is trusted. */
static rf_code verify_hello(struct client *server, bool *replica, rf_error *error)
{
    struct reply hello;
    rf_slice rest;
    TRY(client_query(server, (const char *const[]){"HELLO", "2", NULL}, &hello, &rest, error));
    *replica = slice_equal(named_value(&rest, hello, "role"), SLICE("replica"));
    return RF_OK;
}

/* The Sentinel's view may be stale: the server itself must report that it is a primary. */
static rf_code verify_role(struct client *server, rf_error *error)
{
    struct reply role;
    rf_slice rest;
    bool replica = true;
    TRY(client_query(server, (const char *const[]){"ROLE", NULL}, &role, &rest, error));
    bool refused = reply_refuses_command(role);
    if (role.kind == REPLY_ERROR && !refused)
        return client_refused(server, "ROLE", role, error);
    if (refused)
        TRY(verify_hello(server, &replica, error));
    if (refused && !replica)
        return RF_OK;
    struct reply first = role.kind == REPLY_ARRAY && role.number > 0 ? reply_next(&rest) : role;
    if (first.kind == REPLY_STRING && slice_equal(first.text, SLICE("master")))
        return RF_OK;
    return fail(error, RF_E_UNAVAILABLE, "%s: not a primary, although the Sentinel reports it as one",
                client_name(server));
}

static rf_code visit_primary(const rf_target *target, struct primaries *primaries, rf_error *error)
{
    struct client *server;
    TRY(client_open(target, &primaries->nodes[0], &server, error));
    rf_code code = verify_role(server, error);
    if (code == RF_OK)
        code = identify(target, &primaries->nodes[0], &server, primaries, error);
    client_close(server);
    primaries->kind = RF_TARGET_SENTINEL;
    return code;
}

rf_code discover_primary(struct client *sentinel, const rf_target *target, struct primaries *primaries,
                         rf_error *error)
{
    struct buffer name = {0};
    rf_code code = find_name(sentinel, target, &name, error);
    if (code == RF_OK)
        code = query_address(sentinel, (const char *)name.data, primaries, error);
    buffer_free(&name);
    return code == RF_OK ? primaries_blame("primary", visit_primary(target, primaries, error), error)
                         : primaries_blame("Sentinel", code, error);
}
