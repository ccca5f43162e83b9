/* SPDX-License-Identifier: MIT */
/* Replies to groups of commands: which commands have failed, and what becomes of the group.
 *
 *   [ASKING]   MULTI   command ...   SET position   EXEC        +OK   +QUEUED ...   [reply, ...]
 *
 * If a command is rejected while it is queued, none of the group is executed, and the others are sent once
 * more. An error among EXEC's replies concerns one command; the others are executed. Any other error means
 * that nothing was executed. Without transactions, each reply is that of a command. */
#include "base/bytes.h"
#include "net/reply.h"
#include "replay/commands.h"
#include "replay/internal.h"
#include <stdio.h>
#include <stdlib.h>

/* --- failed commands ----------------------------------------------------------------------------------- */

/* The command with this number among those of the group; continues from the previous one asked for. */
static struct command find_command(rf_replay *r, const struct pipeline *pipeline,
                                   const struct request *request, uint32_t number)
{
    struct group_cursor *c = &r->cursor;
    struct command command = {.argc = 0};
    if (c->group != request->group || c->next > number) {
        c->bytes.len = c->next = 0;
        c->group = request->group;
        pipeline_copy(pipeline, pipeline->answer - (request->replies == 0), &c->bytes);
        c->rest = buffer_slice(&c->bytes);
    }
    while (c->next <= number && command_take(&c->rest, &command))
        c->next += c->next > 0 || !command_is_control(&command);
    return command;
}

/* Whether another command of the same entry has failed. */
static bool has_failed_before(const struct command_group *group, uint32_t number)
{
    bool found = false;
    for (uint32_t i = number; i-- > 0 && group->commands[i].seq == group->commands[number].seq;)
        found |= group->commands[i].done;
    return found;
}

static void report(struct pipeline *pipeline, struct request *request, uint32_t number, const char *text)
{
    struct node *node = pipeline->owner;
    rf_replay *r = node->replay;
    struct group_command *about = &request->group->commands[number];
    const struct command command = find_command(r, pipeline, request, number);
    const struct request failed = {.kind = REQUEST_COMMAND,
                                   .seq = about->seq,
                                   .position = {about->input, about->offset},
                                   .db = about->db};
    char name[64], reason[400];
    command_name(command.argc > 0 ? command.argv[0] : SLICE("?"), name, sizeof name);
    snprintf(reason, sizeof reason, "%s: %s", name, text);
    request->errors += !has_failed_before(request->group, number);
    about->done = true;
    outcome_failed(r, &failed, RF_FAILURE_REFUSED, reason, (rf_slice){0}, command.whole);
}

/* Whether the reply concerns a command of the log, and not a SELECT that was added, MULTI, EXEC, ... */
static bool is_entry(const struct request *request, int64_t number)
{
    return number >= 0 && number < request->group->count && request->group->commands[number].seq > 0;
}

static bool is_rejection(enum request_result result)
{
    return result == RESULT_REJECTED || result == RESULT_EXISTS;
}

/* An error that leaves no way to go on. */
static void end_run(struct pipeline *pipeline, struct request *request, struct reply reply)
{
    struct node *node = pipeline->owner;
    request_clear_error(request);
    request_set_error(request, node, reply);
    request->result = RESULT_FATAL;
}

static void on_error(struct pipeline *pipeline, struct request *request, int64_t number, struct reply reply,
                     bool executed)
{
    struct node *node = pipeline->owner, *named;
    char text[256];
    enum request_result result = classify_reply(node->replay, node, reply, &named);
    if (is_rejection(result) && is_entry(request, number)) {
        reply_text(reply, text, sizeof text);
        report(pipeline, request, (uint32_t)number, text);
        request->retry_rest |= !executed;
    } else if (executed || is_rejection(result)) {
        end_run(pipeline, request, reply);
    } else {
        request_set_error(request, node, reply);
    }
}

/* --- transactions -------------------------------------------------------------------------------------- */

/* MULTI was rejected, and a command after it was not: servers before 6.0 do that while a script takes long.
 * Then the position key may say more than has been executed. */
static void on_lost_transaction(struct pipeline *pipeline, struct request *request)
{
    struct node *node = pipeline->owner;
    rf_replay *r = node->replay;
    end_run(pipeline, request,
            (struct reply){
                .kind = REPLY_ERROR,
                .text = SLICE("MULTI was rejected, and the commands after it were not: empty the target")});
    if (command_group_key(r, request->group->queue))
        retry_delete_key(r, request, buffer_slice(&r->name));
}

static void on_queued(struct pipeline *pipeline, struct request *request, int64_t number, struct reply reply)
{
    if (reply.kind == REPLY_ERROR)
        on_error(pipeline, request, number, reply, false);
    request->no_multi |= number == NO_COMMAND && reply.kind == REPLY_ERROR;
    if (reply.kind == REPLY_ERROR)
        return;
    if (request->no_multi)
        on_lost_transaction(pipeline, request);
    else if (reply.kind != REPLY_STATUS)
        pipeline->broken = "unexpected reply";
}

static void on_executed(struct pipeline *pipeline, struct request *request, struct reply exec, rf_slice rest)
{
    struct reply found;
    for (int64_t number = 0; number < exec.number; number++) {
        struct reply reply = reply_next(&rest);
        if (exec_reply_find_error(reply, rest, &found))
            on_error(pipeline, request, number, found, true);
        reply_skip(&rest, reply);
    }
}

/* "EXECABORT Transaction discarded because of: OOM ...": the error itself. */
static struct reply cause_of(struct reply exec)
{
    static const char because[] = "because of: ";
    const uint8_t *at = memmem(exec.text.ptr, exec.text.len, because, sizeof because - 1);
    if (at && reply_is_error(exec, "EXECABORT")) {
        at += sizeof because - 1;
        exec.text = slice_of(at, (size_t)(exec.text.ptr + exec.text.len - at));
    }
    return exec;
}

static void on_exec(struct pipeline *pipeline, struct request *request, struct reply exec, rf_slice rest)
{
    bool aborted = exec.kind == REPLY_ERROR && (request->result != RESULT_OK || request->retry_rest);
    if (aborted) /* the reason is known already */
        return;
    if (exec.kind == REPLY_ERROR)
        on_error(pipeline, request, NO_COMMAND, cause_of(exec), false);
    else if (exec.kind != REPLY_ARRAY || exec.number != request->queued || request->retry_rest)
        pipeline->broken = "EXEC: unexpected reply";
    else
        on_executed(pipeline, request, exec, rest);
}

/* --- no transactions ----------------------------------------------------------------------------------- */

/* After a transient error none of the commands that follow may be executed. */
static void on_plain(struct pipeline *pipeline, struct request *request, int64_t number, struct reply reply,
                     rf_slice rest)
{
    struct node *node = pipeline->owner, *named;
    struct reply found = reply;
    bool failed = exec_reply_find_error(reply, rest, &found);
    bool transient = failed && !is_rejection(classify_reply(node->replay, node, found, &named));
    if (!is_entry(request, number) && !failed)
        return;
    if (request->result == RESULT_OK && transient && found.kind == reply.kind)
        request->failed_at = (uint32_t)number;
    if (request->result != RESULT_OK && !transient)
        end_run(pipeline, request,
                (struct reply){.kind = REPLY_ERROR,
                               .text = SLICE("commands after one that failed were executed")});
    else if (failed)
        on_error(pipeline, request, number, found, found.kind != reply.kind);
    request->retry_rest = false;
}

/* --- all of them --------------------------------------------------------------------------------------- */

/* The number of the command is counted from the last reply. */
void group_reply_handle(struct pipeline *pipeline, struct request *request, struct reply reply, rf_slice rest)
{
    int64_t last = (int64_t)request->queued - (request->transaction ? 0 : 1);
    int64_t number = last - request->replies;
    struct node *node = pipeline->owner;
    if (!request->transaction)
        on_plain(pipeline, request, number, reply, rest);
    else if (request->replies > 0)
        on_queued(pipeline, request, number, reply);
    else
        on_exec(pipeline, request, reply, rest);
    if (request->replies == 0)
        node->replay->cursor.group = NULL;
}
