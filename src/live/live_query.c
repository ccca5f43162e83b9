/* SPDX-License-Identifier: MIT */
/* The commands for one key, and the handling of their replies.
 *
 *   [SELECT db]  [ASKING] DUMP key  [ASKING] PEXPIRETIME key            since 7.0
 *   [SELECT db]  [ASKING] DUMP key  [ASKING] PTTL key  TIME             before
 *   ...  [ASKING] BLESS GET key                                         in addition since 8.12
 *   [SELECT db]  [ASKING] EXISTS key                                    with names_only
 *   [SELECT db]  [ASKING] MEMORY USAGE key                              QUERY_SIZE */
#include "base/bytes.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/number.h"
#include "live/internal.h"
#include "net/redirect.h"
#include "net/reply.h"
#include <stdlib.h>

#define SECONDS_MAX (INT64_C(1) << 50) /* larger values are invalid */

/* The replies to a query, as they arrive. */
struct answer {
    bool missing; /* the key does not exist */
    rf_key_record record;
    int64_t ttl_ms; /* from PTTL; -1: none */
    int64_t size;   /* from MEMORY USAGE; RF_UNKNOWN: not available */
    enum retry_reason reason;
    rf_error *why; /* set to the error */
};

/* The server's clock. */
static int64_t live_now_ms(const rf_live *live)
{
    return (clock_unix_us() + live->map.primaries.ahead_us) / 1000;
}

rf_code live_report(rf_live *live, rf_difference_kind kind, const rf_key_record *before,
                    const rf_key_record *after, rf_error *error)
{
    if (!live->options.fn)
        return RF_OK;
    return live->options.fn(live->options.ctx, &(rf_difference){kind, before, after}, error);
}

/* --- single replies ------------------------------------------------------------------------------------ */

/* The arguments of reply handlers. */
struct reply_context {
    rf_live *live;
    const struct client *client;
    const struct query *query;
    const char *command;
    struct reply reply;
    rf_slice rest;
    struct answer *answer;
    rf_error *error;
};

static rf_code refuse(const struct reply_context *t)
{
    client_refused(t->client, t->command, t->reply, t->error);
    error_key(t->error, t->query->record.db, t->query->record.key);
    return RF_E_TARGET;
}

static rf_code on_ok(const struct reply_context *t)
{
    return t->reply.kind == REPLY_STATUS ? RF_OK : refuse(t);
}

/* An invalid payload from the target is an error of the target, not of the input. */
static rf_code blame_target(const struct reply_context *t, rf_code code)
{
    rf_error why = *t->error;
    if (code == RF_OK || code == RF_E_MEMORY)
        return code;
    fail(t->error, RF_E_TARGET, "%s: DUMP: %s", client_name(t->client), why.message);
    error_key(t->error, t->query->record.db, t->query->record.key);
    return RF_E_TARGET;
}

static rf_code digest_payload(const struct reply_context *t, const rf_entry *entry,
                              struct dump_payload *payload)
{
    rf_key_digest digest;
    int64_t until = t->query->record.fields_until;
    rf_digester_expired(t->live->digester, until ? until : INT64_MIN);
    TRY(rf_digest_key(t->live->digester, entry, &digest, t->error));
    TRY(dump_payload_finish(payload, t->error));
    t->answer->record.value = digest.left;
    t->answer->record.published = digest.value;
    t->answer->record.type = entry->type;
    return RF_OK;
}

static rf_code on_payload(const struct reply_context *t)
{
    struct dump_payload payload;
    rf_entry entry;
    const rf_key_record *asked = &t->query->record;
    if (t->reply.kind == REPLY_NIL) {
        t->answer->missing = true;
        return RF_OK;
    }
    if (t->reply.kind != REPLY_STRING)
        return refuse(t);
    if (t->live->capture)
        return t->live->capture->payload(t->live->capture->ctx, asked, t->reply.text, client_name(t->client),
                                         t->error);
    rf_code code = dump_payload_open(&payload, t->reply.text, asked->db, asked->key, client_name(t->client),
                                     &entry, t->error);
    if (code != RF_OK)
        return blame_target(t, code);
    code = digest_payload(t, &entry, &payload);
    dump_payload_close(&payload);
    return blame_target(t, code);
}

/* A number; -1: no expiry; -2: no key, which has disappeared since DUMP. */
static rf_code parse_number(const struct reply_context *t, int64_t *number)
{
    if (t->reply.kind != REPLY_NUMBER)
        return refuse(t);
    *number = t->reply.number;
    t->answer->missing |= *number == -2;
    return RF_OK;
}

static rf_code on_exists(const struct reply_context *t)
{
    int64_t number;
    TRY(parse_number(t, &number));
    t->answer->missing = number == 0;
    return RF_OK;
}

static rf_code on_size(const struct reply_context *t)
{
    t->answer->missing = t->reply.kind == REPLY_NIL;
    return t->answer->missing ? RF_OK : parse_number(t, &t->answer->size);
}

/* [flag ...] */
static rf_code on_flags(const struct reply_context *t)
{
    rf_slice rest = t->rest;
    if (t->reply.kind != REPLY_ARRAY)
        return refuse(t);
    for (int64_t i = 0; i < t->reply.number; i++)
        t->answer->record.no_evict |= slice_is_word(reply_next(&rest).text, "NO-EVICT");
    return RF_OK;
}

static rf_code on_expire_time(const struct reply_context *t)
{
    return parse_number(t, &t->answer->record.expire_ms);
}

static rf_code on_ttl(const struct reply_context *t)
{
    TRY(parse_number(t, &t->answer->ttl_ms));
    return t->answer->ttl_ms > SECONDS_MAX * 1000 ? refuse(t) : RF_OK;
}

/* [seconds, microseconds] */
static rf_code on_time(const struct reply_context *t)
{
    int64_t parts[2];
    rf_slice rest = t->rest;
    if (t->reply.kind != REPLY_ARRAY || t->reply.number != 2)
        return refuse(t);
    for (int i = 0; i < 2; i++) {
        struct reply part = reply_next(&rest);
        if (part.kind != REPLY_STRING || !number_parse_i64(part.text, &parts[i]))
            return refuse(t);
    }
    if (parts[0] < 0 || parts[0] > SECONDS_MAX || parts[1] < 0 || parts[1] > 1000000)
        return refuse(t);
    if (t->answer->ttl_ms >= 0)
        t->answer->record.expire_ms = parts[0] * 1000 + parts[1] / 1000 + t->answer->ttl_ms;
    return RF_OK;
}

/* --- the commands ------------------------------------------------------------------------------------- */

enum argument { ARGUMENT_NONE, ARGUMENT_DB, ARGUMENT_KEY };

static const struct step {
    const char *command; /* two words: with a subcommand */
    enum argument argument;
    rf_code (*on_reply)(const struct reply_context *t);
} steps[] = {
    {"SELECT", ARGUMENT_DB, on_ok},          {"ASKING", ARGUMENT_NONE, on_ok},
    {"DUMP", ARGUMENT_KEY, on_payload},      {"ASKING", ARGUMENT_NONE, on_ok},
    {"PTTL", ARGUMENT_KEY, on_ttl},          {"PEXPIRETIME", ARGUMENT_KEY, on_expire_time},
    {"TIME", ARGUMENT_NONE, on_time},        {"EXISTS", ARGUMENT_KEY, on_exists},
    {"MEMORY USAGE", ARGUMENT_KEY, on_size}, {"ASKING", ARGUMENT_NONE, on_ok},
    {"BLESS GET", ARGUMENT_KEY, on_flags},
};
enum { STEPS = sizeof steps / sizeof *steps };
enum {
    SELECT = 1,
    ASKING = 2,
    DUMP = 4,
    ASKING_AGAIN = 8,
    PTTL = 16,
    PEXPIRETIME = 32,
    TIME = 64,
    EXISTS = 128,
    SIZE = 256,
    ASKING_FLAGS = 512,
    FLAGS = 1024
};

bool live_knows_expire_time(const rf_live *live)
{
    rf_server server = live->map.primaries.server;
    return !live->by_ttl && server.major > 0 && rf_server_at_least(server, (rf_server){RF_REDIS, 7, 0});
}

/* DUMP does not have them. */
static bool has_flags(const rf_live *live)
{
    return rf_server_at_least(live->map.primaries.server, (rf_server){RF_REDIS, 8, 12});
}

static unsigned choose_steps(const rf_live *live, const struct live_conn *node, const struct query *query)
{
    bool asking = query->ask_address.host;
    unsigned first = (node->db != query->record.db ? SELECT : 0) | (asking ? ASKING : 0);
    if (live->options.names_only)
        return first | EXISTS;
    if (query->kind == QUERY_SIZE)
        return first | SIZE;
    return first | (asking ? ASKING_AGAIN : 0) | DUMP |
           (live_knows_expire_time(live) ? PEXPIRETIME : PTTL | TIME) |
           (has_flags(live) ? FLAGS | (asking ? ASKING_FLAGS : 0) : 0);
}

static rf_code put_step(struct client *client, const struct step *step, rf_slice argument, rf_error *error)
{
    rf_slice argv[3];
    size_t argc = 0;
    const char *word = step->command, *space = strchr(word, ' ');
    if (space) {
        argv[argc++] = slice_of(word, (size_t)(space - word));
        word = space + 1;
    }
    argv[argc++] = slice_of(word, strlen(word));
    if (step->argument != ARGUMENT_NONE)
        argv[argc++] = argument;
    return client_put(client, argv, argc, error);
}

rf_code query_send(rf_live *live, struct live_conn *node, struct query *query, rf_error *error)
{
    uint8_t db[NUMBER_TEXT_MAX];
    const rf_slice arguments[] = {
        [ARGUMENT_DB] = {db, number_print_i64(db, query->record.db)},
        [ARGUMENT_KEY] = query->record.key,
    };
    query->steps = choose_steps(live, node, query);
    for (int i = 0; i < STEPS; i++) {
        const struct step *step = &steps[i];
        if (!(query->steps >> i & 1))
            continue;
        TRY(put_step(node->client, step, arguments[step->argument], error));
    }
    node->db = query->record.db;
    return RF_OK;
}

/* --- transient errors ---------------------------------------------------------------------------------- */

static const enum retry_reason retry_reason_of[] = {[ERROR_OTHER] = RETRY_NONE,
                                                    [ERROR_MOVED] = RETRY_MOVED,
                                                    [ERROR_ASK] = RETRY_ASK,
                                                    [ERROR_TRANSIENT] = RETRY_LATER};

/* If EXISTS is not available, no key is found, and none is queried any more. */
static bool lacks_exists(const struct reply_context *t, const struct step *step)
{
    bool lacks = step->on_reply == on_exists && reply_refuses_command(t->reply);
    t->live->nameless |= lacks;
    t->answer->missing |= lacks;
    return lacks;
}

/* Sizes are only estimates; without flags a key has none, or it does not exist. */
static bool is_optional(const struct reply_context *t, const struct step *step)
{
    return (step->on_reply == on_size || step->on_reply == on_flags) &&
           classify_error(t->reply) == ERROR_OTHER;
}

/* An error reply to a step: the query is retried, or the check ends. A failed SELECT leaves the wrong
 * database selected, and so is not transient. */
static rf_code on_error_reply(const struct reply_context *t, const rf_address *asked, struct query *query,
                              bool is_select)
{
    enum retry_reason reason = retry_reason_of[classify_error(t->reply)];
    bool redirected = reason == RETRY_MOVED || reason == RETRY_ASK;
    if (redirected && t->live->map.primaries.kind != RF_TARGET_CLUSTER)
        reason = RETRY_NONE;
    rf_code code = refuse(t);
    if (reason == RETRY_NONE)
        return code;
    *t->answer->why = *t->error;
    t->answer->reason = is_select ? RETRY_CONN_LOST : reason;
    return reason == RETRY_ASK ? redirect_address(t->reply, asked, &query->ask_address, t->error) : RF_OK;
}

/* --- control flow -------------------------------------------------------------------------------------- */

static rf_code compare_name(rf_live *live, const rf_key_record *record, bool missing, rf_error *error)
{
    if (missing)
        return live_report(live, RF_REMOVED, record, NULL, error);
    live->counts.equal++;
    return RF_OK;
}

static rf_code count_found(rf_live *live, const rf_key_record *record, rf_error *error)
{
    live->counts.found++;
    return live->options.found ? live->options.found(live->options.ctx, record, error) : RF_OK;
}

static bool has_expired(const rf_live *live, const rf_key_record *record)
{
    return record->fields_expired ||
           (record->expire_ms != RF_NO_EXPIRY && record->expire_ms <= live_now_ms(live));
}

static rf_code capture_reply(const struct live_capture *capture, const struct query *query,
                             const struct answer *answer, rf_error *error)
{
    const rf_key_record *asked = &query->record;
    return query->kind == QUERY_SIZE
               ? capture->size(capture->ctx, asked, answer->missing, answer->size, error)
               : capture->done(capture->ctx, asked, answer->missing, &answer->record, error);
}

static rf_code compare_reply(rf_live *live, const struct query *query, const struct answer *answer,
                             rf_error *error)
{
    const rf_key_record *record = &query->record;
    bool by_ttl = !(query->steps & PEXPIRETIME);
    int64_t tolerance = live->options.expiry_tolerance_ms;
    if (by_ttl && tolerance < PTTL_SLACK_MS)
        tolerance = PTTL_SLACK_MS;
    if (!answer->missing)
        TRY(count_found(live, record, error));
    if (live->options.names_only)
        return compare_name(live, record, answer->missing, error);
    if (answer->missing && has_expired(live, record)) {
        live->counts.expired++;
        return RF_OK;
    }
    if (answer->missing)
        return live_report(live, RF_REMOVED, record, NULL, error);
    if (rf_key_record_differs(record, &answer->record, tolerance))
        return live_report(live, RF_CHANGED, record, &answer->record, error);
    live->counts.equal++;
    return RF_OK;
}

/* Handles the next reply, for one step. After an error, the remaining replies of a query are discarded. */
static rf_code read_step(rf_live *live, struct live_conn *node, struct query *query, const struct step *step,
                         struct answer *answer, rf_error *error)
{
    struct reply_context t = {.live = live,
                              .client = node->client,
                              .query = query,
                              .command = step->command,
                              .answer = answer,
                              .error = error};
    rf_code code = client_reply(node->client, &t.reply, &t.rest, answer->why);
    if (rf_code_is_target(code)) {
        error_key(answer->why, query->record.db, query->record.key);
        answer->reason = RETRY_CONN_LOST;
        return RF_OK;
    }
    if (code != RF_OK)
        *error = *answer->why;
    TRY(code);
    if (answer->reason != RETRY_NONE)
        return RF_OK;
    if (t.reply.kind == REPLY_ERROR && (lacks_exists(&t, step) || is_optional(&t, step)))
        return RF_OK;
    if (t.reply.kind == REPLY_ERROR)
        return on_error_reply(&t, &node->base.address, query, step->argument == ARGUMENT_DB);
    return step->on_reply(&t);
}

rf_code query_receive(rf_live *live, struct live_conn *node, struct query *query, enum retry_reason *reason,
                      rf_error *why, rf_error *error)
{
    struct answer answer = {.record = {.db = query->record.db,
                                       .key = query->record.key,
                                       .expire_ms = RF_NO_EXPIRY,
                                       .input = UINT32_MAX},
                            .ttl_ms = -1,
                            .size = RF_UNKNOWN,
                            .why = why};
    address_free(&query->ask_address); /* it was valid once */
    for (int i = 0; i < STEPS && answer.reason != RETRY_CONN_LOST; i++)
        if (query->steps >> i & 1)
            TRY(read_step(live, node, query, &steps[i], &answer, error));
    *reason = answer.reason;
    if (answer.reason != RETRY_NONE)
        return RF_OK;
    return live->capture ? capture_reply(live->capture, query, &answer, error)
                         : compare_reply(live, query, &answer, error);
}
