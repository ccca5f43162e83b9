/* SPDX-License-Identifier: MIT */
/* Commands without keys, in a cluster: they concern every node, so everything before them is done first, and
 * nothing after them is sent until they have been executed everywhere.
 *
 * FLUSHALL removes the position keys, too. In its transaction, one of them is written anew on each node, and
 * from then on the position keys say up to where all slots are empty: a resumed run does not write anything
 * before that again. Executing such a command once more does no harm, because nothing after it has been
 * executed. */
#include "base/bytes.h"
#include "base/fail.h"
#include "replay/commands.h"
#include "replay/internal.h"
#include <rdbferry/slot.h>

enum { ARGS = 8 };

struct barrier {
    rf_replay *r;
    const rf_entry *entry;
    rf_slice argv[ARGS]; /* what is sent of it */
    size_t argc;
    bool flushes; /* it removes the position keys */
    bool failed;  /* on one of the nodes */
};

static void reject(struct barrier *b, const char *text)
{
    if (!b->failed)
        write_reject(b->r, b->entry, RF_FAILURE_REFUSED, text);
    b->failed = true;
}

/* FUNCTION DELETE may be repeated. */
static bool is_deleted_already(const struct barrier *b, const char *text)
{
    return b->argc > 1 && slice_is_word(b->argv[1], "DELETE") &&
           strncmp(text, "ERR Library not found", 21) == 0;
}

/* RF_E_TARGET if it is to be tried again. */
static rf_code on_error(struct barrier *b, struct node *node, struct reply reply, rf_error *error)
{
    char text[CONTROL_ERROR_TEXT];
    TRY(control_check_error(node, reply, b->entry->db, (rf_slice){0}, text, error));
    if (!is_deleted_already(b, text))
        reject(b, text);
    return RF_OK;
}

/* FLUSHALL and the position of one of the node's slots. */
static rf_code flush(struct barrier *b, struct node *node, unsigned slot, rf_error *error)
{
    enum { REPLIES = 4 };
    uint8_t text[POSITION_TEXT];
    struct reply reply, found = {.kind = REPLY_STATUS};
    rf_slice rest;
    struct client *client = node->control;
    const rf_position after = {b->r->current.position.input, b->r->current.position.offset + 1};
    const struct slot_position position = {after, after};
    if (!position_key_make(b->r->options.run, 0, (int)slot, &b->r->name))
        return fail(error, RF_E_MEMORY, "out of memory");
    const rf_slice set[] = {SLICE("SET"), buffer_slice(&b->r->name),
                            slice_of(text, position_print(text, &position))};
    TRY(client_put(client, (const rf_slice[]){SLICE("MULTI")}, 1, error));
    TRY(client_put(client, b->argv, b->argc, error));
    TRY(client_put(client, set, 3, error));
    TRY(client_put(client, (const rf_slice[]){SLICE("EXEC")}, 1, error));
    char why[256] = "";
    for (int i = 0; i < REPLIES; i++) {
        TRY(client_reply(client, &reply, &rest, error));
        if (exec_reply_find_error(reply, rest, &found) && !*why)
            reply_text(found, why, sizeof why);
    }
    return *why ? on_error(b, node, (struct reply){.kind = REPLY_ERROR, .text = slice_of(why, strlen(why))},
                           error)
                : RF_OK;
}

static rf_code visit(void *ctx, struct node *node, bool retrying, rf_error *error)
{
    struct barrier *b = ctx;
    struct reply reply;
    rf_slice rest;
    unsigned slot = cluster_map_first_slot(&b->r->map, &node->base);
    (void)retrying;
    TRY(reconcile_select_db(node, b->entry->db, error));
    if (b->flushes && slot < RF_SLOTS) {
        TRY(flush(b, node, slot, error));
    } else {
        TRY(control_call(node->control, b->argv, b->argc, &reply, &rest, error));
        if (reply.kind == REPLY_ERROR)
            TRY(on_error(b, node, reply, error));
    }
    return control_replicate(node, error);
}

/* FUNCTION LOAD code, and FUNCTION RESTORE payload: with REPLACE they can be repeated. */
static void make_repeatable(struct barrier *b)
{
    bool load = b->argc == 3 && slice_is_word(b->argv[1], "LOAD");
    bool restore = b->argc == 3 && slice_is_word(b->argv[1], "RESTORE");
    if (!slice_is_word(b->argv[0], "FUNCTION") || (!load && !restore))
        return;
    b->argv[3] = load ? b->argv[2] : SLICE("REPLACE");
    b->argv[2] = load ? SLICE("REPLACE") : b->argv[2];
    b->argc = 4;
}

static void note_flushed(rf_replay *r)
{
    struct command_queues *c = &r->commands;
    c->flushed = (rf_position){r->current.position.input, r->current.position.offset + 1};
    for (unsigned i = 0; i < c->count; i++)
        c->queues[i].applied = c->queues[i].safe = c->flushed;
}

static const char *const flushes[] = {"FLUSHALL", "FLUSHDB", NULL};
static const char *const others[] = {"FUNCTION", "SCRIPT", NULL};

static bool concerns_all_keys(const rf_entry *entry)
{
    return slice_is_one_of(entry->argv[0], flushes) || slice_is_word(entry->argv[0], "SWAPDB");
}

bool command_is_barrier(const rf_replay *r, const rf_entry *entry)
{
    if (r->commands.slots > 1)
        return entry->slot < 0;
    return r->options.streams > 1 && (concerns_all_keys(entry) || slice_is_one_of(entry->argv[0], others));
}

/* Of several sources, whose keys are not known at the target: they are removed by the caller. */
static bool is_of_stream(const rf_replay *r, const rf_entry *entry)
{
    return r->options.streams > 1 && concerns_all_keys(entry);
}

/* Whether it can be executed at all. */
static rf_code check(const rf_replay *r, const rf_entry *entry, rf_error *error)
{
    char name[64];
    const bool flushes_all = slice_is_one_of(entry->argv[0], flushes);
    command_name(entry->argv[0], name, sizeof name);
    if (is_of_stream(r, entry))
        return r->options.flush_stream && flushes_all
                   ? RF_OK
                   : fail(error, RF_E_INCOMPATIBLE,
                          "%s: it concerns the keys of one of several sources, which are not known at the "
                          "target: empty it, and start again",
                          name);
    return entry->argc < ARGS && (flushes_all || slice_is_one_of(entry->argv[0], others))
               ? RF_OK
               : fail(error, RF_E_INCOMPATIBLE, "%s: a command without keys that cannot be sent to a cluster",
                      name);
}

static rf_code flush_stream(rf_replay *r, const rf_entry *entry, rf_error *error)
{
    int64_t db = slice_is_word(entry->argv[0], "FLUSHDB") ? entry->db : -1;
    TRY(r->options.flush_stream(r->options.ctx, r->current.position.input, db, error));
    r->counts.commands++;
    return RF_OK;
}

static rf_code execute(rf_replay *r, const rf_entry *entry, rf_error *error)
{
    struct barrier b = {.r = r, .entry = entry, .argc = entry->argc};
    b.flushes = slice_is_one_of(entry->argv[0], flushes) && !r->options.no_transactions &&
                (entry->db == 0 || slice_is_word(entry->argv[0], "FLUSHALL"));
    memcpy(b.argv, entry->argv, entry->argc * sizeof *entry->argv);
    make_repeatable(&b);
    TRY(on_each_primary(r, visit, &b, error));
    if (b.flushes)
        note_flushed(r);
    r->counts.commands += !b.failed;
    return RF_OK;
}

rf_code command_barrier(rf_replay *r, const rf_entry *entry, rf_error *error)
{
    TRY(check(r, entry, error));
    if (command_queue_was_reached(r)) {
        r->counts.commands_resumed++;
        return RF_OK;
    }
    command_queue_divide(r);
    TRY(replay_drain(r, error));
    return (is_of_stream(r, entry) ? flush_stream : execute)(r, entry, error);
}
