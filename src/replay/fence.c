/* SPDX-License-Identifier: MIT */
/* Fencing: a server may still execute commands from a lost connection. Before a new one is used, the run's
 * connections that are neither open nor being opened are killed; if CLIENT KILL is not available, there is a
 * pause instead.
 *
 *   CLIENT SETNAME rdbferry-<run>-<n>   |   CLIENT LIST   CLIENT KILL ID ... */
#include "base/bytes.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/list.h"
#include "net/info.h"
#include "replay/opening.h"
#include <stdio.h>

enum {
    NAME_TEXT = 64,
    DRAIN_MS = 1000, /* the time a server needs to execute what a lost connection has sent */
};

/* --- connection names ---------------------------------------------------------------------------------- */

static size_t print_name(const rf_replay *r, char out[NAME_TEXT], unsigned serial)
{
    return (size_t)snprintf(out, NAME_TEXT, "rdbferry-%s-%u", r->options.run, serial);
}

rf_code fence_put_name(struct opening *o, rf_error *error)
{
    char name[NAME_TEXT];
    const rf_replay *r = o->node->replay;
    o->node->no_client_names |= r->map.primaries.closes_on_unknown;
    if (r->map.primaries.closes_on_unknown)
        return RF_OK;
    const rf_slice argv[] = {SLICE("CLIENT"), SLICE("SETNAME"),
                             slice_of(name, print_name(r, name, o->serial))};
    return client_put(o->client, argv, 3, error);
}

rf_code fence_on_name(struct opening *o, struct reply reply, rf_slice rest, rf_error *error)
{
    (void)rest, (void)error;
    o->node->no_client_names |= reply.kind != REPLY_STATUS;
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
    return (node->control && has_name(r, name, node->control_serial)) ||
           (node->opening && has_name(r, name, node->opening->serial));
}

/* Two nodes may be two addresses of the same server. */
static bool is_open_somewhere(const rf_replay *r, rf_slice name)
{
    for (size_t i = 0; i < r->map.node_count; i++)
        if (is_open(node_at(r, i), name))
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
static bool is_lost(const rf_replay *r, rf_slice line, rf_slice *id)
{
    char prefix[NAME_TEXT];
    rf_slice name = client_field(line, SLICE("name="));
    size_t length = print_name(r, prefix, 0) - 1;
    *id = client_field(line, SLICE("id="));
    return id->len > 0 && name.len > length && memcmp(name.ptr, prefix, length) == 0 &&
           !is_open_somewhere(r, name);
}

/* --- the steps of fencing ------------------------------------------------------------------------------ */

/* Another connection may be lost meanwhile. */
rf_code fence_put_list(struct opening *o, rf_error *error)
{
    const rf_slice list[] = {SLICE("CLIENT"), SLICE("LIST")};
    o->fencing = o->node->fence;
    o->node->fence = false;
    return o->fencing && !o->node->replay->map.primaries.closes_on_unknown
               ? client_put(o->client, list, 2, error)
               : RF_OK;
}

/* No permission is not an error. */
rf_code fence_on_list(struct opening *o, struct reply reply, rf_slice rest, rf_error *error)
{
    (void)rest, (void)error;
    o->killed = reply.kind == REPLY_STRING && !o->node->no_client_names &&
                buffer_append(&o->clients, reply.text);
    return RF_OK;
}

rf_code fence_put_kills(struct opening *o, rf_error *error)
{
    rf_slice lines = buffer_slice(&o->clients), line, id;
    while (info_line(&lines, &line)) {
        if (!is_lost(o->node->replay, line, &id))
            continue;
        const rf_slice kill[] = {SLICE("CLIENT"), SLICE("KILL"), SLICE("ID"), id};
        TRY(client_put(o->client, kill, 4, error));
    }
    return RF_OK;
}

rf_code fence_on_kill(struct opening *o, struct reply reply, rf_slice rest, rf_error *error)
{
    (void)rest, (void)error;
    o->killed &= reply.kind == REPLY_NUMBER;
    return RF_OK;
}

rf_code fence_put_pause(struct opening *o, rf_error *error)
{
    (void)error;
    if (o->fencing && !o->killed)
        o->until_ms = clock_monotonic_ms() + DRAIN_MS;
    return RF_OK;
}

rf_code fence_end(struct opening *o, rf_error *error)
{
    (void)error;
    o->fencing = false;
    o->until_ms = 0;
    return RF_OK;
}
