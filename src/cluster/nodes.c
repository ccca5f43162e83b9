/* SPDX-License-Identifier: MIT */
/* A list of nodes: HOST[:PORT][@BUSPORT],...
 *
 * A server takes the host of a node as the name or address to connect to, until the node has answered: from
 * then on it keeps the address of the connection. */
#include "base/bytes.h"
#include "base/fail.h"
#include "base/list.h"
#include "base/number.h"
#include "base/random.h"
#include "cluster/node_list.h"
#include "cluster/shard_name.h"
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdlib.h>
#include <strings.h>

enum { PORT = 6379, TO_BUS_PORT = 10000 };

_Static_assert(RF_NODE_HOST_MAX + 1 == INET6_ADDRSTRLEN, "servers keep an address in INET6_ADDRSTRLEN bytes");

static rf_code out_of_memory(rf_error *error)
{
    return fail(error, RF_E_MEMORY, "out of memory");
}

static const char *keep(rf_nodes *nodes, const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = arena_alloc(&nodes->strings, size);
    return copy ? memcpy(copy, text, size) : NULL;
}

/* --- hosts --------------------------------------------------------------------------------------------- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_name_character(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' ||
           c == '.';
}

/* A name that ends in a number is a mistyped address. */
static bool is_host_name(const char *host)
{
    const char *last = strrchr(host, '.');
    for (const char *c = host; *c; c++)
        if (!is_name_character(*c))
            return false;
    last = last ? last + 1 : host;
    return *host != '-' && *host != '.' && *last && last[strspn(last, "0123456789")] != '\0';
}

/* Sets `out` to an address in its shortest form, or to a name. */
static rf_code read_host(rf_slice item, rf_slice host, bool bracketed, struct node *node,
                         char out[RF_NODE_HOST_MAX + 1], rf_error *error)
{
    struct in6_addr address;
    int family = bracketed ? AF_INET6 : AF_INET;
    if (host.len > RF_NODE_HOST_MAX)
        return fail(
            error, RF_E_ARGUMENT,
            "'%.*s%s': servers accept at most %d bytes as the address of a node: use a name without its "
            "domain, or an IP address",
            QUOTED(item), RF_NODE_HOST_MAX);
    memcpy(out, host.ptr, host.len);
    out[host.len] = '\0';
    node->is_named = inet_pton(family, out, &address) != 1;
    if (!node->is_named)
        inet_ntop(family, &address, out, RF_NODE_HOST_MAX + 1);
    else if (bracketed || !is_host_name(out))
        return fail(error, RF_E_ARGUMENT,
                    "'%.*s%s' is not HOST:PORT: '%s' is neither an address nor a host name", QUOTED(item),
                    out);
    return RF_OK;
}

/* --- one node ------------------------------------------------------------------------------------------ */

static rf_code read_port(rf_slice item, rf_slice text, int *port, rf_error *error)
{
    uint64_t number;
    if (!number_parse_u64(text, &number) || number < 1 || number > TOPOLOGY_PORT_MAX)
        return fail(error, RF_E_ARGUMENT, "'%.*s%s': '%.*s%s' is not a port (1 to %d)", QUOTED(item),
                    QUOTED(text), TOPOLOGY_PORT_MAX);
    *port = (int)number;
    return RF_OK;
}

/* Cuts off "[::1]", without its brackets, or the part before a colon. *address becomes the part after the
 * colon; its ptr is NULL if there is none. */
static rf_code cut_host(rf_slice item, rf_slice *address, rf_slice *host, bool *bracketed, rf_error *error)
{
    const uint8_t *end;
    *bracketed = address->len > 0 && *address->ptr == '[';
    if (*bracketed && (end = memchr(address->ptr, ']', address->len)) != NULL) {
        *host = slice_of(address->ptr + 1, (size_t)(end - address->ptr - 1));
        *address = slice_of(end + 1, address->len - host->len - 2);
        rf_slice nothing;
        list_next(address, ':', &nothing);
        if (nothing.len == 0)
            return RF_OK;
    } else if (!*bracketed && list_next(address, ':', host) &&
               (!address->ptr || !memchr(address->ptr, ':', address->len))) {
        return RF_OK;
    }
    return fail(error, RF_E_ARGUMENT, "'%.*s%s' is not HOST:PORT: write an IPv6 address as [::1]:%d",
                QUOTED(item), PORT);
}

static rf_code read_node(rf_slice item, rf_nodes *nodes, struct node *node, rf_error *error)
{
    char text[RF_NODE_HOST_MAX + 1];
    rf_slice bus = item, port, host;
    bool bracketed;
    list_next(&bus, '@', &port);
    TRY(cut_host(item, &port, &host, &bracketed, error));
    if (host.len == 0)
        return fail(error, RF_E_ARGUMENT, "'%.*s%s' is not HOST:PORT", QUOTED(item));
    TRY(read_host(item, host, bracketed, node, text, error));
    node->info.port = PORT;
    if (port.ptr)
        TRY(read_port(item, port, &node->info.port, error));
    node->info.bus_port = node->info.port + TO_BUS_PORT;
    if (bus.ptr)
        TRY(read_port(item, bus, &node->info.bus_port, error));
    if (node->info.bus_port > TOPOLOGY_PORT_MAX)
        return fail(
            error, RF_E_ARGUMENT,
            "'%.*s%s': the port of the cluster bus, 10000 more, would be above %d: add the cluster-port "
            "of the server, as in %s:%d@%d",
            QUOTED(item), TOPOLOGY_PORT_MAX, text, node->info.port, node->info.port - TO_BUS_PORT);
    node->info.host = keep(nodes, text);
    return node->info.host ? RF_OK : out_of_memory(error);
}

/* --- all nodes ----------------------------------------------------------------------------------------- */

static rf_code read_list(rf_slice list, rf_nodes *nodes, rf_error *error)
{
    nodes->all = calloc(RF_NODES_MAX, sizeof *nodes->all);
    if (!nodes->all)
        return out_of_memory(error);
    for (rf_slice item; list_next(&list, ',', &item); nodes->count++) {
        if (nodes->count == RF_NODES_MAX)
            return fail(error, RF_E_ARGUMENT, "a cluster has at most %d nodes", RF_NODES_MAX);
        TRY(read_node(item, nodes, &nodes->all[nodes->count], error));
    }
    return RF_OK;
}

static rf_code assign_roles(rf_nodes *nodes, uint64_t replicas, rf_error *error)
{
    if (replicas >= nodes->count || nodes->count % (replicas + 1) != 0)
        return fail(error, RF_E_ARGUMENT,
                    "%zu node%s cannot be primaries with %" PRIu64
                    " replica%s each: list a multiple of %" PRIu64 " nodes",
                    nodes->count, nodes->count == 1 ? "" : "s", replicas, replicas == 1 ? "" : "s",
                    replicas + 1);
    nodes->primaries = nodes->count / (replicas + 1);
    for (size_t i = 0; i < nodes->count; i++)
        nodes->all[i].info.primary = i % nodes->primaries;
    return RF_OK;
}

static rf_code name_node(rf_nodes *nodes, size_t index, const char *name, rf_error *error)
{
    const char *copy = keep(nodes, name);
    if (!copy)
        return out_of_memory(error);
    nodes->all[index].info.name = copy;
    return RF_OK;
}

static rf_code name_by_address(rf_nodes *nodes, rf_error *error)
{
    char name[SHARD_NAME_MAX];
    for (size_t i = 0; i < nodes->count; i++) {
        shard_name_of_address(nodes->all[i].info.host, nodes->all[i].info.port, name);
        TRY(name_node(nodes, i, name, error));
    }
    return RF_OK;
}

static rf_code compare_nodes(const rf_node *a, const rf_node *b, rf_error *error)
{
    bool same_host = strcasecmp(a->host, b->host) == 0;
    if (same_host && a->port == b->port)
        return fail(error, RF_E_ARGUMENT, "%s:%d is listed twice", a->host, a->port);
    if (same_host && (a->port == b->bus_port || a->bus_port == b->port || a->bus_port == b->bus_port))
        return fail(error, RF_E_ARGUMENT,
                    "%s:%d@%d and %s:%d@%d share a port: each node needs one for clients and one for the bus",
                    a->host, a->port, a->bus_port, b->host, b->port, b->bus_port);
    if (strcmp(a->name, b->name) == 0)
        return fail(error, RF_E_ARGUMENT, "%s:%d and %s:%d would both be named %s", a->host, a->port, b->host,
                    b->port, a->name);
    return RF_OK;
}

static rf_code expect_distinct(const rf_nodes *nodes, rf_error *error)
{
    for (size_t i = 0; i < nodes->count; i++) {
        const rf_node *node = &nodes->all[i].info;
        if (node->port == node->bus_port)
            return fail(error, RF_E_ARGUMENT, "%s:%d@%d: the port of the cluster bus must be another one",
                        node->host, node->port, node->bus_port);
        for (size_t j = 0; j < i; j++)
            TRY(compare_nodes(&nodes->all[j].info, node, error));
    }
    return RF_OK;
}

static void make_id(char out[TOPOLOGY_ID + 1])
{
    uint8_t bytes[TOPOLOGY_ID / 2];
    random_fill(bytes, sizeof bytes);
    for (size_t i = 0; i < TOPOLOGY_ID; i++)
        out[i] = "0123456789abcdef"[bytes[i / 2] >> (i % 2 ? 0 : 4) & 15];
}

static rf_code read_nodes(const char *list, uint64_t replicas, rf_nodes *nodes, rf_error *error)
{
    TRY(read_list(slice_of(list, strlen(list)), nodes, error));
    TRY(assign_roles(nodes, replicas, error));
    TRY(name_by_address(nodes, error));
    TRY(expect_distinct(nodes, error));
    for (size_t i = 0; i < nodes->count; i++) {
        make_id(nodes->all[i].id);
        make_id(nodes->all[i].shard_id);
    }
    return RF_OK;
}

rf_code rf_nodes_parse(const char *list, uint64_t replicas, rf_nodes **out, rf_error *error)
{
    rf_nodes *nodes = calloc(1, sizeof *nodes);
    if (!nodes)
        return out_of_memory(error);
    rf_code code = read_nodes(list, replicas, nodes, error);
    if (code == RF_OK)
        *out = nodes;
    else
        rf_nodes_free(nodes);
    return code;
}

rf_code rf_nodes_set_names(rf_nodes *nodes, const char *pattern, rf_error *error)
{
    char name[SHARD_NAME_MAX];
    TRY(shard_name_check_pattern(slice_of(pattern, strlen(pattern)), error));
    for (size_t i = 0; i < nodes->count; i++) {
        shard_name_by_pattern(pattern, i, name);
        TRY(name_node(nodes, i, name, error));
    }
    return RF_OK;
}

/* --- queries ------------------------------------------------------------------------------------------- */

size_t rf_nodes_count(const rf_nodes *nodes)
{
    return nodes->count;
}

size_t rf_nodes_primaries(const rf_nodes *nodes)
{
    return nodes->primaries;
}

const rf_node *rf_nodes_at(const rf_nodes *nodes, size_t index)
{
    return &nodes->all[index].info;
}

static rf_code describe_shards(const rf_nodes *nodes, rf_topology *topology, rf_error *error)
{
    size_t shards = rf_topology_shards(topology);
    if (shards != nodes->primaries)
        return fail(error, RF_E_ARGUMENT, "%zu range%s of slots for %zu primar%s", shards,
                    shards == 1 ? "" : "s", nodes->primaries, nodes->primaries == 1 ? "y" : "ies");
    for (size_t i = 0; i < shards; i++) {
        const rf_node *node = &nodes->all[i].info;
        TRY(topology_name_shard(topology, i, node->name, error));
        TRY(topology_place_shard(topology, i, node->host, node->port, error));
    }
    return RF_OK;
}

rf_code rf_nodes_topology(const rf_nodes *nodes, const char *slots, rf_topology **out, rf_error *error)
{
    rf_topology *topology;
    TRY(slots ? rf_topology_of_ranges(slots, &topology, error)
              : rf_topology_equal(nodes->primaries, &topology, error));
    rf_code code = describe_shards(nodes, topology, error);
    if (code == RF_OK)
        *out = topology;
    else
        rf_topology_free(topology);
    return code;
}

void rf_nodes_free(rf_nodes *nodes)
{
    if (!nodes)
        return;
    arena_free(&nodes->strings);
    buffer_free(&nodes->conf);
    free(nodes->all);
    free(nodes);
}
