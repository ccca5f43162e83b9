/* SPDX-License-Identifier: MIT */
/* Asks a primary for its offset and its replicas, and these for theirs.
 *
 *   ROLE            ["master", offset, [[host, port, offset], ...]]
 *                   ["slave", host, port, "connected", offset]
 *   CLUSTER NODES   <id> <address> myself,master ... <slots> [<slot>->-<id>] [<slot>-<-<id>]
 *
 * None of these is required: without the permission for them the primary is read. */
#include "replication/choose.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/number.h"
#include "net/client.h"
#include "net/info.h"
#include "net/waiting.h"
#include <stdio.h>

/* How long a replica may take to receive what the primary has. */
enum { IN_STEP_MS = 2000, PAUSE_MS = 50 };

/* --- replicas ----------------------------------------------------------------------------------------- */

static rf_code query_role(struct client *client, struct reply *head, rf_slice *rest, rf_error *error)
{
    return client_query(client, (const char *const[]){"ROLE", NULL}, head, rest, error);
}

/* The offset of a replica that is connected to its primary; -1: it is not. */
static int64_t offset_of_replica(struct client *replica)
{
    struct reply head;
    rf_slice rest;
    rf_error ignored;
    if (query_role(replica, &head, &rest, &ignored) != RF_OK || head.kind != REPLY_ARRAY || head.number != 5)
        return -1;
    struct reply role = reply_next(&rest);
    reply_next(&rest);
    reply_next(&rest);
    struct reply state = reply_next(&rest), offset = reply_next(&rest);
    bool connected = slice_equal(role.text, SLICE("slave")) && slice_equal(state.text, SLICE("connected"));
    return connected && offset.kind == REPLY_NUMBER ? offset.number : -1;
}

static bool is_in_step(const rf_target *source, const rf_address *address, int64_t offset)
{
    struct client *replica;
    rf_error ignored;
    int64_t reached = 0, deadline_ms = clock_monotonic_ms() + IN_STEP_MS;
    if (client_open(source, address, &replica, &ignored) != RF_OK)
        return false;
    while ((reached = offset_of_replica(replica)) >= 0 && reached < offset &&
           clock_monotonic_ms() < deadline_ms && waiting_pause(&source->wait, PAUSE_MS, &ignored) == RF_OK)
        continue;
    client_close(replica);
    return reached >= offset;
}

/* [host, port, offset], the numbers as text */
static bool parse_replica(rf_slice *rest, rf_address *out)
{
    rf_error ignored;
    int64_t port;
    struct reply head = reply_next(rest);
    if (head.kind != REPLY_ARRAY || head.number != 3) {
        reply_skip(rest, head);
        return false;
    }
    struct reply host = reply_next(rest), number = reply_next(rest);
    reply_next(rest);
    return number_parse_i64(number.text, &port) &&
           address_from_server(host.text, port, out, &ignored) == RF_OK;
}

/* The first replica that is in step; false: none is, or the primary does not tell. */
static bool find_replica(const rf_target *source, struct client *primary, rf_address *out)
{
    struct reply head;
    rf_slice rest;
    rf_error ignored;
    if (query_role(primary, &head, &rest, &ignored) != RF_OK || head.kind != REPLY_ARRAY ||
        head.number != 3 || !slice_equal(reply_next(&rest).text, SLICE("master")))
        return false;
    int64_t offset = reply_next(&rest).number;
    struct reply replicas = reply_next(&rest);
    for (int64_t left = replicas.kind == REPLY_ARRAY ? replicas.number : 0; left > 0; left--) {
        if (!parse_replica(&rest, out))
            continue;
        if (is_in_step(source, out, offset))
            return true;
        address_free(out);
    }
    return false;
}

/* --- slots -------------------------------------------------------------------------------------------- */

static bool has_text(rf_slice line, rf_slice text)
{
    return memmem(line.ptr, line.len, text.ptr, text.len) != NULL;
}

static rf_code check_no_migration(struct client *primary, rf_error *error)
{
    struct reply nodes;
    rf_slice rest;
    TRY(client_query(primary, (const char *const[]){"CLUSTER", "NODES", NULL}, &nodes, &rest, error));
    if (nodes.kind != REPLY_STRING)
        return RF_OK;
    for (rf_slice line, info = nodes.text; info_line(&info, &line);) {
        const uint8_t *open = memrchr(line.ptr, '[', line.len);
        if (!open || !has_text(line, SLICE("myself")))
            continue;
        return fail(error, RF_E_TARGET,
                    "%s: slot %.*s is being migrated: finish that first (redis-cli --cluster fix, if it was "
                    "interrupted)",
                    client_name(primary), (int)strspn((const char *)open + 1, "0123456789"), open + 1);
    }
    return RF_OK;
}

rf_code choose_check_migration(const rf_target *source, const rf_address *address, rf_error *error)
{
    struct client *primary;
    TRY(client_open(source, address, &primary, error));
    rf_code code = check_no_migration(primary, error);
    client_close(primary);
    return code;
}

/* --- choosing ----------------------------------------------------------------------------------------- */

static void log_replica(const rf_target *source, const rf_address *address)
{
    char name[ADDRESS_TEXT], text[ADDRESS_TEXT + 64];
    if (!source->wait.on_log)
        return;
    address_format(address, name);
    snprintf(text, sizeof text, "reading from the replica %s", name);
    source->wait.on_log(source->wait.ctx, RF_LOG_NOTE, text);
}

rf_code choose_server(const rf_target *source, const struct primaries *primaries, size_t number,
                      bool from_primary, rf_address *out, rf_error *error)
{
    const rf_address *address = &primaries->nodes[number];
    bool found = false;
    struct client *primary;
    if (primaries->kind != RF_TARGET_ANY) {
        TRY(client_open(source, address, &primary, error));
        rf_code code = primaries->kind == RF_TARGET_CLUSTER ? check_no_migration(primary, error) : RF_OK;
        found = code == RF_OK && !from_primary && find_replica(source, primary, out);
        client_close(primary);
        TRY(code);
    }
    if (found)
        log_replica(source, out);
    return found ? RF_OK
                 : address_make(slice_of(address->host, strlen(address->host)), address->port, out, error);
}
