/* SPDX-License-Identifier: MIT */
/* Identifies a server by what it reports, and by probing if it does not.
 *
 *   INFO server               version, mode and clock
 *   HELLO 2                   version and mode, since 6.0; also for users without permission for INFO
 *   COMMAND INFO unlink ...   which commands exist: the oldest server version that has them
 *   CLUSTER INFO              whether it is a cluster node
 *
 * Proxies reject some of these, or close the connection. None is required: an unknown version is assumed to
 * be an old one. */
#include "base/bytes.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/number.h"
#include "net/discover.h"
#include "net/info.h"
#include "net/reply.h"

static rf_target_kind kind_of(rf_slice mode)
{
    if (slice_equal(mode, SLICE("sentinel")))
        return RF_TARGET_SENTINEL;
    return slice_equal(mode, SLICE("cluster")) ? RF_TARGET_CLUSTER : RF_TARGET_ANY;
}

/* --- queries ------------------------------------------------------------------------------------------- */

struct identifying {
    const rf_target *target;
    const rf_address *address;
    struct client **client;
    struct primaries *primaries;
};

static rf_code reconnect(const struct identifying *id, rf_error *error)
{
    rf_error ignored;
    client_close(*id->client);
    *id->client = NULL;
    TRY(client_connect(id->target, id->address, id->client, error));
    rf_code code = primaries_authenticate(*id->client, id->target, &ignored);
    return code == RF_E_MEMORY ? fail(error, code, "out of memory") : RF_OK;
}

/* A server that replies to this, be it with an error, closes connections over commands that it does not know.
 * One that closes the connection over this as well does not let us in. */
static rf_code probe(const struct identifying *id, rf_error *error)
{
    struct reply head;
    rf_slice rest;
    return client_query(*id->client, (const char *const[]){"GET", "rdbferry:probe", NULL}, &head, &rest,
                        error);
}

/* Returns the reply to a query, which may be an error. If the connection is closed twice, that counts as an
 * error reply. */
static rf_code query(const struct identifying *id, const char *const *words, struct reply *head,
                     rf_slice *rest, rf_error *error)
{
    enum { LOSSES = 2 };
    for (int i = 0; i < LOSSES; i++) {
        rf_code code = client_query(*id->client, words, head, rest, error);
        if (!rf_code_is_target(code) || !client_is_closed(*id->client))
            return code;
        TRY(reconnect(id, error));
    }
    TRY(probe(id, error));
    id->primaries->closes_on_unknown = true;
    *head = (struct reply){.kind = REPLY_ERROR, .text = SLICE("ERR connection closed by the server")};
    return RF_OK;
}

/* --- INFO ---------------------------------------------------------------------------------------------- */

static void parse_clock(struct primaries *primaries, rf_slice info)
{
    rf_slice time;
    int64_t server_time;
    if (info_field(info, "server_time_usec", &time) && number_parse_i64(time, &server_time) &&
        server_time > 0 && server_time < INT64_C(1) << 60)
        primaries->ahead_us = server_time - clock_unix_us();
}

/* Transient errors, and errors that concern all commands, do not mean that INFO is not available. */
static rf_code query_info(const struct identifying *id, rf_error *error)
{
    struct primaries *primaries = id->primaries;
    struct reply info;
    rf_slice rest;
    TRY(query(id, (const char *const[]){"INFO", "server", NULL}, &info, &rest, error));
    primaries->info_refused = info.kind == REPLY_ERROR;
    if (primaries->info_refused && !primaries->closes_on_unknown && !reply_refuses_command(info))
        return client_refused(*id->client, "INFO", info, error);
    if (primaries->info_refused) {
        reply_text(info, primaries->info_error, sizeof primaries->info_error);
        return RF_OK;
    }
    primaries->kind = kind_of(info_mode(info.text));
    primaries->server = info_server(info.text);
    primaries->restores_otherwise = info_is_garnet(info.text);
    parse_clock(primaries, info.text);
    return RF_OK;
}

/* --- without INFO -------------------------------------------------------------------------------------- */

/* ["server", "redis", "version", "7.0.15", ..., "mode", "standalone", "role", "master", ...] */
static void parse_hello(struct primaries *primaries, struct reply head, rf_slice rest)
{
    rf_slice project = {0}, version = {0}, mode = {0}, role = {0};
    const struct {
        const char *name;
        rf_slice *value;
    } fields[] = {{"server", &project}, {"version", &version}, {"mode", &mode}, {"role", &role}};
    for (int64_t left = head.kind == REPLY_ARRAY ? head.number : 0; left > 1; left -= 2) {
        struct reply name = reply_next(&rest);
        reply_skip(&rest, name);
        struct reply value = reply_next(&rest);
        reply_skip(&rest, value);
        for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
            if (slice_equal(name.text, slice_of(fields[i].name, strlen(fields[i].name))))
                *fields[i].value = value.text;
    }
    primaries->server = info_version(version, slice_equal(project, SLICE("valkey")) ? RF_VALKEY : RF_REDIS);
    primaries->replica = slice_equal(role, SLICE("replica"));
    if (mode.len > 0)
        primaries->kind = kind_of(mode);
}

static rf_code query_hello(const struct identifying *id, rf_error *error)
{
    struct reply head;
    rf_slice rest;
    TRY(query(id, (const char *const[]){"HELLO", "2", NULL}, &head, &rest, error));
    parse_hello(id->primaries, head, rest);
    return RF_OK;
}

/* Servers since 6.0 have HELLO; the older versions that matter introduced these commands. */
static rf_code assume_version(const struct identifying *id, rf_error *error)
{
    static const rf_server oldest[] = {{RF_REDIS, 2, 8}, {RF_REDIS, 4, 0}, {RF_REDIS, 5, 0}};
    enum { FIRSTS = sizeof oldest / sizeof *oldest - 1 };
    static const char *const firsts[] = {"COMMAND", "INFO", "unlink", "xadd", NULL};
    struct reply head;
    rf_slice rest;
    int known = 0;
    TRY(query(id, firsts, &head, &rest, error));
    while (head.kind == REPLY_ARRAY && head.number == FIRSTS && known < FIRSTS) {
        struct reply command = reply_next(&rest);
        reply_skip(&rest, command);
        if (command.kind != REPLY_ARRAY)
            break;
        known++;
    }
    id->primaries->server = oldest[known];
    id->primaries->assumed = true;
    return RF_OK;
}

/* "cluster_state:ok ..."; a standalone server returns an error. */
static rf_code query_cluster(const struct identifying *id, rf_error *error)
{
    struct reply head;
    rf_slice rest, state;
    TRY(query(id, (const char *const[]){"CLUSTER", "INFO", NULL}, &head, &rest, error));
    if (head.kind == REPLY_STRING && info_field(head.text, "cluster_state", &state))
        id->primaries->kind = RF_TARGET_CLUSTER;
    return RF_OK;
}

/* The kind in the target is used if the server does not report it. The version of a Sentinel does not matter.
 */
rf_code identify(const rf_target *target, const rf_address *address, struct client **client,
                 struct primaries *primaries, rf_error *error)
{
    const struct identifying id = {target, address, client, primaries};
    primaries->kind = target->kind;
    primaries->assumed = primaries->closes_on_unknown = primaries->replica = false;
    primaries->restores_otherwise = false;
    TRY(query_info(&id, error));
    if (primaries->kind == RF_TARGET_SENTINEL && !primaries->info_refused)
        return RF_OK;
    if (primaries->server.major == 0)
        TRY(query_hello(&id, error));
    if (primaries->server.major == 0 && target->server.major == 0)
        TRY(assume_version(&id, error));
    bool unknown = primaries->info_refused && (primaries->assumed || primaries->server.major == 0);
    if (unknown && target->kind == RF_TARGET_ANY)
        TRY(query_cluster(&id, error));
    if (target->server.major > 0)
        primaries->server = target->server;
    return RF_OK;
}
