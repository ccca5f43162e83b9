/* SPDX-License-Identifier: MIT */
/* What is done over control connections, one command at a time or in small batches: these are not pipelines,
 * and their commands are repeated as a whole after a lost connection. */
#include "base/bytes.h"
#include "base/fail.h"
#include "base/number.h"
#include "replay/internal.h"

rf_code control_call(struct client *client, const rf_slice *argv, size_t argc, struct reply *head,
                     rf_slice *rest, rf_error *error)
{
    TRY(client_put(client, argv, argc, error));
    return client_reply(client, head, rest, error);
}

rf_code control_check_error(struct node *node, struct reply reply, int64_t db, rf_slice key,
                            char text[CONTROL_ERROR_TEXT], rf_error *error)
{
    struct node *named;
    reply_text(reply, text, CONTROL_ERROR_TEXT);
    enum request_result result = classify_reply(node->replay, node, reply, &named);
    if (result == RESULT_FATAL) {
        replay_fail(node->replay, node, text, db, key);
        return replay_ended(node->replay, error);
    }
    if (result == RESULT_REJECTED || result == RESULT_EXISTS)
        return RF_OK;
    return fail(error, RF_E_TARGET, "%s: %s", node->base.name, text);
}

/* A refresh may use the connection, and lose it. */
rf_code control_run_timers(struct node *node, rf_error *error)
{
    const unsigned serial = node->control_serial;
    TRY(loop_run_timers(node->replay, error));
    if (!node->base.primary)
        return fail(error, RF_E_TARGET, "%s: no longer a primary", node->base.name);
    if (!node->control || node->control_serial != serial)
        return fail(error, RF_E_UNAVAILABLE, "%s: connection lost", node->base.name);
    return RF_OK;
}

rf_code control_wait_for_replicas(struct node *node, struct reply *refused, rf_error *error)
{
    enum { ATTEMPTS = 10 };
    rf_replay *r = node->replay;
    uint8_t text[NUMBER_TEXT_MAX] = {0};
    struct reply head = {.number = 0};
    rf_slice rest;
    *refused = (struct reply){.kind = REPLY_NIL};
    for (int i = 0; node->wait_replicas && i < ATTEMPTS; i++) {
        rf_slice replicas = {text, number_print_u64(text, node->replicas)};
        const rf_slice wait[] = {SLICE("WAIT"), replicas, SLICE("1000")};
        TRY(control_call(node->control, wait, 3, &head, &rest, error));
        if (reply_is_error(head, "NOPERM"))
            return RF_OK;
        if (head.kind != REPLY_NUMBER) {
            *refused = head;
            return RF_OK;
        }
        if (head.number >= (int64_t)node->replicas)
            return RF_OK;
        r->map.suspect = true;
        TRY(control_run_timers(node, error));
    }
    if (node->wait_replicas)
        reduce_replicas(node, head.number);
    return RF_OK;
}

rf_code control_replicate(struct node *node, rf_error *error)
{
    struct reply refused;
    TRY(control_wait_for_replicas(node, &refused, error));
    return refused.kind == REPLY_NIL ? RF_OK : client_refused(node->control, "WAIT", refused, error);
}
