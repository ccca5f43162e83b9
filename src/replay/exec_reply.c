/* SPDX-License-Identifier: MIT */
/* Replies to transactions: for keys one result, for AOF commands each error.
 *
 *   MULTI   command ...   EXEC      +OK   +QUEUED ...   [reply, ...]
 *
 * If a command is rejected while it is queued, EXEC rejects all of them. An error among EXEC's replies
 * concerns one command; the others are executed. Any other reply to EXEC than an array of the right length
 * means that all of them have failed. */
#include "base/bytes.h"
#include "replay/commands.h"
#include "replay/internal.h"
#include <stdio.h>

bool exec_reply_find_error(struct reply reply, rf_slice rest, struct reply *found)
{
    int64_t left = reply.kind == REPLY_ARRAY ? reply.number : 0;
    *found = reply;
    for (; left > 0 && found->kind != REPLY_ERROR; left--) {
        *found = reply_next(&rest);
        left += found->kind == REPLY_ARRAY ? found->number : 0;
    }
    return found->kind == REPLY_ERROR;
}

/* --- AOF commands -------------------------------------------------------------------------------------- */

/* Formats the name of a command; MULTI is number 0. Continues from the previous command asked for. */
static void name_command(rf_replay *r, const struct pipeline *pipeline, const struct request *request,
                         uint32_t index, char *name, size_t size)
{
    struct exec_cursor *a = &r->exec_cursor;
    struct command command = {.argc = 0};
    if (a->seq != request->seq || a->index > index) {
        a->bytes.len = a->index = 0;
        a->seq = request->seq;
        pipeline_copy(pipeline, pipeline->answer - (request->replies == 0), &a->bytes);
        a->rest = buffer_slice(&a->bytes);
    }
    while (a->index <= index && command_take(&a->rest, &command))
        a->index++;
    command_name(command.argc > 0 ? command.argv[0] : SLICE("?"), name, size);
}

/* Errors that are not transient end the run, as they do outside of transactions. */
static void reject_one(struct pipeline *pipeline, struct request *request, uint32_t index, struct reply reply)
{
    struct node *node = pipeline->owner, *named;
    rf_replay *r = node->replay;
    char name[64], text[256] = "unexpected reply", reason[400];
    enum request_result result = RESULT_REJECTED;
    if (reply.kind == REPLY_ERROR) {
        result = classify_reply(r, node, reply, &named);
        reply_text(reply, text, sizeof text);
    }
    if (result != RESULT_REJECTED && result != RESULT_EXISTS) {
        request_clear_error(request);
        request_set_error(request, node, reply);
        return;
    }
    name_command(r, pipeline, request, index, name, sizeof name);
    if (index > 0 && index <= request->queued)
        snprintf(reason, sizeof reason, "%s (command %u of a transaction): %s", name, index, text);
    else
        snprintf(reason, sizeof reason, "%s: %s", name, text);
    request_set_unexpected(request, reason);
    request->errors++;
    outcome_failed(r, request, RF_FAILURE_REFUSED, reason, (rf_slice){0}, (rf_slice){0});
}

static void on_queued_reply(struct pipeline *pipeline, struct request *request, struct reply reply)
{
    uint32_t index = request->queued + 1 - request->replies;
    if (reply.kind != REPLY_STATUS)
        reject_one(pipeline, request, index, reply);
}

static void on_exec_reply(struct pipeline *pipeline, struct request *request, struct reply exec,
                          rf_slice rest)
{
    struct node *node = pipeline->owner;
    struct reply found;
    if (exec.kind != REPLY_ARRAY || exec.number != request->queued) {
        reject_one(pipeline, request, request->queued + 1, exec);
        return;
    }
    for (uint32_t index = 1; index <= request->queued; index++) {
        struct reply reply = reply_next(&rest);
        if (exec_reply_find_error(reply, rest, &found))
            reject_one(pipeline, request, index, found);
        reply_skip(&rest, reply);
    }
    if (request->errors > 0)
        node->replay->counts.commands += request->entries - request->errors;
}

/* --- keys ----------------------------------------------------------------------------------------------- */

static struct reply on_key_exec_reply(struct pipeline *pipeline, struct request *request, struct reply exec,
                                      rf_slice rest)
{
    struct reply last = exec;
    if (exec.kind == REPLY_ERROR)
        request_set_error(request, pipeline->owner, exec);
    else if (exec.kind != REPLY_ARRAY || exec.number != request->queued)
        request_set_unexpected(request, "EXEC: unexpected reply");
    for (int64_t left = exec.kind == REPLY_ARRAY ? exec.number : 0; left > 0; left--) {
        last = reply_next(&rest);
        if (last.kind == REPLY_ERROR)
            request_set_error(request, pipeline->owner, last);
        reply_skip(&rest, last);
    }
    return last;
}

struct reply exec_reply_handle(struct pipeline *pipeline, struct request *request, struct reply reply,
                               rf_slice rest)
{
    bool exec = request->replies == 0;
    if (request->kind == REQUEST_KEY && exec)
        return on_key_exec_reply(pipeline, request, reply, rest);
    if (request->kind == REQUEST_KEY && reply.kind == REPLY_ERROR)
        request_set_error(request, pipeline->owner, reply);
    else if (request->kind == REQUEST_COMMAND && exec)
        on_exec_reply(pipeline, request, reply, rest);
    else if (request->kind == REQUEST_COMMAND)
        on_queued_reply(pipeline, request, reply);
    return reply;
}
