/* SPDX-License-Identifier: MIT */
/* Follows changes of the target: redirections, and primaries that are replaced. */
#include "base/clock.h"
#include "base/fail.h"
#include "net/redirect.h"
#include "replay/internal.h"

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
    TRY(nodes_apply(r, &found, error));
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
