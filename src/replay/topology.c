/* SPDX-License-Identifier: MIT */
/* Follows changes of the target: redirections, and primaries that are replaced. */
#include "base/bytes.h"
#include "base/fail.h"
#include "net/redirect.h"
#include "replay/import_mode.h"
#include "replay/internal.h"
#include <sys/epoll.h>

/* --- redirections --------------------------------------------------------------------------------------- */

/* RF_E_TARGET if the node cannot be queried now. */
static rf_code query_table(struct node *node, struct reply *table, rf_error *error)
{
    struct client *client;
    rf_slice rest;
    TRY(node_open_control(node, &client, error));
    rf_code code = control_call(client, (const rf_slice[]){SLICE("CLUSTER"), SLICE("NODES")}, 2, table, &rest,
                                error);
    if (code == RF_OK && classify_error(*table) != ERROR_OTHER)
        code = client_refused(client, "CLUSTER", *table, error);
    if (code != RF_OK)
        node_close_control(node);
    return code;
}

/* A redirection to a node that is not listed ends the run. If the list cannot be queried now, the redirection
 * will be repeated. */
static rf_code admit(rf_replay *r, const rf_address *address, rf_error *error)
{
    rf_error why;
    struct reply table;
    struct cluster_node *node;
    struct node *asked = r->topology.redirected_by;
    rf_code code = query_table(asked, &table, &why);
    if (rf_code_is_target(code))
        return RF_OK;
    if (code == RF_OK)
        code = cluster_map_admit(&r->map, &asked->base, address, table, &node, &why);
    if (rf_code_is_target(code) && r->error.code == RF_OK)
        r->error = why;
    if (code != RF_OK)
        *error = why;
    return code;
}

static rf_code resolve_redirect(rf_replay *r, rf_error *error)
{
    rf_address address = r->topology.redirect;
    rf_code code = RF_OK;
    r->topology.redirect = (rf_address){0};
    if (!address.host)
        return RF_OK;
    if (!cluster_map_known(&r->map, &address))
        code = admit(r, &address, error);
    address_free(&address);
    return r->error.code != RF_OK ? replay_ended(r, error) : code;
}

/* --- topology refresh ---------------------------------------------------------------------------------- */

rf_code nodes_find(rf_replay *r, rf_error *error)
{
    TRY(cluster_map_find(&r->map, error));
    r->info.nodes = r->map.primaries.node_count;
    return RF_OK;
}

/* The loop is woken once: the caller is called again. */
static rf_code continue_query(rf_replay *r, rf_error *error)
{
    const bool begins = !r->map.query;
    rf_code code = cluster_map_continue(&r->map, error);
    if (code == RF_END && begins)
        TRY(loop_watch(r, primaries_query_fd(r->map.query), false, EPOLLIN | EPOLLET, error));
    return code;
}

static rf_code find_again(rf_replay *r, rf_error *error)
{
    rf_code code = continue_query(r, error);
    if (code != RF_OK)
        return code;
    held_release_all(r);
    r->info.nodes = r->map.primaries.node_count;
    TRY(import_mode_check_slots(r, error));
    return resolve_redirect(r, error);
}

rf_code nodes_continue_refresh(rf_replay *r, rf_error *error)
{
    const bool nested = r->topology.refreshing;
    if (cluster_map_is_current(&r->map))
        return RF_OK;
    r->topology.refreshing = true;
    rf_code code = find_again(r, error);
    r->topology.refreshing = nested;
    return code;
}

static bool is_over(void *ctx)
{
    const rf_replay *r = ctx;
    return !cluster_map_is_waiting(&r->map);
}

rf_code nodes_refresh(rf_replay *r, rf_error *error)
{
    rf_code code = RF_OK;
    r->topology.refreshing = true;
    while ((code == RF_OK || code == RF_END) && !cluster_map_is_current(&r->map)) {
        code = nodes_continue_refresh(r, error);
        if (code == RF_END &&
            (code = replay_wait_until(r, &(struct wait){is_over, .ctx = r}, error)) == RF_OK)
            code = RF_END;
    }
    r->topology.refreshing = false;
    return code == RF_END ? RF_OK : code;
}

rf_code nodes_check(rf_replay *r, rf_error *error)
{
    rf_error why;
    if (r->topology.refreshing || !(r->topology.checking || cluster_map_is_due(&r->map)))
        return RF_OK;
    rf_code code = nodes_continue_refresh(r, &why);
    r->topology.checking = code == RF_END;
    if (code == RF_OK || code == RF_END || rf_code_is_target(code))
        return RF_OK;
    *error = why;
    return code;
}
