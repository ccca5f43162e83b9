/* SPDX-License-Identifier: MIT */
/* Nodes: the slots they serve, and the handshake of a connection.
 *
 *   AUTH ...   CLIENT SETNAME rdbferry-<run>-<n>   [CLIENT LIST, CLIENT KILL ID ...]   INFO replication |
 * ROLE
 *
 * A server may still execute commands from a lost connection. Before a new one is used, the run's connections
 * that are no longer open are killed; if CLIENT KILL is not available, there is a pause instead. */
#include "base/bytes.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/list.h"
#include "base/number.h"
#include "net/info.h"
#include "net/redirect.h"
#include "replay/internal.h"
#include "replay/suspect.h"
#include <stdio.h>
#include <stdlib.h>

enum {
    NAME_TEXT = 64,
    DRAIN_MS = 1000,    /* the time a server needs to execute what a lost connection has sent */
    REPLICAS_MAX = 256, /* limit for the reported number of replicas */
};

void node_log(const struct node *node, const char *what)
{
    char text[512];
    const rf_replay_options *options = &node->replay->options;
    snprintf(text, sizeof text, "%s: %s", node->name, what);
    if (options->on_log)
        options->on_log(options->ctx, RF_LOG_WARNING, text);
}

rf_target_wait nodes_wait_options(const rf_replay *r)
{
    return (rf_target_wait){.on_log = r->options.on_log, .ctx = r->options.ctx};
}

/* The node itself if it was lost, or a lost node whose place it has taken. */
static struct node *find_lost(struct node *node)
{
    const rf_replay *r = node->replay;
    if (node->lost_ms != 0)
        return node;
    for (size_t i = 0; i < r->node_count && !node->connected; i++)
        if (r->nodes[i]->lost_ms != 0 && !r->nodes[i]->primary)
            return r->nodes[i];
    return NULL;
}

static void note_connected(struct node *node)
{
    char text[512];
    rf_replay *r = node->replay;
    struct node *lost = find_lost(node);
    node->connected = true;
    if (!lost)
        return;
    int64_t seconds = (clock_monotonic_ms() - lost->lost_ms + 500) / 1000;
    lost->lost_ms = 0;
    r->waiting = (struct waiting){0};
    snprintf(text, sizeof text, "connected %s%s%s after %lld s", lost == node ? "again to " : "to ",
             node->name, lost == node ? "" : ", the new primary,", (long long)seconds);
    if (r->options.on_log)
        r->options.on_log(r->options.ctx, RF_LOG_NOTE, text);
}

/* --- the list of nodes --------------------------------------------------------------------------------- */

void node_free(struct node *node)
{
    if (!node)
        return;
    for (unsigned i = 0; node->pipelines && i < node->replay->options.connections; i++)
        pipeline_close(&node->pipelines[i]);
    free(node->pipelines);
    client_close(node->control);
    buffer_free(&node->modules);
    address_free(&node->address);
    free(node);
}

static rf_code make_node(rf_replay *r, const rf_address *address, struct node **out, rf_error *error)
{
    struct node *node = calloc(1, sizeof *node);
    if (!node)
        return fail(error, RF_E_MEMORY, "out of memory");
    node->replay = r;
    node->pipelines = calloc(r->options.connections, sizeof *node->pipelines);
    rf_code code = node->pipelines ? address_make(slice_of(address->host, strlen(address->host)),
                                                  address->port, &node->address, error)
                                   : fail(error, RF_E_MEMORY, "out of memory");
    if (code != RF_OK) {
        node_free(node);
        return code;
    }
    for (unsigned i = 0; i < r->options.connections; i++)
        pipeline_open(&node->pipelines[i], &reply_handler, node);
    node->fence = r->options.resumed;
    address_format(&node->address, node->name);
    *out = node;
    return RF_OK;
}

struct node *nodes_known(const rf_replay *r, const rf_address *address)
{
    size_t number;
    return address_index_find(&r->index, address, &number) ? r->nodes[number] : NULL;
}

static struct node *nodes_at(rf_replay *r, const rf_address *address, rf_error *error)
{
    struct node *node = nodes_known(r, address);
    if (node)
        return node;
    struct node **grown = realloc(r->nodes, (r->node_count + 1) * sizeof(struct node *));
    if (!grown) {
        fail(error, RF_E_MEMORY, "out of memory");
        return NULL;
    }
    r->nodes = grown;
    if (make_node(r, address, &node, error) != RF_OK)
        return NULL;
    if (!address_index_add(&r->index, &node->address, r->node_count)) {
        node_free(node);
        fail(error, RF_E_MEMORY, "out of memory");
        return NULL;
    }
    return r->nodes[r->node_count++] = node;
}

/* A node for slots that are not assigned; it cannot be connected. */
static rf_code make_unassigned(rf_replay *r, rf_error *error)
{
    const rf_address address = {.host = (char[]){"unassigned"}, .port = 0};
    return r->unassigned ? RF_OK : make_node(r, &address, &r->unassigned, error);
}

struct node *nodes_of_key(const rf_replay *r, rf_slice key)
{
    return r->primaries.node_of ? r->node_of[rf_slot_of(key)] : r->node_of[0];
}

/* What a node has acknowledged while it was no longer a primary may be lost. */
static void disconnect_demoted(rf_replay *r)
{
    rf_error why;
    for (size_t i = 0; i < r->node_count; i++) {
        r->nodes[i]->connected &= r->nodes[i]->primary;
        for (unsigned j = 0; j < r->options.connections && !r->nodes[i]->primary; j++)
            if (r->nodes[i]->pipelines[j].connection) {
                fail(&why, RF_E_TARGET, "%s: no longer a primary", r->nodes[i]->name);
                loop_fail_pipeline(r, &r->nodes[i]->pipelines[j], &why);
            }
    }
}

/* Finds or creates the node of each primary. */
static rf_code find_nodes(rf_replay *r, struct node **primaries, rf_error *error)
{
    for (size_t i = 0; i < r->node_count; i++)
        r->nodes[i]->primary = false;
    for (size_t i = 0; i < r->primaries.node_count; i++) {
        primaries[i] = nodes_at(r, &r->primaries.nodes[i], error);
        if (!primaries[i])
            return error->code;
        primaries[i]->primary = true;
    }
    return RF_OK;
}

static void assign_slots(rf_replay *r, struct node *const *primaries)
{
    const uint16_t *node_of = r->primaries.node_of;
    r->node_of[0] = primaries[0];
    for (unsigned slot = 0; node_of && slot < RF_SLOTS; slot++)
        r->node_of[slot] = node_of[slot] == NO_NODE ? r->unassigned : primaries[node_of[slot]];
}

/* Applies a new topology. */
static rf_code apply_primaries(rf_replay *r, struct primaries *found, rf_error *error)
{
    primaries_free(&r->primaries);
    r->primaries = *found;
    TRY(make_unassigned(r, error));
    struct node **primaries = malloc(found->node_count * sizeof(struct node *));
    if (!primaries)
        return fail(error, RF_E_MEMORY, "out of memory");
    rf_code code = find_nodes(r, primaries, error);
    if (code == RF_OK)
        assign_slots(r, primaries);
    free(primaries);
    TRY(code);
    r->info.nodes = found->node_count;
    disconnect_demoted(r);
    return RF_OK;
}

rf_code nodes_find(rf_replay *r, rf_error *error)
{
    struct primaries found;
    const rf_target *target = r->target;
    if (!r->node_of)
        r->node_of = calloc(RF_SLOTS, sizeof(struct node *));
    if (!r->node_of)
        return fail(error, RF_E_MEMORY, "out of memory");
    TRY(primaries_find(target, target->addresses, target->address_count, &found, error));
    return apply_primaries(r, &found, error);
}

/* --- redirections --------------------------------------------------------------------------------------- */

/* If CLUSTER NODES is not available, the address counts as not listed. */
static rf_code is_named_by_cluster(struct node *node, const rf_address *address, bool *named, rf_error *error)
{
    struct client *client;
    struct reply table;
    rf_slice rest;
    TRY(node_open_control(node, &client, error));
    rf_code code = client_put(client, (const rf_slice[]){SLICE("CLUSTER"), SLICE("NODES")}, 2, error);
    if (code == RF_OK)
        code = client_reply(client, &table, &rest, error);
    if (code == RF_OK && classify_error(table) != ERROR_OTHER)
        code = client_refused(client, "CLUSTER", table, error);
    if (code == RF_OK)
        *named = table.kind == REPLY_STRING && redirect_is_named(table.text, &node->address, address);
    else
        node_close_control(node);
    return code;
}

/* A node that receives its first slot is not in any CLUSTER SLOTS yet, but in the CLUSTER NODES of the node
 * that redirects to it. If that cannot be queried now, the redirection will be repeated. */
static rf_code resolve_redirect(rf_replay *r, rf_error *error)
{
    char name[ADDRESS_TEXT];
    rf_address address = r->topology.redirect;
    bool named = false;
    rf_code code = RF_OK;
    r->topology.redirect = (rf_address){0};
    if (!address.host)
        return RF_OK;
    if (!nodes_known(r, &address)) {
        code = is_named_by_cluster(r->topology.redirected_by, &address, &named, error);
        address_format(&address, name);
        if (code == RF_OK && named && !nodes_at(r, &address, error))
            code = error->code;
        else if (code == RF_OK && !named && r->error.code == RF_OK)
            code = fail(&r->error, RF_E_TARGET,
                        "%s: redirected to %s, which is not in CLUSTER NODES: check the node",
                        r->topology.redirected_by->name, name);
    }
    address_free(&address);
    if (r->error.code != RF_OK)
        return replay_ended(r, error);
    return rf_code_is_target(code) ? RF_OK : code;
}

/* --- topology refresh ---------------------------------------------------------------------------------- */

/* The nodes of the cluster are tried first; those of the target may be gone. */
static rf_code find_again(rf_replay *r, rf_error *error)
{
    struct primaries found;
    const rf_target *target = r->target;
    rf_code code = RF_E_TARGET;
    if (r->primaries.kind == RF_TARGET_CLUSTER)
        code = primaries_find(target, r->primaries.nodes, r->primaries.node_count, &found, error);
    if (code != RF_OK)
        code = primaries_find(target, target->addresses, target->address_count, &found, error);
    TRY(code);
    if (found.kind != r->primaries.kind || (found.info_refused && !r->primaries.info_refused)) {
        primaries_free(&found);
        return fail(error, RF_E_TARGET, "%s: the server's mode has changed or is no longer reported",
                    r->node_of[0]->name);
    }
    r->topology.stale = false;
    TRY(apply_primaries(r, &found, error));
    return resolve_redirect(r, error);
}

rf_code nodes_refresh(rf_replay *r, rf_error *error)
{
    if (!r->topology.stale)
        return RF_OK;
    r->topology.refreshing = true;
    rf_code code = find_again(r, error);
    r->topology.refreshing = false;
    return code;
}

rf_code nodes_check(rf_replay *r, rf_error *error)
{
    enum { CHECK_MS = 1000 };
    rf_error why;
    int64_t now = clock_monotonic_ms();
    if (!r->topology.suspect || r->topology.refreshing || now - r->topology.checked_ms < CHECK_MS)
        return RF_OK;
    r->topology.suspect = false;
    r->topology.checked_ms = now;
    r->topology.stale = true;
    rf_code code = nodes_refresh(r, &why);
    if (code == RF_OK || rf_code_is_target(code))
        return RF_OK;
    *error = why;
    return code;
}

/* --- connection names ---------------------------------------------------------------------------------- */

static size_t print_name(const rf_replay *r, char out[NAME_TEXT], unsigned serial)
{
    return (size_t)snprintf(out, NAME_TEXT, "rdbferry-%s-%u", r->options.run, serial);
}

static rf_code set_name(const rf_replay *r, struct client *client, unsigned serial, bool *named,
                        rf_error *error)
{
    char name[NAME_TEXT];
    struct reply head;
    rf_slice rest;
    const rf_slice argv[] = {SLICE("CLIENT"), SLICE("SETNAME"), slice_of(name, print_name(r, name, serial))};
    TRY(client_put(client, argv, 3, error));
    TRY(client_reply(client, &head, &rest, error));
    *named = head.kind == REPLY_STATUS;
    return RF_OK;
}

static bool has_name(const rf_replay *r, rf_slice name, unsigned serial)
{
    char text[NAME_TEXT];
    return slice_equal(name, slice_of(text, print_name(r, text, serial)));
}

static bool is_open(const struct node *node, rf_slice name)
{
    const rf_replay *r = node->replay;
    for (unsigned i = 0; i < r->options.connections; i++)
        if (node->pipelines[i].connection && has_name(r, name, node->pipelines[i].serial))
            return true;
    return node->control && has_name(r, name, node->control_serial);
}

/* Two nodes may be two addresses of the same server. */
static bool is_open_somewhere(const rf_replay *r, rf_slice name)
{
    for (size_t i = 0; i < r->node_count; i++)
        if (is_open(r->nodes[i], name))
            return true;
    return false;
}

/* The value of "name=value" in a line of CLIENT LIST. */
static rf_slice client_field(rf_slice line, rf_slice name)
{
    rf_slice item;
    while (list_next(&line, ' ', &item))
        if (item.len >= name.len && memcmp(item.ptr, name.ptr, name.len) == 0)
            return slice_of(item.ptr + name.len, item.len - name.len);
    return (rf_slice){0};
}

/* Whether the line describes a lost connection of this run. */
static bool is_lost(const struct node *node, rf_slice line, unsigned serial, rf_slice *id)
{
    char prefix[NAME_TEXT];
    rf_slice name = client_field(line, SLICE("name="));
    size_t length = print_name(node->replay, prefix, 0) - 1;
    *id = client_field(line, SLICE("id="));
    return id->len > 0 && name.len > length && memcmp(name.ptr, prefix, length) == 0 &&
           !has_name(node->replay, name, serial) && !is_open_somewhere(node->replay, name);
}

/* Kills the lost connections of this run. *killed: this was possible; no permission is not an error. */
static rf_code kill_lost(const struct node *node, struct client *client, unsigned serial, bool *killed,
                         rf_error *error)
{
    const rf_slice list[] = {SLICE("CLIENT"), SLICE("LIST")};
    struct buffer lines = {0};
    struct reply head;
    rf_slice rest, line, id;
    *killed = false;
    if (node->replay->primaries.closes_on_unknown)
        return RF_OK;
    TRY(client_put(client, list, 2, error));
    TRY(client_reply(client, &head, &rest, error));
    *killed = head.kind == REPLY_STRING && !node->no_client_names;
    if (!*killed || !buffer_append(&lines, head.text))
        return RF_OK;
    rf_code code = RF_OK;
    rest = buffer_slice(&lines);
    while (code == RF_OK && info_line(&rest, &line))
        if (is_lost(node, line, serial, &id)) {
            const rf_slice kill[] = {SLICE("CLIENT"), SLICE("KILL"), SLICE("ID"), id};
            code = client_put(client, kill, 4, error);
            if (code == RF_OK)
                code = client_reply(client, &head, &(rf_slice){0}, error);
            *killed &= code == RF_OK && head.kind == REPLY_NUMBER;
        }
    buffer_free(&lines);
    return code;
}

static rf_code fence(struct node *node, struct client *client, unsigned serial, rf_error *error)
{
    bool killed;
    node->fence = false; /* another connection may be lost meanwhile */
    rf_code code = kill_lost(node, client, serial, &killed, error);
    if (code == RF_OK && !killed)
        code = replay_sleep(node->replay, DRAIN_MS, error);
    node->fence |= code != RF_OK;
    return code;
}

/* --- connecting ---------------------------------------------------------------------------------------- */

/* Counts the replicas that are online: "slave0:ip=...,port=...,state=online,..." */
static unsigned count_replicas(rf_slice info)
{
    rf_slice line;
    unsigned online = 0;
    while (online < REPLICAS_MAX && info_line(&info, &line))
        online += line.len > 5 && memcmp(line.ptr, "slave", 5) == 0 &&
                  memmem(line.ptr, line.len, "state=online", 12) != NULL;
    return online;
}

/* "role:master", and the number of replicas. */
static rf_code query_replication(struct client *client, bool *replica, unsigned *replicas, rf_error *error)
{
    struct reply info;
    rf_slice rest, role;
    TRY(client_call(client, (const char *const[]){"INFO", "replication", NULL}, &info, &rest, error));
    *replica = info_field(info.text, "role", &role) && slice_equal(role, SLICE("slave"));
    *replicas = count_replicas(info.text);
    return RF_OK;
}

/* ["master", offset, [replica, ...]] or ["slave", ...]; unknown if ROLE is not available. */
static rf_code query_role_only(struct client *client, bool *replica, unsigned *replicas, rf_error *error)
{
    struct reply head;
    rf_slice rest;
    TRY(client_query(client, (const char *const[]){"ROLE", NULL}, &head, &rest, error));
    if (head.kind != REPLY_ARRAY || head.number < 3)
        return RF_OK;
    struct reply role = reply_next(&rest);
    *replica = slice_equal(role.text, SLICE("slave"));
    reply_skip(&rest, role);
    reply_skip(&rest, reply_next(&rest));
    struct reply list = reply_next(&rest);
    *replicas = list.kind != REPLY_ARRAY     ? 0
                : list.number < REPLICAS_MAX ? (unsigned)list.number
                                             : REPLICAS_MAX;
    return RF_OK;
}

static rf_code query_role(struct node *node, struct client *client, rf_error *error)
{
    bool replica = node->replay->primaries.replica;
    unsigned replicas = 0;
    TRY((node->replay->primaries.info_refused ? query_role_only : query_replication)(client, &replica,
                                                                                     &replicas, error));
    if (replica)
        return fail(error, RF_E_TARGET, "%s: is a replica: use its primary", node->name);
    if (replicas > node->replicas && !node->wait_unsupported)
        node->replicas = replicas;
    node->wait_replicas = node->replicas > 0;
    return RF_OK;
}

static bool starts_with(rf_slice text, rf_slice start)
{
    return text.len >= start.len && memcmp(text.ptr, start.ptr, start.len) == 0;
}

/* A server that may evict any key may evict a staging key before it is complete. */
static rf_code query_eviction_policy(struct node *node, struct client *client, rf_error *error)
{
    struct reply info;
    rf_slice rest, policy, most;
    if (node->replay->primaries.info_refused)
        return RF_OK;
    TRY(client_call(client, (const char *const[]){"INFO", "memory", NULL}, &info, &rest, error));
    bool limited = info_field(info.text, "maxmemory", &most) && !slice_equal(most, SLICE("0")) &&
                   info_field(info.text, "maxmemory_policy", &policy);
    bool evicts = limited && starts_with(policy, SLICE("allkeys"));
    node->evicts_expiring = limited && starts_with(policy, SLICE("volatile"));
    if (evicts && !node->evicts)
        node_log(node, "keys are evicted when memory is full: written keys may be lost");
    node->evicts = evicts;
    return RF_OK;
}

rf_code node_count_evicted(struct node *node, int64_t *keys, rf_error *error)
{
    struct client *client;
    struct reply info;
    rf_slice rest, text;
    TRY(node_open_control(node, &client, error));
    rf_code code = client_call(client, (const char *const[]){"INFO", "stats", NULL}, &info, &rest, error);
    if (code != RF_OK)
        node_close_control(node);
    else if (!info_field(info.text, "evicted_keys", &text) || !number_parse_i64(text, keys))
        *keys = 0;
    return code;
}

/* The first digits of run_id. */
static uint32_t parse_run_id(rf_slice info)
{
    enum { DIGITS = 8 };
    char text[DIGITS + 1] = "";
    rf_slice id;
    if (info_field(info, "run_id", &id))
        memcpy(text, id.ptr, id.len < DIGITS ? id.len : DIGITS);
    return (uint32_t)strtoul(text, NULL, 16);
}

/* A server that was restarted may have other modules. */
static rf_code query_server_info(struct node *node, struct client *client, rf_error *error)
{
    struct reply info;
    rf_slice rest;
    TRY(client_put(client, (const rf_slice[]){SLICE("INFO"), SLICE("server")}, 2, error));
    TRY(client_reply(client, &info, &rest, error));
    uint32_t run = info.kind == REPLY_STRING ? parse_run_id(info.text) : 0;
    suspect_learn(node, run);
    node->modules_asked &= run == node->run;
    node->run = run;
    node->server = info.kind == REPLY_STRING ? info_server(info.text) : (rf_server){0};
    return RF_OK;
}

static rf_code handshake(struct node *node, struct client *client, unsigned serial, rf_error *error)
{
    bool named = false;
    node->no_client_names |= node->replay->primaries.closes_on_unknown;
    if (node->replay->primaries.closes_on_unknown)
        return node->fence ? fence(node, client, serial, error) : RF_OK;
    TRY(set_name(node->replay, client, serial, &named, error));
    TRY(query_server_info(node, client, error));
    node->no_client_names |= !named;
    if (node->fence)
        TRY(fence(node, client, serial, error));
    TRY(query_role(node, client, error));
    return query_eviction_policy(node, client, error);
}

static rf_code open_client(struct node *node, unsigned serial, struct client **out, rf_error *error)
{
    if (node == node->replay->unassigned)
        return fail(error, RF_E_TARGET, "no node of the cluster serves the key's slot");
    TRY(client_open(node->replay->target, &node->address, out, error));
    rf_code code = handshake(node, *out, serial, error);
    if (code == RF_OK) {
        note_connected(node);
        return RF_OK;
    }
    client_close(*out);
    *out = NULL;
    return code;
}

rf_code node_connect(struct node *node, struct pipeline *pipeline, rf_error *error)
{
    struct client *client;
    unsigned serial = ++node->replay->serial;
    TRY(open_client(node, serial, &client, error));
    TRY(pipeline_connect(pipeline, client_release(client), serial, error));
    pipeline->run = node->run;
    return loop_add(node->replay, pipeline, error);
}

rf_code node_open_control(struct node *node, struct client **out, rf_error *error)
{
    if (!node->control) {
        node->control_serial = ++node->replay->serial;
        TRY(open_client(node, node->control_serial, &node->control, error));
        node->control_db = 0;
    }
    *out = node->control;
    return RF_OK;
}

rf_code node_fence(struct node *node, rf_error *error)
{
    struct client *client;
    while (UNLIKELY(node->fence)) {
        TRY(node_open_control(node, &client, error));
        rf_code code = node->fence ? fence(node, client, node->control_serial, error) : RF_OK;
        if (code != RF_OK) {
            node_close_control(node);
            return code;
        }
    }
    return RF_OK;
}

/* Its last reply may still be pending. */
void node_close_control(struct node *node)
{
    node->fence |= node->control != NULL;
    client_close(node->control);
    node->control = NULL;
}
