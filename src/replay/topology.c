/* SPDX-License-Identifier: MIT */
/* Follows changes of the target: redirections, and primaries that are replaced. */
#include "base/bytes.h"
#include "base/fail.h"
#include "net/redirect.h"
#include "replay/import_mode.h"
#include "replay/internal.h"

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

static rf_code find_again(rf_replay *r, rf_error *error)
{
    TRY(cluster_map_refresh(&r->map, error));
    held_release_all(r);
    r->info.nodes = r->map.primaries.node_count;
    TRY(import_mode_check_slots(r, error));
    return resolve_redirect(r, error);
}

rf_code nodes_refresh(rf_replay *r, rf_error *error)
{
    if (!r->map.stale)
        return RF_OK;
    r->topology.refreshing = true;
    rf_code code = find_again(r, error);
    r->topology.refreshing = false;
    return code;
}

rf_code nodes_check(rf_replay *r, rf_error *error)
{
    rf_error why;
    if (r->topology.refreshing || !cluster_map_is_due(&r->map))
        return RF_OK;
    rf_code code = nodes_refresh(r, &why);
    if (code == RF_OK || rf_code_is_target(code))
        return RF_OK;
    *error = why;
    return code;
}
