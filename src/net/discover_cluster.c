/* SPDX-License-Identifier: MIT */
/* Asks a cluster node for the slots of each primary.
 *
 *   CLUSTER SLOTS   [[first, last, node, node, ...], ...]         the primary first, then its replicas
 *   node            [endpoint, port, id, [name, value, ...]]      in 3.0 without the id, before 7.0 without
 * metadata
 *
 * and if some slots are not assigned, whether the cluster accepts this.
 *
 *   CLUSTER INFO    cluster_state:ok ...
 *
 * An endpoint that is nil or empty is the address that was asked; "?" is an unknown host name, whose "ip" may
 * be in the metadata. */
#include "net/discover.h"

#include "base/bytes.h"
#include "base/fail.h"
#include "net/info.h"
#include <stdlib.h>

static rf_code garbled(const struct client *node, rf_error *error)
{
    return fail(error, RF_E_TARGET, "%s: CLUSTER SLOTS: malformed reply", client_name(node));
}

/* The "ip" in the metadata, or else `host`. */
static rf_slice find_ip(rf_slice *rest, struct reply names, rf_slice host)
{
    int64_t left = names.kind == REPLY_ARRAY ? names.number : 0;
    for (; left > 1; left -= 2) {
        struct reply name = reply_next(rest), value;
        reply_skip(rest, name);
        value = reply_next(rest);
        reply_skip(rest, value);
        if (slice_equal(name.text, SLICE("ip")) && value.text.len > 0)
            host = value.text;
    }
    if (left > 0)
        reply_skip(rest, reply_next(rest));
    return host;
}

static rf_code parse_node(const struct client *node, const rf_address *asked, struct primaries *primaries,
                          rf_slice *rest, size_t *index, rf_error *error)
{
    struct reply head = reply_next(rest);
    if (head.kind != REPLY_ARRAY || head.number < 2)
        return garbled(node, error);
    struct reply endpoint = reply_next(rest);
    reply_skip(rest, endpoint);
    struct reply port = reply_next(rest);
    reply_skip(rest, port);
    if (port.kind != REPLY_NUMBER || port.number < 1)
        return garbled(node, error);
    bool unknown = slice_equal(endpoint.text, SLICE("?"));
    rf_slice id = {0}, host = endpoint.text.len == 0 || unknown ? address_host(asked) : endpoint.text;
    for (int64_t i = 2; i < head.number; i++) {
        struct reply more = reply_next(rest);
        if (more.kind == REPLY_STRING)
            id = more.text;
        if (unknown)
            host = find_ip(rest, more, host);
        else
            reply_skip(rest, more);
    }
    return primaries_add(primaries, host, port.number, id, index, error);
}

/* [first, last, primary, replicas...] */
static rf_code parse_range(const struct client *node, const rf_address *asked, struct primaries *primaries,
                           rf_slice *rest, rf_error *error)
{
    size_t index;
    struct reply head = reply_next(rest);
    if (head.kind != REPLY_ARRAY || head.number < 3)
        return garbled(node, error);
    struct reply first = reply_next(rest);
    reply_skip(rest, first);
    struct reply last = reply_next(rest);
    reply_skip(rest, last);
    bool in_order = first.kind == REPLY_NUMBER && last.kind == REPLY_NUMBER && first.number >= 0 &&
                    first.number <= last.number && last.number < RF_SLOTS;
    if (!in_order)
        return garbled(node, error);
    TRY(parse_node(node, asked, primaries, rest, &index, error));
    for (int64_t slot = first.number; slot <= last.number; slot++) {
        if (primaries->node_of[slot] != NO_NODE)
            return garbled(node, error);
        primaries->node_of[slot] = (uint16_t)index;
    }
    for (int64_t i = 3; i < head.number; i++)
        reply_skip(rest, reply_next(rest));
    return RF_OK;
}

/* Slots that are not assigned only matter to the keys in them, if the cluster is configured to accept this.
 * If CLUSTER INFO is not available, it shows when a key is sent. */
static rf_code check_coverage(struct client *node, const struct primaries *primaries, rf_error *error)
{
    struct reply info;
    rf_slice rest, state;
    rf_error missing;
    rf_code code = primaries_expect_all_slots(primaries, &missing);
    if (code == RF_OK)
        return RF_OK;
    TRY(client_put(node, (const rf_slice[]){SLICE("CLUSTER"), SLICE("INFO")}, 2, error));
    TRY(client_reply(node, &info, &rest, error));
    bool refused = info.kind == REPLY_ERROR;
    bool well = info.kind == REPLY_STRING && info_field(info.text, "cluster_state", &state) &&
                slice_equal(state, SLICE("ok"));
    if (primaries->node_count > 0 && (refused || well))
        return RF_OK;
    return fail(error, code, "%s: %.300s", client_name(node), missing.message);
}

rf_code discover_cluster(struct client *node, const rf_address *asked, struct primaries *primaries,
                         rf_error *error)
{
    struct reply ranges;
    rf_slice rest;
    const char *const words[] = {"CLUSTER", "SLOTS", NULL};
    primaries->node_of = malloc(RF_SLOTS * sizeof *primaries->node_of);
    if (!primaries->node_of)
        return fail(error, RF_E_MEMORY, "out of memory");
    for (unsigned slot = 0; slot < RF_SLOTS; slot++)
        primaries->node_of[slot] = NO_NODE;
    TRY(client_call(node, words, &ranges, &rest, error));
    if (ranges.kind != REPLY_ARRAY)
        return garbled(node, error);
    for (int64_t i = 0; i < ranges.number; i++)
        TRY(parse_range(node, asked, primaries, &rest, error));
    return check_coverage(node, primaries, error);
}
