/* SPDX-License-Identifier: MIT */
/* The queues of the slots: what is appended to them, and when their open groups are sent. */
#include "replay/command_queue.h"

#include "base/bytes.h"
#include "base/fail.h"
#include "base/number.h"
#include "replay/internal.h"
#include "resp/resp_write.h"
#include <rdbferry/slot.h>
#include <stdlib.h>

enum {
    GROUP_MIN = 64,               /* commands that are sent without waiting for more */
    GROUP_MAX = 512,              /* more do not wait in one group, unless a transaction has them; */
    GROUP_BYTES_MAX = 256 * 1024, /* nor after so many bytes */
    BYTES_MAX = 32 * 1024 *
                1024,          /* in all open groups: in a cluster a window of this size is sorted by slot */
    BUFFER_KEPT = 1024 * 1024, /* a larger buffer is freed when its group has been sent */
};

/* --- queues -------------------------------------------------------------------------------------------- */

static size_t queue_number(const rf_replay *r, uint32_t input, unsigned slot)
{
    const unsigned stream = r->options.streams > 1 ? input - r->options.first_stream : 0;
    return (size_t)stream * r->commands.slots + (r->commands.slots > 1 ? slot : 0);
}

struct slot_queue *command_queue_of(rf_replay *r, unsigned slot)
{
    return r->commands.queues + queue_number(r, r->current.position.input, slot);
}

rf_position rf_replay_applied(const rf_replay *r, uint32_t input, unsigned slot)
{
    const struct command_queues *c = &r->commands;
    const size_t number = queue_number(r, input, slot);
    return number < c->count ? c->queues[number].safe : (rf_position){0};
}

bool command_queue_was_reached(rf_replay *r)
{
    const struct slot_queue *queues = command_queue_of(r, 0);
    for (unsigned slot = 0; slot < r->commands.slots; slot++)
        if (rf_position_before(r->current.position, queues[slot].done))
            return true;
    return false;
}

unsigned command_queue_slot(const rf_replay *r, const struct slot_queue *q)
{
    return (unsigned)(q - r->commands.queues) % r->commands.slots;
}

unsigned command_queue_stream(const rf_replay *r, const struct slot_queue *q)
{
    return (unsigned)(q - r->commands.queues) / r->commands.slots;
}

size_t command_queue_ready(const struct slot_queue *q)
{
    return (q->held ? q->mark.commands : q->commands.len) / sizeof(struct group_command);
}

void command_queues_free(struct command_queues *queues)
{
    for (unsigned i = 0; i < queues->count; i++) {
        struct slot_queue *q = &queues->queues[i];
        buffer_free(&q->bytes);
        buffer_free(&q->commands);
        for (struct retry_item *item; (item = q->pending);) {
            q->pending = item->next;
            retry_item_free(item);
        }
    }
    free(queues->queues);
}

static size_t count_commands(const struct slot_queue *q)
{
    return q->commands.len / sizeof(struct group_command);
}

bool command_queue_set_listed(struct command_queues *c, enum queue_list list, struct slot_queue *q,
                              bool listed)
{
    struct slot_queue **first = &c->lists[list].first, **last = &c->lists[list].last;
    struct slot_queue *next = q->links[list].next, *previous = q->links[list].previous;
    if (q->links[list].listed == listed)
        return false;
    q->links[list].listed = listed;
    if (listed) {
        q->links[list].previous = *last;
        *(*last ? &(*last)->links[list].next : first) = q;
        *last = q;
        return true;
    }
    *(previous ? &previous->links[list].next : first) = next;
    *(next ? &next->links[list].previous : last) = previous;
    q->links[list].previous = q->links[list].next = NULL;
    return true;
}

bool command_queues_recover(const struct command_queues *c)
{
    return c->lists[QUEUES_RECOVERING].first != NULL;
}

void command_queue_list(struct command_queues *c, struct slot_queue *q)
{
    bool open = q->commands.len > 0;
    if (command_queue_set_listed(c, QUEUES_OPEN, q, open) && !open && q->bytes.cap > BUFFER_KEPT)
        buffer_free(&q->bytes);
}

struct request command_queue_first(const struct slot_queue *q)
{
    const struct group_command *command = (const struct group_command *)(const void *)q->commands.data;
    while (command->seq == 0)
        command++;
    return (struct request){.seq = command->seq, .position = {command->input, command->offset}};
}

static rf_code make_queues(rf_replay *r, rf_error *error)
{
    struct command_queues *c = &r->commands;
    unsigned slots = r->map.primaries.kind == RF_TARGET_CLUSTER ? RF_SLOTS : 1;
    unsigned count = slots * (r->options.streams > 1 ? r->options.streams : 1);
    c->queues = calloc(count, sizeof *c->queues);
    if (!c->queues)
        return fail(error, RF_E_MEMORY, "out of memory for commands");
    c->count = count;
    c->slots = slots;
    c->databases = r->info.databases > 0 ? r->info.databases : 1;
    return RF_OK;
}

rf_code command_queues_begin(rf_replay *r, rf_error *error)
{
    struct command_queues *c = &r->commands;
    if (LIKELY(c->queues != NULL))
        return RF_OK;
    TRY(make_queues(r, error));
    return r->options.no_transactions ? RF_OK : command_positions_begin(r, error);
}

/* --- appending ----------------------------------------------------------------------------------------- */

static rf_code append(rf_replay *r, struct slot_queue *q, const rf_slice *argv, size_t argc,
                      const struct group_command *about, rf_error *error)
{
    const size_t before = q->bytes.len;
    if (!buffer_append(&q->commands, slice_of(about, sizeof *about)) ||
        !resp_append_command(&q->bytes, argv, argc))
        return fail(error, RF_E_MEMORY, "out of memory for commands");
    r->commands.bytes += q->bytes.len - before;
    return RF_OK;
}

/* A SELECT that fails would let the commands after it go to another database. */
static rf_code ensure_database(rf_replay *r, const struct slot_queue *q, int64_t db, rf_error *error)
{
    struct pipeline *pipeline;
    if (LIKELY(db < r->commands.databases))
        return RF_OK;
    TRY(pipeline_for_slot(r, command_queue_slot(r, q), db, &pipeline, error));
    r->commands.databases = db + 1;
    return RF_OK;
}

static rf_code append_select(rf_replay *r, struct slot_queue *q, int64_t db, rf_error *error)
{
    uint8_t text[NUMBER_TEXT_MAX];
    TRY(ensure_database(r, q, db, error));
    const rf_slice argv[] = {SLICE("SELECT"), {text, number_print_i64(text, db)}};
    const struct group_command about = {.db = (int32_t)db};
    q->db = db;
    return append(r, q, argv, 2, &about, error);
}

/* Remembers what was in the queue before the transaction. */
static void hold(struct command_queues *c, struct slot_queue *q)
{
    if (q->held)
        return;
    q->held = true;
    q->mark = (struct queue_mark){q->bytes.len, q->commands.len, q->after, q->db};
    if (q->commands.len > 0)
        q->db = NO_DB; /* what is before may be sent alone */
    q->next_held = c->transaction.held;
    c->transaction.held = q;
}

static rf_code append_entry(rf_replay *r, struct slot_queue *q, const rf_entry *command, rf_error *error)
{
    const rf_position position = r->current.position;
    const struct group_command about = {.seq = r->current.seq,
                                        .offset = position.offset,
                                        .input = position.input,
                                        .db = (int32_t)command->db};
    if (q->db != command->db)
        TRY(append_select(r, q, command->db, error));
    q->after = (rf_position){position.input, position.offset + 1};
    return append(r, q, command->argv, command->argc, &about, error);
}

/* --- sending ------------------------------------------------------------------------------------------- */

static bool is_idle(const struct slot_queue *q)
{
    return !q->unanswered && !q->unknown && !q->pending;
}

static bool is_full(const struct slot_queue *q)
{
    return count_commands(q) >= GROUP_MAX || q->bytes.len >= GROUP_BYTES_MAX;
}

static struct slot_queue *oldest_idle(const struct command_queues *c)
{
    struct slot_queue *q = c->lists[QUEUES_OPEN].first;
    while (q && (!is_idle(q) || command_queue_ready(q) == 0))
        q = q->links[QUEUES_OPEN].next;
    return q;
}

/* Sends groups, the oldest first, until there are no more than so many bytes in those that remain. What
 * cannot be sent now remains. */
static rf_code send_down_to(rf_replay *r, uint64_t bytes, rf_error *error)
{
    struct slot_queue *next;
    for (struct slot_queue *q = r->commands.lists[QUEUES_OPEN].first; q && r->commands.bytes > bytes;
         q = next) {
        next = q->links[QUEUES_OPEN].next;
        rf_code code = is_idle(q) && command_queue_ready(q) > 0 ? command_group_try_send(r, q, error) : RF_OK;
        if (code != RF_END)
            TRY(code);
    }
    return RF_OK;
}

/* Makes the open groups smaller; a transaction that is not complete may exceed any limit. */
static rf_code make_room(rf_replay *r, rf_error *error)
{
    TRY(send_down_to(r, BYTES_MAX, error));
    return r->commands.bytes > BYTES_MAX ? replay_step(r, INT64_MAX, error) : RF_OK;
}

static rf_code wait_until_open(rf_replay *r, struct slot_queue *q, rf_error *error)
{
    while (!q->held && is_full(q))
        TRY(is_idle(q) ? command_group_send(r, q, error) : replay_step(r, INT64_MAX, error));
    while (r->commands.bytes > BYTES_MAX && !r->commands.transaction.held)
        TRY(make_room(r, error));
    return RF_OK;
}

rf_code command_queue_put(rf_replay *r, struct slot_queue *q, const rf_entry *commands, size_t count,
                          rf_error *error)
{
    struct command_queues *c = &r->commands;
    TRY(wait_until_open(r, q, error));
    if (c->transaction.open)
        hold(c, q);
    for (size_t i = 0; i < count; i++)
        TRY(append_entry(r, q, &commands[i], error));
    command_queue_list(c, q);
    if (q->held || !is_idle(q) || count_commands(q) < GROUP_MIN)
        return RF_OK;
    rf_code code = command_group_try_send(r, q, error);
    return code == RF_END ? RF_OK : code;
}

/* --- transactions of the log --------------------------------------------------------------------------- */

void command_queue_multi(rf_replay *r)
{
    r->commands.transaction.open = true;
    r->commands.transaction.seq = r->current.seq;
    r->commands.transaction.position = r->current.position;
}

static struct slot_queue *next_held(struct command_queues *c)
{
    struct slot_queue *q = c->transaction.held;
    if (!q)
        return NULL;
    c->transaction.held = q->next_held;
    q->held = false;
    return q;
}

void command_queue_exec(rf_replay *r)
{
    struct command_queues *c = &r->commands;
    unsigned parts = 0;
    while (next_held(c))
        parts++;
    r->counts.divided += parts > 1;
    c->transaction.open = false;
}

void command_queue_divide(rf_replay *r)
{
    while (next_held(&r->commands))
        ;
}

void command_queue_discard(rf_replay *r)
{
    struct command_queues *c = &r->commands;
    for (struct slot_queue *q; (q = next_held(c)); command_queue_list(c, q)) {
        c->bytes -= q->bytes.len - q->mark.bytes;
        q->bytes.len = q->mark.bytes;
        q->commands.len = q->mark.commands;
        q->after = q->mark.after;
        q->db = q->mark.db;
    }
    c->transaction.open = false;
}

/* --- the end ------------------------------------------------------------------------------------------- */

rf_code command_queue_flush(rf_replay *r, rf_error *error)
{
    return send_down_to(r, 0, error);
}

bool command_queue_is_flushed(const rf_replay *r)
{
    return !command_queues_recover(&r->commands) && !oldest_idle(&r->commands);
}
