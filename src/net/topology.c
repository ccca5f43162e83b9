/* SPDX-License-Identifier: MIT */
/* Finding out what a target is: the first question, and which way to go on. */
#include "net/topology.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/number.h"
#include "net/discover.h"
#include "net/info.h"
#include <stdlib.h>

rf_code topology_add_node(struct topology *topology, rf_slice host, int64_t port, size_t *index,
                          rf_error *error)
{
    rf_address address;
    TRY(address_told(host, port, &address, error));
    for (*index = 0; *index < topology->node_count; ++*index)
        if (address_equal(&topology->nodes[*index], &address)) {
            address_free(&address);
            return RF_OK;
        }
    rf_address *grown = realloc(topology->nodes, (topology->node_count + 1) * sizeof *grown);
    if (!grown) {
        address_free(&address);
        return fail(error, RF_E_MEMORY, "out of memory");
    }
    grown[topology->node_count++] = address;
    topology->nodes = grown;
    return RF_OK;
}

void topology_free(struct topology *topology)
{
    for (size_t i = 0; i < topology->node_count; i++)
        address_free(&topology->nodes[i]);
    free(topology->nodes);
    free(topology->node_of);
    *topology = (struct topology){0};
}

/* --- who answers ------------------------------------------------------------------------------------- */

static rf_target_kind kind_of(rf_slice mode)
{
    if (slice_equal(mode, SLICE("sentinel")))
        return RF_TARGET_SENTINEL;
    return slice_equal(mode, SLICE("cluster")) ? RF_TARGET_CLUSTER : RF_TARGET_ANY;
}

rf_code topology_ask_info(struct client *client, struct topology *topology, rf_error *error)
{
    struct reply info;
    rf_slice rest, time;
    int64_t server_time;
    TRY(client_call(client, (const char *const[]){"INFO", "server", NULL}, &info, &rest, error));
    topology->kind = kind_of(info_mode(info.text));
    topology->server = info_server(info.text);
    if (info_field(info.text, "server_time_usec", &time) && number_parse_i64(time, &server_time) &&
        server_time > 0 && server_time < INT64_C(1) << 60)
        topology->ahead_us = server_time - clock_unix_us();
    return RF_OK;
}

static const char *const kind_names[] = {
    [RF_TARGET_ANY] = "a server that stands alone",
    [RF_TARGET_SENTINEL] = "a Sentinel",
    [RF_TARGET_CLUSTER] = "a node of a cluster",
};

/* A Sentinel often has no password where the servers it watches have one, so what comes of AUTH counts only
 * once it is known who has answered. */
static rf_code examine(struct client *client, const rf_target *target, const rf_address *asked,
                       struct topology *topology, rf_error *error)
{
    rf_error refused;
    rf_code authenticated = client_authenticate(client, target, &refused);
    rf_code code = topology_ask_info(client, topology, error);
    if (authenticated != RF_OK && (code != RF_OK || topology->kind != RF_TARGET_SENTINEL)) {
        *error = refused;
        return authenticated;
    }
    TRY(code);
    if (target->kind != RF_TARGET_ANY && topology->kind != target->kind)
        return fail(error, RF_E_TARGET, "%s: it is %s, not %s", client_name(client),
                    kind_names[topology->kind], kind_names[target->kind]);
    if (topology->kind == RF_TARGET_SENTINEL)
        return discover_primary(client, target, topology, error);
    if (topology->kind == RF_TARGET_CLUSTER)
        return discover_cluster(client, asked, topology, error);
    size_t index;
    return topology_add_node(topology, slice_of(asked->host, strlen(asked->host)), asked->port, &index,
                             error);
}

static rf_code ask(const rf_target *target, const rf_address *address, struct topology *out, rf_error *error)
{
    struct client *client;
    TRY(client_connect(target, address, &client, error));
    rf_code code = examine(client, target, address, out, error);
    client_close(client);
    if (code != RF_OK)
        topology_free(out);
    return code;
}

rf_code topology_find(const rf_target *target, const rf_address *addresses, size_t count,
                      struct topology *out, rf_error *error)
{
    rf_code code = fail(error, RF_E_ARGUMENT, "a target without an address");
    *out = (struct topology){0};
    for (size_t i = 0; i < count && code != RF_OK && code != RF_E_MEMORY; i++)
        if ((code = ask(target, &addresses[i], out, error)) == RF_OK)
            return RF_OK;
    return code;
}
