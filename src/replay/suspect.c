/* SPDX-License-Identifier: MIT */
/* Tracks which requests may have brought a server down. */
#include "replay/suspect.h"

#include "base/fail.h"
#include "replay/commands.h"

enum {
    READ_AHEAD = 32 * 1024, /* bytes; servers read 16 KiB at a time */
    CRASHES_MAX = 2,
    DISCONNECTS_MAX = 5,
};

void suspect_note(struct pipeline *pipeline)
{
    bool first = true;
    uint64_t from = pipeline->answer < pipeline->tail ? pipeline_request(pipeline, pipeline->answer)->start
                                                      : 0;
    for (uint64_t i = pipeline->answer; i < pipeline->tail; i++) {
        struct request *request = pipeline_request(pipeline, i);
        if (request->start >= pipeline->sent || request->start - from > READ_AHEAD)
            return;
        if (request->kind != REQUEST_KEY && request->kind != REQUEST_STRINGS &&
            request->kind != REQUEST_COMMAND)
            continue;
        request->lost = true;
        request->first_lost = first;
        request->lost_run = pipeline->run;
        first = false;
    }
}

void suspect_note_one(const struct node *node, struct request *request)
{
    request->lost = request->first_lost = true;
    request->lost_run = node->run;
}

static void mark_survived(struct retry_item *item, uint32_t run)
{
    for (; item; item = item->next)
        item->request.survived |= item->request.lost && item->request.lost_run == run;
}

void suspect_learn(const struct node *node, uint32_t run)
{
    if (run != node->run)
        return;
    for (size_t i = 0; i < node->replay->map.node_count; i++)
        mark_survived(node_at(node->replay, i)->held.retry.first, run);
    mark_survived(node->replay->retry.queue.first, run);
    mark_survived(node->replay->retry.current, run); /* and those after it in the batch */
    const struct command_queues *commands = &node->replay->commands;
    for (const struct slot_queue *q = commands->lists[QUEUES_RECOVERING].first; q;
         q = q->links[QUEUES_RECOVERING].next)
        mark_survived(q->pending, run);
}

static rf_code end_run(rf_replay *r, const struct retry_item *item, const struct node *node, rf_error *error)
{
    bool command = item->request.kind == REQUEST_COMMAND, crashed = item->request.crashes >= CRASHES_MAX;
    const char *what = command ? "these commands" : "this key", *it = command ? "them" : "the key";
    if (crashed)
        fail(&r->error, RF_E_TARGET,
             "%s: the server went down twice while processing %s: exclude %s, or check the server's log",
             node->base.name, what, it);
    else
        fail(&r->error, RF_E_TARGET,
             "%s: the connection was lost repeatedly while %s %s written: exclude %s, or check the server's "
             "log",
             node->base.name, what, command ? "were" : "was", it);
    if (command)
        r->error.offset = (int64_t)item->request.position.offset;
    else
        error_key(&r->error, item->request.db, command_key(buffer_slice(&item->bytes)));
    return replay_ended(r, error);
}

rf_code suspect_check(rf_replay *r, struct retry_item *item, const struct pipeline *pipeline, rf_error *error)
{
    struct request *request = &item->request;
    if (LIKELY(!request->lost))
        return RF_OK;
    bool died = !request->survived && request->lost_run != pipeline->run;
    request->lost = request->survived = false;
    request->crashes += died;
    request->disconnects = died ? 0 : (uint8_t)(request->disconnects + request->first_lost);
    return request->crashes < CRASHES_MAX && request->disconnects < DISCONNECTS_MAX
               ? RF_OK
               : end_run(r, item, pipeline->owner, error);
}

static bool is_quiet(void *ctx)
{
    const struct node *node = ctx;
    for (unsigned i = 0; i < node->replay->options.connections; i++)
        if (node->pipelines[i].connection && !pipeline_is_answered(&node->pipelines[i]))
            return false;
    return true;
}

rf_code suspect_wait(struct node *node, rf_error *error)
{
    return replay_wait_until(node->replay, &(struct wait){.is_over = is_quiet, .ctx = node}, error);
}
