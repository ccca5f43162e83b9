/* SPDX-License-Identifier: MIT */
/* Opens connections to nodes, one at a time to each node, while the event loop goes on with everything else.
 */
#include "base/bytes.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/number.h"
#include "net/info.h"
#include "replay/opening.h"
#include <stdio.h>
#include <stdlib.h>

/* --- losses that are over ------------------------------------------------------------------------------ */

/* The node itself if it was lost, or a lost node whose place it has taken. */
static struct node *find_lost(struct node *node)
{
    const rf_replay *r = node->replay;
    if (node->lost_ms != 0)
        return node;
    for (size_t i = 0; i < r->map.node_count && !node->connected; i++)
        if (node_at(r, i)->lost_ms != 0 && !node_at(r, i)->base.primary)
            return node_at(r, i);
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
             node->base.name, lost == node ? "" : ", the new primary,", (long long)seconds);
    if (r->options.on_log)
        r->options.on_log(r->options.ctx, RF_LOG_NOTE, text);
}

/* --- connections that are being opened ----------------------------------------------------------------- */

static void free_opening(struct opening *o)
{
    client_close(o->client);
    buffer_free(&o->clients);
    free(o);
}

void node_cancel_opening(struct node *node)
{
    node->failure.code = RF_OK;
    if (!node->opening)
        return;
    node->fence |= node->opening->fencing;
    free_opening(node->opening);
    node->opening = NULL;
}

/* It is returned to the next caller that needs a connection. */
static void fail_opening(struct node *node, rf_code code, const rf_error *why)
{
    node_cancel_opening(node);
    node->base.lost = true;
    node->failure = *why;
    node->failure.code = code;
}

static void note_opened(struct node *node)
{
    node->pause_ms = node->held_until_ms = 0;
    node->base.lost = false;
    note_connected(node);
}

static rf_code pass_on_pipeline(struct node *node, struct opening *o, rf_error *error)
{
    struct connection *connection = client_release(o->client);
    o->client = NULL;
    TRY(pipeline_connect(o->pipeline, connection, o->serial, error));
    o->pipeline->run = node->run;
    TRY(loop_add(node->replay, o->pipeline, error));
    note_opened(node);
    return RF_OK;
}

static rf_code pass_on_control(struct node *node, struct opening *o, rf_error *error)
{
    bool is_new = o->serial != node->control_serial;
    (void)error;
    node->control = o->client;
    o->client = NULL;
    node->control_serial = o->serial;
    node->control_db = is_new ? 0 : node->control_db;
    if (is_new)
        note_opened(node);
    return RF_OK;
}

static rf_code finish_opening(struct node *node, rf_error *error)
{
    struct opening *o = node->opening;
    loop_unwatch(node->replay, o->fd);
    TRY((o->pipeline ? pass_on_pipeline : pass_on_control)(node, o, error));
    node->opening = NULL;
    free_opening(o);
    return RF_OK;
}

static rf_code watch(const rf_replay *r, struct opening *o, rf_error *error)
{
    const struct connection *connection = client_connection(o->client);
    const int fd = connection_fd(connection);
    uint32_t events = (uint32_t)connection_events(connection, client_unsent(o->client) > 0);
    events = o->until_ms > 0 ? 0 : events;
    if (fd == o->fd && events == o->events)
        return RF_OK;
    TRY(loop_watch(r, fd, fd == o->fd, events, error));
    o->fd = fd;
    o->events = events;
    return RF_OK;
}

static rf_code continue_opening(rf_replay *r, struct node *node, rf_error *error)
{
    const rf_code before = r->error.code;
    rf_error why;
    rf_code code = handshake_continue(node->opening, &why);
    if (code == RF_END)
        code = watch(r, node->opening, &why);
    else if (code == RF_OK)
        code = finish_opening(node, &why);
    if (code != RF_OK)
        fail_opening(node, code, &why);
    return before == RF_OK && r->error.code != RF_OK ? replay_ended(r, error) : RF_OK;
}

rf_code nodes_continue_opening(rf_replay *r, rf_error *error)
{
    for (size_t i = 0; i < r->map.node_count; i++)
        if (node_at(r, i)->opening)
            TRY(continue_opening(r, node_at(r, i), error));
    return RF_OK;
}

/* Takes over the client. */
static rf_code begin_with(struct node *node, struct pipeline *pipeline, struct client *client,
                          unsigned serial, rf_error *error)
{
    struct opening *o = calloc(1, sizeof *o);
    if (!o) {
        client_close(client);
        return fail(error, RF_E_MEMORY, "out of memory for a connection");
    }
    *o = (struct opening){.node = node, .pipeline = pipeline, .client = client, .serial = serial, .fd = -1};
    handshake_begin(o, client == node->control);
    rf_code code = watch(node->replay, o, error);
    if (code == RF_OK)
        node->opening = o;
    else
        free_opening(o);
    return code;
}

static rf_code begin(struct node *node, struct pipeline *pipeline, rf_error *error)
{
    rf_replay *r = node->replay;
    struct client *client;
    TRY(client_begin(&r->target, &node->base.address, &client, error));
    return begin_with(node, pipeline, client, ++r->serial, error);
}

static rf_code begin_fencing(struct node *node, rf_error *error)
{
    rf_code code = begin_with(node, NULL, node->control, node->control_serial, error);
    node->control = NULL;
    return code;
}

/* RF_END: it is being opened; without a pipeline, the control connection is. */
static rf_code open_next(struct node *node, struct pipeline *pipeline, rf_error *error)
{
    if (node->opening)
        return RF_END;
    if (node_is_unassigned(node))
        return fail(error, RF_E_TARGET, "no node of the cluster serves the key's slot");
    *error = node->failure;
    node->failure.code = RF_OK;
    rf_code code = error->code;
    if (code == RF_OK)
        code = node->control && node->fence ? begin_fencing(node, error) : begin(node, pipeline, error);
    if (code == RF_OK)
        return RF_END;
    held_pause(node);
    return code;
}

/* --- pipelines ----------------------------------------------------------------------------------------- */

/* If another connection of the node was lost, a new control connection fences it. */
rf_code node_connect(struct node *node, struct pipeline *pipeline, rf_error *error)
{
    if (LIKELY(pipeline->connection && !node->fence))
        return RF_OK;
    return open_next(node, pipeline->connection ? NULL : pipeline, error);
}

/* --- control connections ------------------------------------------------------------------------------- */

rf_code node_connect_control(struct node *node, rf_error *error)
{
    return node->control && !node->fence ? RF_OK : open_next(node, NULL, error);
}

static bool is_opened(void *ctx)
{
    const struct node *node = ctx;
    return !node->opening;
}

static rf_code wait_for_opening(struct node *node, rf_error *error)
{
    return replay_wait_until(node->replay, &(struct wait){.is_over = is_opened, .ctx = node}, error);
}

rf_code node_open_control(struct node *node, struct client **out, rf_error *error)
{
    while (!node->control) {
        rf_code code = open_next(node, NULL, error);
        TRY(code == RF_END ? wait_for_opening(node, error) : code);
    }
    *out = node->control;
    return RF_OK;
}

rf_code node_fence(struct node *node, rf_error *error)
{
    while (UNLIKELY(node->fence)) {
        rf_code code = node_connect_control(node, error);
        TRY(code == RF_END ? wait_for_opening(node, error) : code);
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
