/* SPDX-License-Identifier: MIT */
/* The import mode of Valkey, from 8.1 on: a server in it deletes nothing that expires, and to a connection
 * that asks for it, what has expired is still there.
 *
 *   CLIENT IMPORT-SOURCE ON   ->   OK   |   ERR Server is not in import mode
 *   INFO stats                ->   expired_keys:0 ...
 *
 * A connection does not notice that the mode is turned off, so it asks again from time to time. If it was
 * turned off and on again between two questions, or another client wrote a key that had expired, more keys
 * have been deleted. A process that is started in this mode has deleted what had expired in its RDB, so
 * another process is like one without; and MIGRATE deletes what has expired, so that slots must not move. */
#include "replay/import_mode.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/number.h"
#include "net/info.h"
#include "replay/commands.h"

enum { CHECK_MS = 1000 };

static const rf_slice question[] = {SLICE("CLIENT"), SLICE("IMPORT-SOURCE"), SLICE("ON")};
static const rf_slice stats[] = {SLICE("INFO"), SLICE("stats")};
enum { QUESTION_WORDS = sizeof question / sizeof *question, STATS_WORDS = sizeof stats / sizeof *stats };

void import_mode_lost(struct node *node, const char *why)
{
    rf_replay *r = node->replay;
    r->import.lost = true;
    if (r->error.code == RF_OK)
        fail(&r->error, RF_E_TARGET, "%s: %s: keys that have expired may have been deleted", node->base.name,
             why);
}

rf_code import_mode_put_question(struct client *client, rf_error *error)
{
    return client_put(client, question, QUESTION_WORDS, error);
}

rf_code import_mode_join(struct node *node, struct reply reply, rf_error *error)
{
    rf_replay *r = node->replay;
    char text[CONTROL_ERROR_TEXT];
    reply_text(reply, text, sizeof text);
    if (reply.kind != REPLY_STATUS)
        import_mode_lost(node, text);
    else if (node->import_run != 0 && node->import_run != node->run)
        import_mode_lost(node, "the server was restarted while in import mode");
    if (r->error.code != RF_OK)
        return replay_ended(r, error);
    if (node->import_run == 0)
        node->import_expired = -1;
    node->import_run = node->run;
    return RF_OK;
}

/* --- what was deleted ---------------------------------------------------------------------------------- */

bool import_mode_counts(const rf_replay *r)
{
    return r->import.on && !r->map.primaries.info_refused;
}

static int64_t find_count(rf_slice info, const char *name)
{
    rf_slice text;
    int64_t count;
    return info_field(info, name, &text) && number_parse_i64(text, &count) ? count : 0;
}

/* CONFIG RESETSTAT makes it less. */
void import_mode_count(struct node *node, rf_slice info)
{
    const int64_t expired = find_count(info, "expired_keys") + find_count(info, "expired_fields");
    const bool more = node->import_expired >= 0 && expired > node->import_expired;
    node->import_expired = expired;
    if (more)
        import_mode_lost(node, "expired keys were deleted while in import mode");
}

static rf_code ask_count(struct node *node, rf_error *error)
{
    struct reply reply;
    rf_slice rest;
    TRY(control_call(node->control, stats, STATS_WORDS, &reply, &rest, error));
    if (reply.kind == REPLY_STRING)
        import_mode_count(node, reply.text);
    return node->replay->error.code != RF_OK ? replay_ended(node->replay, error) : RF_OK;
}

static rf_code ask(struct node *node, struct reply *reply, rf_error *error)
{
    struct client *client;
    rf_slice rest;
    TRY(node_open_control(node, &client, error));
    return control_call(client, question, QUESTION_WORDS, reply, &rest, error);
}

/* --- all primaries ------------------------------------------------------------------------------------- */

static rf_code visit(void *ctx, struct node *node, bool retrying, rf_error *error)
{
    bool *all = ctx;
    struct reply reply;
    (void)retrying;
    TRY(ask(node, &reply, error));
    node->import_run = reply.kind == REPLY_STATUS ? node->run : 0;
    node->import_expired = -1;
    *all &= node->import_run != 0;
    return RF_OK;
}

static void leave_all(rf_replay *r)
{
    for (size_t i = 0; i < r->map.node_count; i++)
        if (node_at(r, i)->import_run != 0) {
            node_at(r, i)->import_run = 0;
            node_close_control(node_at(r, i));
        }
}

rf_code import_mode_use(rf_replay *r, rf_error *error)
{
    bool all = true;
    if (r->map.primaries.closes_on_unknown)
        return RF_OK;
    TRY(on_each_primary(r, visit, &all, error));
    r->import.on = all;
    r->import.reshards = r->map.reshards;
    if (!all)
        leave_all(r);
    return RF_OK;
}

rf_code import_mode_check_slots(rf_replay *r, rf_error *error)
{
    if (!r->import.on || r->map.reshards == r->import.reshards)
        return RF_OK;
    import_mode_lost(nodes_primary(r, 0), "slots have moved to other nodes while in import mode");
    return replay_ended(r, error);
}

static rf_code visit_again(void *ctx, struct node *node, bool retrying, rf_error *error)
{
    struct reply reply;
    (void)ctx, (void)retrying;
    TRY(ask(node, &reply, error));
    TRY(import_mode_join(node, reply, error));
    return import_mode_counts(node->replay) ? ask_count(node, error) : RF_OK;
}

rf_code import_mode_check(rf_replay *r, rf_error *error)
{
    rf_error ignored; /* a node that cannot be reached is found out below */
    if (!r->import.on)
        return RF_OK;
    r->map.stale = true;
    if (nodes_refresh(r, &ignored) != RF_OK && r->error.code != RF_OK)
        return replay_ended(r, error);
    return on_each_primary(r, visit_again, NULL, error);
}

uint64_t import_mode_id(const rf_replay *r)
{
    enum { FACTOR = 31 };
    const unsigned slots = r->map.primaries.node_of ? RF_SLOTS : 1;
    uint64_t id = 1;
    for (unsigned slot = 0; r->import.on && slot < slots; slot++) {
        const struct node *node = nodes_of_slot(r, slot);
        if (node->import_run == 0 && !node_is_unassigned(node))
            return 0;
        id = id * FACTOR + node->import_run;
    }
    return r->import.on ? id | 1 : 0;
}

/* --- pipelines ----------------------------------------------------------------------------------------- */

static struct pipeline *find_connected(struct node *node)
{
    for (unsigned i = 0; i < node->replay->options.connections; i++)
        if (node->pipelines[i].connection && !node->pipelines[i].streaming)
            return &node->pipelines[i];
    return NULL;
}

static rf_code put_question(struct pipeline *pipeline, rf_error *error)
{
    struct request *request;
    const bool counts = import_mode_counts(((struct node *)pipeline->owner)->replay);
    TRY(pipeline_begin(pipeline, &request, error));
    request->kind = REQUEST_IMPORT;
    request->done = true;
    command_put(&pipeline->out, question, QUESTION_WORDS);
    if (counts)
        command_put(&pipeline->out, stats, STATS_WORDS);
    return pipeline_end(pipeline, counts ? 2 : 1, error);
}

rf_code import_mode_ask_again(rf_replay *r, rf_error *error)
{
    const int64_t now = clock_monotonic_ms();
    if (LIKELY(!r->import.on || now < r->import.next_ms))
        return RF_OK;
    r->import.next_ms = now + CHECK_MS;
    for (size_t i = 0; i < r->map.node_count; i++) {
        struct pipeline *pipeline = find_connected(node_at(r, i));
        if (pipeline)
            TRY(put_question(pipeline, error));
    }
    return RF_OK;
}
