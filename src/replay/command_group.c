/* SPDX-License-Identifier: MIT */
/* Groups of commands: how they are sent, and what becomes of them. */
#include "base/bytes.h"
#include "base/clock.h"
#include "base/fail.h"
#include "replay/commands.h"
#include "replay/internal.h"
#include "replay/suspect.h"
#include <stdlib.h>

/* So much is not held back for a larger block. */
enum { GROUP_NOW = 64, BYTES_NOW = 16 * 1024 };

bool command_group_may_send(const struct slot_queue *q, const struct pipeline *pipeline)
{
    return !q->unanswered && !q->unknown && (q->kept == 0 || q->pipeline == pipeline);
}

/* --- encoding ------------------------------------------------------------------------------------------ */

bool command_group_key(rf_replay *r, const struct slot_queue *q)
{
    int slot = r->commands.slots > 1 ? (int)command_queue_slot(r, q) : NO_SLOT;
    return position_key_make(r->options.run, command_queue_stream(r, q), slot, &r->name);
}

static bool put_position(rf_replay *r, struct outbuf *out, const struct command_group *group)
{
    uint8_t text[POSITION_TEXT];
    const struct slot_position position = {group->after, r->commands.flushed};
    if (!command_group_key(r, group->queue))
        return false;
    const rf_slice argv[] = {SLICE("SET"), buffer_slice(&r->name), {text, position_print(text, &position)}};
    command_put(out, argv, 3);
    return true;
}

static void put_words(struct outbuf *out, const char *words, uint32_t *replies)
{
    outbuf_put(out, words, strlen(words));
    ++*replies;
}

/* Without transactions nothing is sent but the commands. */
static rf_code encode(rf_replay *r, struct pipeline *pipeline, struct command_group *group, rf_slice bytes,
                      const struct request *as, rf_error *error)
{
    struct request *request;
    struct outbuf *out = &pipeline->out;
    uint32_t replies = group->count;
    TRY(pipeline_begin_again(pipeline, as, &request, error));
    request->transaction = !r->options.no_transactions;
    if (as->ask_node)
        put_words(out, "*1\r\n$6\r\nASKING\r\n", &replies);
    if (request->transaction)
        put_words(out, "*1\r\n$5\r\nMULTI\r\n", &replies);
    outbuf_put(out, bytes.ptr, bytes.len);
    if (group->db != 0)
        put_words(out, "*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n", &replies);
    request->queued = group->count + (group->db != 0);
    if (request->transaction && !put_position(r, out, group))
        pipeline->out.code = RF_E_MEMORY;
    if (request->transaction) {
        request->queued++;
        replies++;
        put_words(out, "*1\r\n$4\r\nEXEC\r\n", &replies);
    }
    TRY(pipeline_end(pipeline, replies, error));
    request->group = group;
    group->queue->pipeline = pipeline;
    group->queue->kept++;
    group->queue->unanswered = true;
    return RF_OK;
}

/* --- sending ------------------------------------------------------------------------------------------- */

static rf_code flush(rf_replay *r, struct pipeline *pipeline, bool now, rf_error *error)
{
    return now ? pipeline_flush(r, pipeline, error) : pipeline_flush_if_full(r, pipeline, error);
}

/* What is sent of the queue. */
static struct queue_mark end_of_group(const struct slot_queue *q)
{
    return q->held ? q->mark : (struct queue_mark){q->bytes.len, q->commands.len, q->after, q->db};
}

static struct command_group *close_group(struct slot_queue *q, const struct queue_mark *end)
{
    struct command_group *group = malloc(sizeof *group + end->commands);
    if (!group)
        return NULL;
    *group = (struct command_group){.queue = q,
                                    .after = end->after,
                                    .db = end->db,
                                    .count = (uint32_t)(end->commands / sizeof group->commands[0])};
    memcpy(group->commands, q->commands.data, end->commands);
    return group;
}

static void remove_front(struct buffer *buffer, size_t n)
{
    buffer->len -= n;
    if (buffer->len > 0)
        memmove(buffer->data, buffer->data + n, buffer->len);
}

static void remove_sent(rf_replay *r, struct slot_queue *q, const struct queue_mark *end)
{
    r->commands.bytes -= end->bytes;
    remove_front(&q->bytes, end->bytes);
    remove_front(&q->commands, end->commands);
    if (q->held)
        q->mark = (struct queue_mark){0};
    else
        q->db = 0;
    command_queue_list(&r->commands, q);
}

/* An entry may have become several commands. */
static struct request describe(const struct command_group *group)
{
    struct request request = {.kind = REQUEST_COMMAND, .expire_ms = RF_NO_EXPIRY, .ends_ms = RF_NO_EXPIRY};
    for (uint32_t i = group->count; i-- > 0;) {
        const struct group_command *command = &group->commands[i];
        if (command->seq == 0)
            continue;
        request.entries += command->seq != request.seq;
        request.seq = command->seq;
        request.position = (rf_position){command->input, command->offset};
        request.db = command->db;
    }
    return request;
}

/* For a moment: then it is tried again. */
static rf_code wait_for_replicas(rf_replay *r, rf_error *error)
{
    enum { WAIT_MS = 10 };
    const struct wait wait = {.until_ms = clock_monotonic_ms() + WAIT_MS, .batched = true};
    return replay_wait_until(r, &wait, error);
}

static rf_code send_group(rf_replay *r, struct slot_queue *q, struct pipeline *pipeline, rf_error *error)
{
    if (q->unanswered || q->unknown || q->pending || command_queue_ready(q) == 0)
        return RF_OK;
    if (!command_group_may_send(q, pipeline)) /* the slot has moved: first its previous node's replicas */
        return wait_for_replicas(r, error);
    const struct queue_mark end = end_of_group(q);
    struct command_group *group = close_group(q, &end);
    if (!group)
        return fail(error, RF_E_MEMORY, "out of memory for commands");
    const struct request as = describe(group);
    rf_code code = encode(r, pipeline, group, slice_of(q->bytes.data, end.bytes), &as, error);
    if (code != RF_OK) {
        free(group);
        return code;
    }
    bool large = group->count >= GROUP_NOW || end.bytes >= BYTES_NOW;
    remove_sent(r, q, &end);
    return flush(r, pipeline, large, error);
}

rf_code command_group_send(rf_replay *r, struct slot_queue *q, rf_error *error)
{
    struct pipeline *pipeline;
    TRY(pipeline_for_slot(r, command_queue_slot(r, q), 0, &pipeline, error));
    return send_group(r, q, pipeline, error);
}

rf_code command_group_try_send(rf_replay *r, struct slot_queue *q, rf_error *error)
{
    struct pipeline *pipeline;
    TRY(pipeline_try_slot(r, command_queue_slot(r, q), &pipeline, error));
    return send_group(r, q, pipeline, error);
}

rf_code command_group_resend(rf_replay *r, struct slot_queue *q, struct pipeline *pipeline, rf_error *error)
{
    struct retry_item *item = q->pending;
    TRY(encode(r, pipeline, item->request.group, buffer_slice(&item->bytes), &item->request, error));
    q->pending = item->next;
    item->request.group = NULL;
    retry_item_free(item);
    return flush(r, pipeline, true, error);
}

rf_code command_group_confirm(rf_replay *r, struct slot_queue *q, struct pipeline *pipeline, rf_error *error)
{
    struct command_group *group = malloc(sizeof *group);
    if (!group)
        return fail(error, RF_E_MEMORY, "out of memory for commands");
    *group = (struct command_group){.queue = q, .after = q->applied};
    struct request as = describe(group);
    as.seq = q->pending->request.seq;
    as.position = q->pending->request.position;
    as.since_ms = q->pending->request.since_ms;
    rf_code code = encode(r, pipeline, group, (rf_slice){0}, &as, error);
    if (code == RF_OK)
        return flush(r, pipeline, true, error);
    free(group);
    return code;
}

/* --- outcomes ------------------------------------------------------------------------------------------ */

static void count_written(rf_replay *r, const struct request *request)
{
    r->counts.commands += request->entries - request->errors;
    r->counts.groups += request->entries > 0;
}

/* Groups that are known to be applied, and now safe. */
static void drop_covered(rf_replay *r, struct slot_queue *q)
{
    for (struct retry_item *item;
         (item = q->pending) && !rf_position_before(q->safe, item->request.group->after);) {
        q->pending = item->next;
        count_written(r, &item->request);
        retry_item_free(item);
    }
    command_queue_recovers(r, q, q->unknown || q->pending);
}

void command_group_release(rf_replay *r, struct request *request)
{
    struct command_group *group = request->group;
    struct slot_queue *q = group->queue;
    q->kept--;
    q->safe = position_later(q->safe, group->after);
    count_written(r, request);
    drop_covered(r, q);
    free(group);
    request->group = NULL;
}

/* Without transactions it is known of each command whether it was executed. */
static void mark_executed(struct request *request)
{
    struct command_group *group = request->group;
    for (uint32_t i = 0; i < request->failed_at && i < group->count; i++)
        group->commands[i].done |= group->commands[i].seq > 0;
}

/* Without transactions it is not known what was executed. */
void command_group_lost(rf_replay *r, const struct request *request, const rf_error *why)
{
    struct command_group *group = request->group;
    group->queue->unknown = true;
    if (r->options.no_transactions && r->error.code == RF_OK)
        fail(&r->error, RF_E_TARGET,
             "%s; without transactions it is unknown which of the AOF commands in flight were executed",
             why->message);
}

/* After a reply that cannot be understood the connection is closed. */
static void finish_broken(rf_replay *r, struct pipeline *pipeline, uint64_t number)
{
    rf_error why;
    fail(&why, RF_E_TARGET, "%s: %s", ((struct node *)pipeline->owner)->base.name, pipeline->broken);
    command_group_lost(r, pipeline_request(pipeline, number), &why);
    command_group_take_back(r, pipeline, number);
}

void command_group_finish(rf_replay *r, struct pipeline *pipeline, uint64_t number)
{
    struct request *request = pipeline_request(pipeline, number);
    struct command_group *group = request->group;
    group->queue->unanswered = false;
    if (pipeline->broken) {
        finish_broken(r, pipeline, number);
        return;
    }
    if (request->result == RESULT_OK && !request->retry_rest) {
        group->queue->applied = group->after;
        request->since_ms = 0;
        return;
    }
    if (request->result == RESULT_FATAL) {
        replay_fail(r, pipeline->owner, request->error_text ? request->error_text : "an error", request->db,
                    (rf_slice){0});
        return;
    }
    if (!request->transaction) {
        mark_executed(request);
        request->ask_node = NULL; /* it would need an ASKING before each command: the slot is waited for */
    }
    if (request->result != RESULT_OK)
        retry_note(r, request);
    command_group_take_back(r, pipeline, number);
}

/* --- pending groups ------------------------------------------------------------------------------------ */

/* Keeps the commands that are to be sent again. */
static void compact(struct retry_item *item)
{
    struct command_group *group = item->request.group;
    struct command command;
    rf_slice rest = buffer_slice(&item->bytes);
    uint8_t *to = item->bytes.data;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < group->count && command_take(&rest, &command);) {
        if (i == 0 && command_is_control(&command))
            continue;
        if (!group->commands[i].done) {
            group->commands[kept++] = group->commands[i];
            memmove(to, command.whole.ptr, command.whole.len);
            to += command.whole.len;
        }
        i++;
    }
    group->count = kept;
    item->bytes.len = (size_t)(to - item->bytes.data);
}

static void insert(struct slot_queue *q, struct retry_item *item)
{
    struct retry_item **at = &q->pending;
    while (*at && rf_position_before((*at)->request.group->after, item->request.group->after))
        at = &(*at)->next;
    item->next = *at;
    *at = item;
}

/* A confirmation is made anew. */
static bool is_confirmation(const struct command_group *group)
{
    return group->count == 0 && !rf_position_before(group->queue->applied, group->after);
}

static bool has_commands(const struct command_group *group)
{
    for (uint32_t i = 0; i < group->count; i++)
        if (group->commands[i].seq > 0)
            return true;
    return false;
}

void command_group_take_back(rf_replay *r, struct pipeline *pipeline, uint64_t number)
{
    struct request *request = pipeline_request(pipeline, number);
    struct command_group *group = request->group;
    struct slot_queue *q = group->queue;
    struct retry_item *item = retry_take(r, pipeline, number);
    q->kept--;
    q->unanswered = false;
    if (!item)
        return;
    compact(item);
    if (is_confirmation(group)) {
        q->unknown = true;
        retry_item_free(item);
    } else if (r->options.no_transactions && !has_commands(group)) {
        count_written(r, &item->request);
        retry_item_free(item);
    } else {
        insert(q, item);
    }
    command_queue_recovers(r, q, q->unknown || q->pending);
}
