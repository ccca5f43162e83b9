/* SPDX-License-Identifier: MIT */
/* Requests to be sent again to a node that is being connected to, or that could not be connected a moment
 * ago. They wait at the node, so that those to other nodes do not wait for it. */
#include "base/clock.h"
#include "replay/internal.h"

void held_pause(struct node *node)
{
    node->held_until_ms = clock_monotonic_ms() + waiting_next_pause(&node->pause_ms);
}

bool held_is_pausing(const struct node *node)
{
    return node->held_until_ms != 0 && clock_monotonic_ms() < node->held_until_ms;
}

struct held *held_at(struct node *node)
{
    node->replay->map.suspect = true; /* another node may take its place meanwhile */
    return &node->held;
}

const struct retry_item *held_first_of(const struct node *node)
{
    return node->held.retry.first ? node->held.retry.first : node->held.unconfirmed.first;
}

const struct retry_item *held_first(const rf_replay *r)
{
    const struct retry_item *first = NULL;
    for (size_t i = 0; i < r->map.node_count && !first; i++)
        first = held_first_of(node_at(r, i));
    return first;
}

int64_t held_wait_ms(const rf_replay *r)
{
    int64_t now = clock_monotonic_ms(), least = INT64_MAX;
    for (size_t i = 0; i < r->map.node_count; i++) {
        const struct node *node = node_at(r, i);
        int64_t left = node->held_until_ms > now ? node->held_until_ms - now : 0;
        if (held_first_of(node) && !node->opening && left < least)
            least = left;
    }
    return least;
}

static void release(struct node *node)
{
    retry_queue_prepend(&node->replay->retry.queue, &node->held.retry);
    retry_queue_prepend(&node->replay->retry.unconfirmed, &node->held.unconfirmed);
}

void held_release_due(rf_replay *r)
{
    for (size_t i = 0; i < r->map.node_count; i++)
        if (!node_at(r, i)->opening && !held_is_pausing(node_at(r, i)))
            release(node_at(r, i));
}

void held_release_all(rf_replay *r)
{
    for (size_t i = 0; i < r->map.node_count; i++)
        release(node_at(r, i));
}
