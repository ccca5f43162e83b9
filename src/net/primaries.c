/* SPDX-License-Identifier: MIT */
/* Determines the kind of a target and its primaries. */
#include "net/primaries.h"

#include "base/bytes.h"
#include "base/fail.h"
#include "net/discover.h"
#include <stdlib.h>

/* Makes capacity for one more node; the capacity is a power of two. */
static rf_code grow(struct primaries *primaries, rf_error *error)
{
    size_t count = primaries->node_count ? 2 * primaries->node_count : 1;
    if ((primaries->node_count & (primaries->node_count - 1)) != 0)
        return RF_OK;
    rf_address *nodes = realloc(primaries->nodes, count * sizeof *nodes);
    if (nodes)
        primaries->nodes = nodes;
    char(*ids)[NODE_ID + 1] = realloc(primaries->ids, count * sizeof *ids);
    if (ids)
        primaries->ids = ids;
    return nodes && ids ? RF_OK : fail(error, RF_E_MEMORY, "out of memory");
}

static rf_code expect_same(const struct primaries *primaries, size_t index, rf_slice id, rf_error *error)
{
    char name[ADDRESS_TEXT];
    if (id.len != NODE_ID || memcmp(primaries->ids[index], id.ptr, id.len) == 0)
        return RF_OK;
    address_format(&primaries->nodes[index], name);
    return fail(error, RF_E_TARGET, "the target reports two nodes with the same address, %s", name);
}

/* Takes ownership of the address. */
static rf_code put(struct primaries *primaries, rf_address address, rf_slice id, size_t *index,
                   rf_error *error)
{
    bool there = address_index_find(&primaries->index, &address, index);
    rf_code code = there ? expect_same(primaries, *index, id, error) : grow(primaries, error);
    if (!there && code == RF_OK && !address_index_add(&primaries->index, &address, primaries->node_count))
        code = fail(error, RF_E_MEMORY, "out of memory");
    if (there || code != RF_OK) {
        address_free(&address);
        return code;
    }
    *index = primaries->node_count;
    primaries->nodes[*index] = address;
    memset(primaries->ids[*index], 0, sizeof *primaries->ids);
    if (id.len == NODE_ID)
        memcpy(primaries->ids[*index], id.ptr, id.len);
    primaries->node_count++;
    return RF_OK;
}

rf_code primaries_add(struct primaries *primaries, rf_slice host, int64_t port, rf_slice id, size_t *index,
                      rf_error *error)
{
    rf_address address;
    TRY(address_from_server(host, port, &address, error));
    return put(primaries, address, id, index, error);
}

rf_code primaries_expect_all_slots(const struct primaries *primaries, rf_error *error)
{
    unsigned missing = 0, first = 0;
    for (unsigned slot = RF_SLOTS; slot-- > 0;)
        if (primaries->node_of[slot] == NO_NODE) {
            missing++;
            first = slot;
        }
    if (missing == 0)
        return RF_OK;
    return fail(error, RF_E_TARGET, "unassigned cluster slots: %u, the first is %u", missing, first);
}

void primaries_free(struct primaries *primaries)
{
    for (size_t i = 0; i < primaries->node_count; i++)
        address_free(&primaries->nodes[i]);
    free(primaries->nodes);
    free(primaries->ids);
    address_index_free(&primaries->index);
    free(primaries->node_of);
    *primaries = (struct primaries){0};
}

/* --- identification ------------------------------------------------------------------------------------ */

static const char *const kind_names[] = {
    [RF_TARGET_ANY] = "a standalone server",
    [RF_TARGET_SENTINEL] = "a Sentinel",
    [RF_TARGET_CLUSTER] = "a cluster node",
};

rf_code primaries_blame(const char *who, rf_code code, rf_error *error)
{
    const rf_error why = *error;
    return code == RF_OK ? RF_OK : fail(error, code, "%s %.360s", who, why.message);
}

rf_code primaries_authenticate(struct client *client, const rf_target *target, rf_error *error)
{
    bool as_theirs = target->kind == RF_TARGET_SENTINEL &&
                     (target->sentinel_user || target->sentinel_password);
    return as_theirs ? client_authenticate_to_sentinel(client, target, error)
                     : client_authenticate(client, target, error);
}

/* Sentinels often have no password even if the servers that they monitor have one, so an AUTH error only
 * counts once the kind of the server is known. */
static rf_code examine(struct client **opened, const rf_target *target, const rf_address *asked,
                       struct primaries *primaries, rf_error *error)
{
    rf_error refused;
    rf_code authenticated = primaries_authenticate(*opened, target, &refused);
    rf_code code = identify(target, asked, opened, primaries, error);
    struct client *client = *opened;
    if (authenticated != RF_OK && (code != RF_OK || primaries->kind != RF_TARGET_SENTINEL)) {
        *error = refused;
        code = authenticated;
    }
    if (target->kind == RF_TARGET_SENTINEL)
        code = primaries_blame("Sentinel", code, error);
    TRY(code);
    if (target->kind != RF_TARGET_ANY && primaries->kind != target->kind)
        return fail(error, RF_E_TARGET, "%s: is %s, not %s", client_name(client), kind_names[primaries->kind],
                    kind_names[target->kind]);
    if (primaries->kind == RF_TARGET_SENTINEL)
        return discover_primary(client, target, primaries, error);
    if (primaries->kind == RF_TARGET_CLUSTER)
        return discover_cluster(client, asked, primaries, error);
    size_t index;
    rf_address address;
    TRY(address_make(slice_of(asked->host, strlen(asked->host)), asked->port, &address, error));
    return put(primaries, address, (rf_slice){0}, &index, error);
}

enum { PROBE_TIMEOUT_MS = 2000 };

/* Whether the server answers without TLS if `target` uses it, or the other way round. It is told nothing. */
static bool speaks_the_other(const rf_target *target, const rf_address *address)
{
    rf_target other = {.tls = !target->tls,
                       .insecure = true,
                       .sni = target->sni,
                       .maps = target->maps,
                       .map_count = target->map_count,
                       .timeout_ms = PROBE_TIMEOUT_MS,
                       .wait = target->wait};
    struct client *client;
    struct reply head;
    rf_slice rest;
    rf_error ignored;
    if (address->port == 0 || client_connect(&other, address, &client, &ignored) != RF_OK)
        return false;
    bool speaks = other.tls ||
                  client_query(client, (const char *const[]){"PING", NULL}, &head, &rest, &ignored) == RF_OK;
    client_close(client);
    return speaks;
}

/* A connection was not understood, or the server did not answer. */
static rf_code explain_tls(const rf_target *target, const rf_address *address, rf_code code, rf_error *error)
{
    const rf_error why = *error;
    if (!rf_code_is_target(code) || strstr(why.message, "certificate") || !speaks_the_other(target, address))
        return code;
    return fail(error, RF_E_TARGET, "%.250s; %s", why.message,
                target->tls ? "the server does not use TLS on this port: use redis:// without --tls"
                            : "the server uses TLS on this port: use rediss:// or --tls");
}

static rf_code query(const rf_target *target, const rf_address *address, struct primaries *out,
                     rf_error *error)
{
    struct client *client;
    rf_code code = client_connect(target, address, &client, error);
    if (code != RF_OK)
        return target->tls ? explain_tls(target, address, code, error) : code;
    code = examine(&client, target, address, out, error);
    if (code != RF_OK && !target->tls && (!client || client_is_closed(client)))
        code = explain_tls(target, address, code, error);
    client_close(client);
    if (code != RF_OK)
        primaries_free(out);
    return code;
}

rf_code primaries_find(const rf_target *target, const rf_address *addresses, size_t count,
                       struct primaries *out, rf_error *error)
{
    rf_error why;
    fail(error, count == 0 ? RF_E_ARGUMENT : RF_E_UNAVAILABLE, "missing target address");
    *out = (struct primaries){0};
    for (size_t i = 0; i < count; i++) {
        rf_code code = query(target, &addresses[i], out, &why);
        if (code == RF_OK)
            return RF_OK;
        if (!rf_code_is_target(code)) {
            *error = why;
            return code;
        }
        if (code != RF_E_UNAVAILABLE || error->code == RF_E_UNAVAILABLE)
            *error = why;
    }
    return error->code;
}
