/* SPDX-License-Identifier: MIT */
/* What has to be done on every primary, over its control connection: libraries, and commands without keys. */
#include "base/bytes.h"
#include "base/fail.h"
#include "base/number.h"
#include "replay/internal.h"

rf_code node_call(struct client *client, const rf_slice *argv, size_t argc, struct reply *head,
                  rf_slice *rest, rf_error *error)
{
    TRY(client_put(client, argv, argc, error));
    return client_reply(client, head, rest, error);
}

/* With a time limit, as for keys. */
rf_code node_wait_for_replicas(struct node *node, rf_error *error)
{
    enum { ATTEMPTS = 10 };
    uint8_t text[NUMBER_TEXT_MAX] = {0};
    struct reply head = {.number = 0};
    rf_slice rest;
    for (int i = 0; node->wait_replicas && i < ATTEMPTS; i++) {
        rf_slice replicas = {text, number_print_u64(text, node->replicas)};
        const rf_slice wait[] = {SLICE("WAIT"), replicas, SLICE("1000")};
        TRY(node_call(node->control, wait, 3, &head, &rest, error));
        if (reply_is_error(head, "NOPERM"))
            return RF_OK;
        if (head.kind != REPLY_NUMBER)
            return client_refused(node->control, "WAIT", head, error);
        if (head.number >= (int64_t)node->replicas)
            return RF_OK;
        node->replay->topology.suspect = true;
        TRY(loop_run_timers(node->replay, error));
        if (!node->primary)
            return fail(error, RF_E_TARGET, "%s: no longer a primary", node->name);
    }
    if (node->wait_replicas)
        reduce_replicas(node, head.number);
    return RF_OK;
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
        if (r->error.code != RF_OK)
            return replay_ended(r, error);
        if (!rf_code_is_target(code)) {
            *error = why;
            return code;
        }
        TRY(retry_backoff(r, since_ms, &why, error));
        if (!node->primary)
            return fail(error, RF_E_TARGET, "%s: no longer a primary", node->name);
    }
}

rf_code on_each_primary(rf_replay *r, visit_fn *visit, void *ctx, rf_error *error)
{
    int64_t since_ms = 0;
    for (size_t i = 0; i < r->node_count; i++) {
        struct node *node = r->nodes[i];
        rf_code code = node->primary ? visit_with_retry(r, node, visit, ctx, &since_ms, error) : RF_OK;
        bool changed = rf_code_is_target(code) && !node->primary && r->error.code == RF_OK;
        if (changed)
            i = (size_t)-1;
        else
            TRY(code);
    }
    return RF_OK;
}
