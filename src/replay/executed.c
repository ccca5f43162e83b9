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
#include "replay/replay.h"
#include <stdio.h>

bool executed_find_error(struct reply reply, rf_slice rest, struct reply *found)
{
    int64_t left = reply.kind == REPLY_ARRAY ? reply.number : 0;
    *found = reply;
    for (; left > 0 && found->kind != REPLY_ERROR; left--) {
        *found = reply_take(&rest);
        left += found->kind == REPLY_ARRAY ? found->number : 0;
    }
    return found->kind == REPLY_ERROR;
}

/* --- AOF commands -------------------------------------------------------------------------------------- */

/* Formats the name of a command; MULTI is number 0. Continues from the previous command asked for. */
static void name_command(rf_replay *r, const struct pipe *pipe, const struct parcel *parcel, uint32_t index,
                         char *name, size_t size)
{
    struct answering *a = &r->answering;
    struct command command = {.argc = 0};
    if (a->seq != parcel->seq || a->index > index) {
        a->bytes.len = a->index = 0;
        a->seq = parcel->seq;
        pipe_copy(pipe, pipe->answer - (parcel->replies == 0), &a->bytes);
        a->rest = buffer_slice(&a->bytes);
    }
    while (a->index <= index && command_take(&a->rest, &command))
        a->index++;
    command_name(command.argc > 0 ? command.argv[0] : SLICE("?"), name, size);
}

/* Errors that are not transient end the run, as they do outside of transactions. */
static void refuse_one(struct pipe *pipe, struct parcel *parcel, uint32_t index, struct reply reply)
{
    struct node *node = pipe->owner, *named;
    rf_replay *r = node->replay;
    char name[64], text[256] = "unexpected reply", reason[400];
    enum verdict verdict = VERDICT_REFUSED;
    if (reply.kind == REPLY_ERROR) {
        verdict = answer_judge(r, node, reply, &named);
        reply_text(reply, text, sizeof text);
    }
    if (verdict != VERDICT_REFUSED && verdict != VERDICT_EXISTS) {
        answer_forget_error(parcel);
        answer_note_error(parcel, node, reply);
        return;
    }
    name_command(r, pipe, parcel, index, name, sizeof name);
    if (index > 0 && index <= parcel->queued)
        snprintf(reason, sizeof reason, "%s (command %u of a transaction): %s", name, index, text);
    else
        snprintf(reason, sizeof reason, "%s: %s", name, text);
    answer_note_unexpected(parcel, reason);
    parcel->errors++;
    settle_failed(r, parcel, RF_FAILURE_REFUSED, reason, (rf_slice){0}, (rf_slice){0});
}

static void take_queued(struct pipe *pipe, struct parcel *parcel, struct reply reply)
{
    uint32_t index = parcel->queued + 1 - parcel->replies;
    if (reply.kind != REPLY_STATUS)
        refuse_one(pipe, parcel, index, reply);
}

static void take_executed(struct pipe *pipe, struct parcel *parcel, struct reply exec, rf_slice rest)
{
    struct node *node = pipe->owner;
    struct reply found;
    if (exec.kind != REPLY_ARRAY || exec.number != parcel->queued) {
        refuse_one(pipe, parcel, parcel->queued + 1, exec);
        return;
    }
    for (uint32_t index = 1; index <= parcel->queued; index++) {
        struct reply reply = reply_take(&rest);
        if (executed_find_error(reply, rest, &found))
            refuse_one(pipe, parcel, index, found);
        reply_pass(&rest, reply);
    }
    if (parcel->errors > 0)
        node->replay->counts.commands += parcel->entries - parcel->errors;
}

/* --- keys ----------------------------------------------------------------------------------------------- */

static struct reply take_key_executed(struct pipe *pipe, struct parcel *parcel, struct reply exec,
                                      rf_slice rest)
{
    struct reply last = exec;
    if (exec.kind == REPLY_ERROR)
        answer_note_error(parcel, pipe->owner, exec);
    else if (exec.kind != REPLY_ARRAY || exec.number != parcel->queued)
        answer_note_unexpected(parcel, "EXEC: unexpected reply");
    for (int64_t left = exec.kind == REPLY_ARRAY ? exec.number : 0; left > 0; left--) {
        last = reply_take(&rest);
        if (last.kind == REPLY_ERROR)
            answer_note_error(parcel, pipe->owner, last);
        reply_pass(&rest, last);
    }
    return last;
}

struct reply executed_take(struct pipe *pipe, struct parcel *parcel, struct reply reply, rf_slice rest)
{
    bool exec = parcel->replies == 0;
    if (parcel->kind == PARCEL_KEY && exec)
        return take_key_executed(pipe, parcel, reply, rest);
    if (parcel->kind == PARCEL_KEY && reply.kind == REPLY_ERROR)
        answer_note_error(parcel, pipe->owner, reply);
    else if (parcel->kind == PARCEL_COMMAND && exec)
        take_executed(pipe, parcel, reply, rest);
    else if (parcel->kind == PARCEL_COMMAND)
        take_queued(pipe, parcel, reply);
    return reply;
}
