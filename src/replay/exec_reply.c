/* SPDX-License-Identifier: MIT */
/* Replies to the transactions of keys: they have one result.
 *
 *   MULTI   command ...   EXEC      +OK   +QUEUED ...   [reply, ...]
 *
 * If a command is rejected while it is queued, EXEC rejects all of them. Any other reply to EXEC than an
 * array of the right length means that all of them have failed. */
#include "base/bytes.h"
#include "replay/internal.h"

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
    if (request->replies == 0)
        return on_key_exec_reply(pipeline, request, reply, rest);
    if (reply.kind == REPLY_ERROR)
        request_set_error(request, pipeline->owner, reply);
    return reply;
}
