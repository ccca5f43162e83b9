/* SPDX-License-Identifier: MIT */
/* The nodes: what the map of the target calls, and what is logged about them. */
#include "base/fail.h"
#include "replay/internal.h"
#include <stdio.h>
#include <stdlib.h>

void node_log(const struct node *node, const char *what)
{
    char text[512];
    const rf_replay_options *options = &node->replay->options;
    snprintf(text, sizeof text, "%s: %s", node->base.name, what);
    if (options->on_log)
        options->on_log(options->ctx, RF_LOG_WARNING, text);
}

rf_target_wait nodes_wait_options(const rf_replay *r)
{
    return (rf_target_wait){.on_log = r->options.on_log, .ctx = r->options.ctx};
}

/* --- what the map calls -------------------------------------------------------------------------------- */

static void free_node(struct cluster_node *base)
{
    struct node *node = (struct node *)base;
    for (unsigned i = 0; node->pipelines && i < node->replay->options.connections; i++)
        pipeline_close(&node->pipelines[i]);
    free(node->pipelines);
    node_cancel_opening(node);
    client_close(node->control);
    retry_queue_free(&node->held.retry);
    retry_queue_free(&node->held.unconfirmed);
    buffer_free(&node->modules);
    free(node);
}

static struct cluster_node *make_node(void *ctx)
{
    rf_replay *r = ctx;
    struct node *node = calloc(1, sizeof *node);
    struct pipeline *pipelines = calloc(r->options.connections, sizeof *pipelines);
    if (!node || !pipelines) {
        free(node);
        free(pipelines);
        return NULL;
    }
    *node = (struct node){.replay = r, .pipelines = pipelines, .fence = r->options.resumed};
    for (unsigned i = 0; i < r->options.connections; i++)
        pipeline_open(&pipelines[i], &reply_handler, node);
    return &node->base;
}

/* What it has acknowledged while it was no longer a primary may be lost. */
static rf_code demote(void *ctx, struct cluster_node *base, rf_error *error)
{
    rf_replay *r = ctx;
    struct node *node = (struct node *)base;
    rf_error why;
    (void)error;
    node->connected = false;
    node->import_run = 0;
    node_cancel_opening(node);
    for (unsigned i = 0; i < r->options.connections; i++)
        if (node->pipelines[i].connection) {
            fail(&why, RF_E_TARGET, "%s: no longer a primary", base->name);
            loop_fail_pipeline(r, &node->pipelines[i], &why);
        }
    return RF_OK;
}

struct cluster_map_owner nodes_owner(rf_replay *r)
{
    return (struct cluster_map_owner){.make = make_node, .demote = demote, .free = free_node, .ctx = r};
}
