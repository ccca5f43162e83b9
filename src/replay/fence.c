/* SPDX-License-Identifier: MIT */
/* Fencing: a server may still execute commands from a lost connection. Before a new one is used, the run's
 * connections that are no longer open are killed; if CLIENT KILL is not available, there is a pause instead.
 *
 *   CLIENT SETNAME rdbferry-<run>-<n>   |   CLIENT LIST   CLIENT KILL ID ... */
#include "base/bytes.h"
#include "base/fail.h"
#include "base/list.h"
#include "net/info.h"
#include "replay/internal.h"
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

rf_code fence_set_name(const rf_replay *r, struct client *client, unsigned serial, bool *named,
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
    if (node->replay->map.primaries.closes_on_unknown)
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

rf_code fence_kill_lost(struct node *node, struct client *client, unsigned serial, rf_error *error)
{
    bool killed;
    node->fence = false; /* another connection may be lost meanwhile */
    rf_code code = kill_lost(node, client, serial, &killed, error);
    if (code == RF_OK && !killed)
        code = replay_sleep(node->replay, DRAIN_MS, error);
    node->fence |= code != RF_OK;
    return code;
}

rf_code node_fence(struct node *node, rf_error *error)
{
    struct client *client;
    while (UNLIKELY(node->fence)) {
        TRY(node_open_control(node, &client, error));
        rf_code code = node->fence ? fence_kill_lost(node, client, node->control_serial, error) : RF_OK;
        if (code != RF_OK) {
            node_close_control(node);
            return code;
        }
    }
    return RF_OK;
}
