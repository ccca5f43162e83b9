/* SPDX-License-Identifier: MIT */
/* What has to be done on every primary, over its control connection, one after another: libraries, commands
 * without keys; or on all at once: the pass that takes off the shift of expiries. */
#include "base/fail.h"
#include "replay/internal.h"

/* So that they are not connected to one after the other. What fails is told to the one that uses it. */
static void begin_controls(rf_replay *r)
{
    rf_error ignored;
    for (size_t i = 0; i < r->map.node_count; i++)
        if (node_at(r, i)->base.primary)
            node_connect_control(node_at(r, i), &ignored);
}

/* RF_OK: try again. */
static rf_code after_failure(rf_replay *r, rf_code code, const rf_error *why, int64_t *since_ms,
                             rf_error *error)
{
    if (r->error.code != RF_OK)
        return replay_ended(r, error);
    if (rf_code_is_target(code))
        return retry_backoff(r, since_ms, why, error);
    *error = *why;
    return code;
}

static rf_code visit_with_retry(rf_replay *r, struct node *node, visit_fn *visit, void *ctx,
                                int64_t *since_ms, rf_error *error)
{
    for (;;) {
        rf_error why;
        rf_code code = visit(ctx, node, *since_ms > 0, &why);
        if (code == RF_OK)
            return RF_OK;
        node_close_control(node);
        TRY(after_failure(r, code, &why, since_ms, error));
        if (!node->base.primary)
            return fail(error, RF_E_TARGET, "%s: no longer a primary", node->base.name);
    }
}

rf_code on_each_primary(rf_replay *r, visit_fn *visit, void *ctx, rf_error *error)
{
    int64_t since_ms = 0;
    for (size_t i = 0; i < r->map.node_count; i++) {
        struct node *node = node_at(r, i);
        if (i == 0)
            begin_controls(r);
        rf_code code = node->base.primary ? visit_with_retry(r, node, visit, ctx, &since_ms, error) : RF_OK;
        bool changed = rf_code_is_target(code) && !node->base.primary && r->error.code == RF_OK;
        if (changed)
            i = (size_t)-1;
        else
            TRY(code);
    }
    return RF_OK;
}

static void close_controls(rf_replay *r)
{
    for (size_t i = 0; i < r->map.node_count; i++)
        node_close_control(node_at(r, i));
}

rf_code on_all_primaries(rf_replay *r, rf_code (*attempt)(rf_replay *r, rf_error *error), rf_error *error)
{
    int64_t since_ms = 0;
    for (;;) {
        rf_error why;
        begin_controls(r);
        rf_code code = attempt(r, &why);
        if (code == RF_OK)
            return RF_OK;
        close_controls(r);
        TRY(after_failure(r, code, &why, &since_ms, error));
    }
}
