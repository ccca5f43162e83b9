/* SPDX-License-Identifier: MIT */
/* Handles replies. The first error among the replies to a request determines its result; without an error the
 * last reply does.
 *
 *   SET key value NX ...   +OK, or nil: it exists
 *   MSETNX key value ...   :1, or :0: one of the keys exists
 *   RESTORE key ...        +OK, or BUSYKEY
 *   RENAME staging key     +OK
 *   RENAMENX               :1, or :0
 *   EXEC                   the replies to all commands since MULTI, or EXECABORT if one was rejected */
#include "base/bytes.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/number.h"
#include "net/redirect.h"
#include "net/reply.h"
#include "replay/commands.h"
#include "replay/import_mode.h"
#include "replay/internal.h"
#include "replay/staging_key.h"
#include <stdio.h>
#include <stdlib.h>

enum {
    REPLICA_ACK_TIMEOUT_MS = 10 * 1000, /* how long to wait for replicas that do not acknowledge */
    WAIT_INTERVAL_MS = 100, /* WAIT blocks on the server; if it does not, this limits how often it is sent */
};

/* --- errors -------------------------------------------------------------------------------------------- */

static const struct {
    const char *code;
    enum request_result result;
    const char *advice; /* for REPLY_FATAL */
} errors[] = {
    {"READONLY", RESULT_RETRY, NULL},
    {"NOREPLICAS", RESULT_RETRY, NULL},
    {"BUSYKEY", RESULT_EXISTS, NULL},
    {"OOM", RESULT_FATAL, "raise maxmemory, or free memory"},
    {"NOAUTH", RESULT_FATAL, "authentication required"},
    {"WRONGPASS", RESULT_FATAL, "check the user name and password"},
    {"NOPERM", RESULT_FATAL, "grant the user this permission"},
    {"MISCONF", RESULT_FATAL, "the server cannot save: see its log"},
    {"DENIED", RESULT_FATAL, "connections from this host are denied"},
    /* in a cluster they are classified before */
    {"MOVED", RESULT_FATAL,
     "the server does not report that it is a cluster node: use redis+cluster://... for a cluster"},
    {"ASK", RESULT_FATAL,
     "the server does not report that it is a cluster node: use redis+cluster://... for a cluster"},
};

static const enum request_result result_of[] = {
    [ERROR_MOVED] = RESULT_MOVED, [ERROR_ASK] = RESULT_ASK, [ERROR_TRANSIENT] = RESULT_RETRY};

/* "MOVED 3999 ..." */
static unsigned slot_of(struct reply reply)
{
    int64_t slot;
    rf_slice text = reply.text;
    const uint8_t *blank = memchr(text.ptr, ' ', text.len);
    if (!blank)
        return RF_SLOTS;
    text = slice_of(blank + 1, (size_t)(text.ptr + text.len - blank - 1));
    const uint8_t *end = memchr(text.ptr, ' ', text.len);
    text.len = end ? (size_t)(end - text.ptr) : text.len;
    return number_parse_i64(text, &slot) && slot >= 0 && slot < RF_SLOTS ? (unsigned)slot : RF_SLOTS;
}

/* A node that is not in the topology yet must not receive passwords or data. */
static struct node *redirect_node(rf_replay *r, struct node *asked, struct reply reply)
{
    rf_error ignored;
    rf_address address;
    if (redirect_address(reply, &asked->base.address, &address, &ignored) != RF_OK)
        return NULL;
    struct node *node = (struct node *)cluster_map_known(&r->map, &address);
    if (!node && !r->topology.redirect.host) {
        r->topology.redirect = address;
        r->topology.redirected_by = asked;
        return NULL;
    }
    address_free(&address);
    return node;
}

/* Whether the error names the RESTORE command. */
static bool reply_refuses_restore(struct reply reply)
{
    char text[256];
    if (!reply_refuses_command(reply))
        return false;
    reply_text(reply, text, sizeof text);
    return strcasestr(text, "restore") != NULL;
}

/* In import mode the topology has to tell whether it is a failover. */
static void follow_move(rf_replay *r, unsigned slot, struct node *node)
{
    if (r->import.on)
        r->map.stale = r->retry.backoff = true;
    else if (nodes_of_slot(r, slot) != node) {
        r->map.node_of[slot] = &node->base;
        held_release_all(r);
    }
}

enum request_result classify_reply(rf_replay *r, struct node *asked, struct reply reply, struct node **node)
{
    enum error_class error_class = classify_error(reply);
    *node = NULL;
    if (r->map.primaries.kind == RF_TARGET_CLUSTER &&
        (error_class == ERROR_MOVED || error_class == ERROR_ASK)) {
        *node = redirect_node(r, asked, reply);
        if (error_class == ERROR_MOVED && *node && slot_of(reply) < RF_SLOTS)
            follow_move(r, slot_of(reply), *node);
        return *node ? result_of[error_class] : RESULT_RETRY;
    }
    if (error_class == ERROR_TRANSIENT)
        return RESULT_RETRY;
    if (reply_refuses_restore(reply))
        return r->options.mode == RF_REPLAY_RESTORE ? RESULT_FATAL : RESULT_REJECTED;
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        if (reply_is_error(reply, errors[i].code))
            return errors[i].result;
    return RESULT_REJECTED;
}

rf_code replay_fail(rf_replay *r, const struct node *node, const char *error_text, int64_t db, rf_slice key)
{
    const char *advice = NULL;
    struct reply reply = {.kind = REPLY_ERROR, .text = slice_of(error_text, strlen(error_text))};
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        if (reply_is_error(reply, errors[i].code))
            advice = errors[i].advice;
    if (reply_refuses_restore(reply))
        advice = "use --mode auto or commands";
    if (r->error.code != RF_OK)
        return r->error.code;
    fail(&r->error, RF_E_TARGET, "%s: %s%s%s%s", node->base.name, error_text, advice ? " (" : "",
         advice ? advice : "", advice ? ")" : "");
    error_key(&r->error, db, key);
    return RF_E_TARGET;
}

void request_set_error(struct request *request, struct node *node, struct reply reply)
{
    enum { ERROR_TEXT_MAX = 256 };
    struct node *named;
    enum request_result result = classify_reply(node->replay, node, reply, &named);
    if (request->result != RESULT_OK)
        return;
    request->result = (uint8_t)result;
    request->ask_node = result == RESULT_ASK ? named : NULL;
    request->error_text = malloc(ERROR_TEXT_MAX);
    if (!request->error_text)
        return;
    reply_text(reply, request->error_text, ERROR_TEXT_MAX);
    staging_key_hide(request->error_text, node->replay->options.run);
}

void request_clear_error(struct request *request)
{
    free(request->error_text);
    request->error_text = NULL;
    request->result = RESULT_OK;
}

void request_set_unexpected(struct request *request, const char *what)
{
    if (request->result != RESULT_OK)
        return;
    request->result = RESULT_REJECTED;
    request->error_text = strdup(what);
}

static const char *error_text(const struct request *request)
{
    return request->error_text ? request->error_text : "an error";
}

bool is_protocol_error(const char *text)
{
    return strncmp(text, "ERR Protocol error", 18) == 0;
}

bool is_expired_staging_key(const rf_replay *r, const char *text, int64_t expire_ms)
{
    enum { SLACK_MS = 1000 }; /* tolerance for our estimate of the server's clock */
    return expire_ms != RF_NO_EXPIRY && (expire_ms < 0 || write_has_expired(r, expire_ms - SLACK_MS)) &&
           strncmp(text, "ERR no such key", 15) == 0;
}

/* --- keys ---------------------------------------------------------------------------------------------- */

rf_slice request_bytes(rf_replay *r, const struct pipeline *pipeline, uint64_t number)
{
    r->bytes.len = 0;
    return pipeline_copy(pipeline, number, &r->bytes) ? buffer_slice(&r->bytes) : (rf_slice){0};
}

/* `renamed`: a command after the rejected one was executed. The key then has an incomplete value. */
static void finish_unwritten(rf_replay *r, struct pipeline *pipeline, uint64_t number,
                             struct request *request, bool renamed)
{
    rf_slice commands = request_bytes(r, pipeline, number), key = command_key(commands);
    request->done = true;
    if (request->method == METHOD_STAGED)
        retry_delete_staging_key(r, request, key);
    if (renamed)
        retry_delete_key(r, request, key);
    if (request->result != RESULT_REJECTED)
        outcome_exists(r, request, key, commands);
    else if (is_expired_staging_key(r, error_text(request), request->ends_ms))
        outcome_expired(r, request, key);
    else
        outcome_failed(r, request, RF_FAILURE_REFUSED, error_text(request), key, commands);
}

/* A request of one command failed because of that command; in one of several the error must name RESTORE. */
static bool restore_unsupported(const rf_replay *r, const struct request *request)
{
    const struct reply reply = {.kind = REPLY_ERROR,
                                .text = slice_of(error_text(request), strlen(error_text(request)))};
    if (!request->restored || request->result != RESULT_REJECTED || r->options.mode == RF_REPLAY_RESTORE)
        return false;
    return request->method == METHOD_RESTORE ? reply_refuses_command(reply) : reply_refuses_restore(reply);
}

/* The staging key was written before it, so the replicas have the key when WAIT says so. */
static bool is_known_equal(rf_replay *r, const struct pipeline *pipeline, uint64_t number,
                           const struct request *request)
{
    if (request->confirmed_on != pipeline->owner)
        return false;
    if (request->method == METHOD_STAGED)
        retry_delete_staging_key(r, request, command_key(request_bytes(r, pipeline, number)));
    return true;
}

static bool says_exists(struct reply last)
{
    return last.kind == REPLY_NIL || (last.kind == REPLY_NUMBER && last.number == 0);
}

static void finish_key(rf_replay *r, struct pipeline *pipeline, uint64_t number, struct request *request,
                       struct reply last)
{
    bool exists = says_exists(last);
    bool renamed = request->method == METHOD_STAGED && !exists && last.kind != REPLY_ERROR;
    if (request->result == RESULT_OK && exists)
        request->result = RESULT_EXISTS;
    switch ((enum request_result)request->result) {
    case RESULT_OK: break;
    case RESULT_EXISTS:
        if (is_known_equal(r, pipeline, number, request))
            request_clear_error(request);
        else if (request->maybe_applied)
            retry_enqueue(r, pipeline, number, &r->retry.unconfirmed);
        else
            finish_unwritten(r, pipeline, number, request, false);
        break;
    case RESULT_REJECTED:
        if (restore_unsupported(r, request))
            fallback_enqueue(r, pipeline, number);
        else
            finish_unwritten(r, pipeline, number, request, renamed);
        break;
    case RESULT_RETRY:
    case RESULT_MOVED:
    case RESULT_ASK:
        request->misnamed |= renamed;
        retry_enqueue(r, pipeline, number, &r->retry.queue);
        break;
    case RESULT_FATAL:
        replay_fail(r, pipeline->owner, error_text(request), request->db,
                    command_key(request_bytes(r, pipeline, number)));
        break;
    }
}

static void finish_strings(rf_replay *r, struct pipeline *pipeline, uint64_t number, struct request *request,
                           struct reply last)
{
    if (request->result == RESULT_OK && says_exists(last))
        request->result = RESULT_EXISTS;
    if (request->result != RESULT_OK)
        strings_rejected(r, pipeline, number);
}

/* --- everything else ----------------------------------------------------------------------------------- */

static void finish_command(rf_replay *r, struct pipeline *pipeline, uint64_t number, struct request *request,
                           struct reply last)
{
    (void)request, (void)last;
    command_group_finish(r, pipeline, number);
}

/* It is done when the replicas have it: one of them may be promoted, and still has the staging key. */
static void finish_cleanup(rf_replay *r, struct pipeline *pipeline, uint64_t number, struct request *request,
                           struct reply last)
{
    (void)last;
    if (request->result == RESULT_RETRY || request->result == RESULT_MOVED || request->result == RESULT_ASK)
        retry_enqueue(r, pipeline, number, &r->retry.queue);
    else if (request->result == RESULT_FATAL)
        replay_fail(r, pipeline->owner, error_text(request), request->db, (rf_slice){0});
}

/* The caller waits for the reply to SELECT, and repeats it if necessary. */
static void finish_select(rf_replay *r, struct pipeline *pipeline, uint64_t number, struct request *request,
                          struct reply last)
{
    (void)number, (void)last;
    request->done = true;
    if (request->result == RESULT_OK)
        pipeline->db = request->db;
    else if (request->result == RESULT_REJECTED && r->error.code == RF_OK)
        fail(&r->error, RF_E_INCOMPATIBLE, "%s: database %d: %s (see --db, --map-db and --flatten-dbs)",
             ((struct node *)pipeline->owner)->base.name, request->db, error_text(request));
    else if (request->result == RESULT_FATAL)
        replay_fail(r, pipeline->owner, error_text(request), request->db, (rf_slice){0});
    else
        r->retry.backoff = true;
}

static void stop_waiting_for_replicas(struct node *node, const char *why)
{
    char text[400];
    node->wait_replicas = false;
    node->replicas = 0;
    node->no_ack_since_ms = 0;
    snprintf(text, sizeof text, "%s: a failover may lose recent writes", why);
    node_log(node, text);
}

void reduce_replicas(struct node *node, int64_t replicas)
{
    if (replicas <= 0) {
        stop_waiting_for_replicas(node, "no replica acknowledges writes");
        return;
    }
    node->replicas = (unsigned)replicas;
    node->no_ack_since_ms = 0;
    node_log(node,
             "not all replicas acknowledge writes: a failover to another replica may lose recent writes");
}

/* WAIT is not available for this user or on this server. */
static bool wait_is_rejected(const struct request *request)
{
    return strncmp(error_text(request), "NOPERM", 6) == 0 ||
           strncmp(error_text(request), "ERR unknown", 11) == 0;
}

static void finish_wait(rf_replay *r, struct pipeline *pipeline, uint64_t number, struct request *request,
                        struct reply last)
{
    struct node *node = pipeline->owner;
    int64_t now = clock_monotonic_ms();
    (void)number;
    request->done = true;
    if (request->result != RESULT_OK && wait_is_rejected(request)) {
        request->result = RESULT_OK;
        node->wait_unsupported = true;
        stop_waiting_for_replicas(node, error_text(request));
    } else if (request->result != RESULT_OK) {
        pipeline->broken = "WAIT is no longer available"; /* unreplicated writes may be lost */
    } else if (last.number >= (int64_t)node->replicas) {
        node->no_ack_since_ms = node->next_wait_ms = 0;
        pipeline->replicated_up_to = pipeline->answer;
    } else {
        r->map.suspect = true; /* a primary without replicas may have been replaced */
        node->next_wait_ms = now + WAIT_INTERVAL_MS;
        if (node->no_ack_since_ms == 0)
            node->no_ack_since_ms = now;
        pipeline->wait_sent_up_to = 0;
        if (now - node->no_ack_since_ms > REPLICA_ACK_TIMEOUT_MS)
            reduce_replicas(node, last.number);
    }
}

/* A transient error says nothing, and one that loses the connection is followed by a handshake. */
static void finish_import(rf_replay *r, struct pipeline *pipeline, uint64_t number, struct request *request,
                          struct reply last)
{
    (void)number;
    if (request->result == RESULT_OK && last.kind == REPLY_STRING)
        import_mode_count(pipeline->owner, last.text);
    else if (request->result == RESULT_REJECTED)
        import_mode_lost(pipeline->owner, error_text(request));
    else if (request->result == RESULT_FATAL)
        replay_fail(r, pipeline->owner, error_text(request), request->db, (rf_slice){0});
}

typedef void finish_fn(rf_replay *r, struct pipeline *pipeline, uint64_t number, struct request *request,
                       struct reply last);

static finish_fn *const finish[] = {
    [REQUEST_KEY] = finish_key,         [REQUEST_STRINGS] = finish_strings,
    [REQUEST_COMMAND] = finish_command, [REQUEST_CLEANUP] = finish_cleanup,
    [REQUEST_SELECT] = finish_select,   [REQUEST_WAIT] = finish_wait,
    [REQUEST_IMPORT] = finish_import,
};

static void on_reply(struct pipeline *pipeline, struct request *request, struct reply reply, rf_slice rest)
{
    struct node *node = pipeline->owner;
    struct reply found;
    if (request->kind == REQUEST_COMMAND)
        group_reply_handle(pipeline, request, reply, rest);
    else if (request->transaction)
        reply = exec_reply_handle(pipeline, request, reply, rest);
    else if (UNLIKELY(reply.kind == REPLY_ERROR || reply.kind == REPLY_ARRAY) &&
             exec_reply_find_error(reply, rest, &found))
        request_set_error(request, node, found);
    if (request->replies == 0)
        finish[request->kind](node->replay, pipeline, pipeline->answer - 1, request, reply);
}

/* --- streamed values ----------------------------------------------------------------------------------- */

static void note_stream_error(struct node *node, struct reply reply)
{
    struct node *named;
    struct stream_state *s = &node->replay->stream;
    if (reply.kind != REPLY_ERROR || s->result != RESULT_OK)
        return;
    s->result = classify_reply(node->replay, node, reply, &named);
    reply_text(reply, s->error_text, sizeof s->error_text);
    staging_key_hide(s->error_text, node->replay->options.run);
}

static void on_stream_reply(struct pipeline *pipeline, struct reply reply, rf_slice rest)
{
    struct node *node = pipeline->owner;
    struct stream_state *s = &node->replay->stream;
    if (++s->replies > stream_expected(node->replay))
        pipeline->broken = "unexpected reply";
    s->last = (struct reply){.kind = reply.kind, .number = reply.number};
    s->exec_done = reply.kind == REPLY_ARRAY;
    s->vanished |= s->replies == s->persist && reply.kind == REPLY_NUMBER && reply.number == 0;
    note_stream_error(node, reply);
    for (int64_t left = s->exec_done ? reply.number : 0; left > 0; left--) {
        struct reply done = reply_next(&rest);
        note_stream_error(node, done);
        reply_skip(&rest, done);
    }
}

/* --- kept requests ------------------------------------------------------------------------------------- */

void release_answered(rf_replay *r, struct pipeline *pipeline)
{
    struct node *node = pipeline->owner;
    uint64_t number = pipeline->head,
             end = node->wait_replicas ? pipeline->replicated_up_to : pipeline->answer;
    for (; number < end; number++) {
        struct request *request = pipeline_request(pipeline, number);
        if (request->result == RESULT_FATAL)
            break;
        if (!request->done)
            outcome_written(r, node, request,
                            request->without ? command_key(request_bytes(r, pipeline, number)) : SLICE(""));
        request->done = true;
    }
    pipeline_release(pipeline, number);
}

void request_lost(rf_replay *r, struct pipeline *pipeline, uint64_t number, const rf_error *why)
{
    struct request *request = pipeline_request(pipeline, number);
    if (request->kind == REQUEST_SELECT || request->kind == REQUEST_WAIT || request->kind == REQUEST_IMPORT)
        return;
    if (request->kind == REQUEST_KEY && request->result == RESULT_REJECTED &&
        is_protocol_error(error_text(request))) {
        finish_unwritten(r, pipeline, number, request, false);
        return;
    }
    if (request->kind == REQUEST_COMMAND)
        command_group_lost(r, request, why);
    retry_take_back(r, pipeline, number);
}

const struct pipeline_listener reply_handler = {on_reply, on_stream_reply, large_value_on_block};
