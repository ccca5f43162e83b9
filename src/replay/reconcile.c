/* SPDX-License-Identifier: MIT */
/* Reconciles keys that exist, possibly because of an earlier request whose reply was lost.
 *
 * The value is written to the staging key, unless that exists already, and the server is queried for both
 * keys at once:
 *
 *   [UNLINK staging   SET | RESTORE staging ...]   DUMP staging   DUMP key   PTTL staging   PTTL key
 *
 * If the two are equal, the key has the right value. Replicas may not have it yet, and a replaced primary may
 * have it alone, so the request is sent once more, and the key counts as written when that is answered and
 * WAIT succeeds after it. (WAIT counts from the last write of its connection; removing the staging key is a
 * write even if the key exists.) */
#include "base/bytes.h"
#include "base/fail.h"
#include "base/number.h"
#include "rdb/dump_payload.h"
#include "replay/commands.h"
#include "replay/staging_key.h"
#include "replay/suspect.h"

enum {
    TTL_TOLERANCE_MS = 100,    /* other clients may be served between the two queries */
    BATCH_MAX = 16,            /* keys queried at a time, */
    BATCH_BYTES_MAX = 1 << 20, /* unless they are large */
    ERROR_TEXT_MAX = 256,      /* maximum length of a server's error */
};

/* --- the server's replies ------------------------------------------------------------------------------ */

struct key_state {
    bool exists, decoded;
    bool of_module; /* such values may be serialized differently each time */
    rf_digest value;
    int64_t ttl_ms;
};

static rf_code next_reply(struct node *node, struct reply *head, rf_error *error)
{
    rf_slice rest;
    return client_reply(node->control, head, &rest, error);
}

/* Keeps the first error. */
static void note_error(struct reply head, char error_text[ERROR_TEXT_MAX])
{
    if (head.kind == REPLY_ERROR && !*error_text)
        reply_text(head, error_text, ERROR_TEXT_MAX);
}

/* A payload that cannot be decoded is not equal to anything. */
static rf_code read_dump(rf_replay *r, struct node *node, struct key_state *found,
                         char error_text[ERROR_TEXT_MAX], rf_error *error)
{
    struct dump_payload dump;
    struct reply head;
    rf_entry entry;
    rf_key_digest digest;
    rf_error ignored;
    *found = (struct key_state){.exists = false};
    TRY(next_reply(node, &head, error));
    note_error(head, error_text);
    found->exists = head.kind == REPLY_STRING;
    if (!found->exists ||
        dump_payload_open(&dump, head.text, 0, SLICE(""), "DUMP", &entry, &ignored) != RF_OK)
        return RF_OK;
    found->decoded = rf_digest_key(r->digester, &entry, &digest, &ignored) == RF_OK;
    found->of_module = entry.type == RF_MODULE;
    dump_payload_close(&dump);
    found->value = digest.keyed;
    return RF_OK;
}

static rf_code read_ttl(struct node *node, struct key_state *found, char error_text[ERROR_TEXT_MAX],
                        rf_error *error)
{
    struct reply head;
    TRY(next_reply(node, &head, error));
    note_error(head, error_text);
    found->ttl_ms = head.number;
    found->exists = found->exists && head.kind == REPLY_NUMBER && head.number != -2;
    return RF_OK;
}

/* --- queries ------------------------------------------------------------------------------------------- */

rf_code reconcile_select_db(struct node *node, int64_t db, rf_error *error)
{
    uint8_t text[NUMBER_TEXT_MAX];
    struct reply head;
    struct client *client;
    TRY(node_fence(node, error));
    TRY(node_open_control(node, &client, error));
    if (node->control_db == db)
        return RF_OK;
    rf_slice number = {text, number_print_i64(text, db)};
    TRY(client_put(client, (const rf_slice[]){SLICE("SELECT"), number}, 2, error));
    TRY(next_reply(node, &head, error));
    if (head.kind != REPLY_STATUS)
        return client_refused(client, "SELECT", head, error);
    node->control_db = db;
    return RF_OK;
}

static rf_code put_queries(struct node *node, rf_slice a, rf_slice b, rf_error *error)
{
    const rf_slice dump = SLICE("DUMP"), ttl = SLICE("PTTL");
    TRY(client_put(node->control, (const rf_slice[]){dump, a}, 2, error));
    TRY(client_put(node->control, (const rf_slice[]){dump, b}, 2, error));
    TRY(client_put(node->control, (const rf_slice[]){ttl, a}, 2, error));
    return client_put(node->control, (const rf_slice[]){ttl, b}, 2, error);
}

/* Reads all replies, also after an error. */
static rf_code read_comparison(rf_replay *r, struct node *node, struct comparison *out,
                               char error_text[ERROR_TEXT_MAX], rf_error *error)
{
    struct key_state a, b;
    TRY(read_dump(r, node, &a, error_text, error));
    TRY(read_dump(r, node, &b, error_text, error));
    TRY(read_ttl(node, &a, error_text, error));
    TRY(read_ttl(node, &b, error_text, error));
    int64_t apart = a.ttl_ms > b.ttl_ms ? a.ttl_ms - b.ttl_ms : b.ttl_ms - a.ttl_ms;
    out->first_exists = a.exists;
    out->second_exists = b.exists;
    out->decoded = a.decoded && b.decoded;
    out->equal = a.exists && b.exists && out->decoded && a.value.low == b.value.low &&
                 a.value.high == b.value.high && (a.ttl_ms < 0) == (b.ttl_ms < 0) &&
                 apart <= TTL_TOLERANCE_MS;
    out->decoded = out->decoded && (out->equal || !(a.of_module && b.of_module));
    return RF_OK;
}

rf_code reconcile_compare(rf_replay *r, struct node *node, int64_t db, rf_slice a, rf_slice b,
                          struct comparison *out, rf_error *error)
{
    char error_text[ERROR_TEXT_MAX] = "";
    TRY(reconcile_select_db(node, db, error));
    rf_code code = put_queries(node, a, b, error);
    if (code == RF_OK)
        code = read_comparison(r, node, out, error_text, error);
    staging_key_hide(error_text, r->options.run);
    if (code == RF_OK && *error_text)
        code = fail(error, RF_E_TARGET, "%s: %s", node->base.name, error_text);
    if (code != RF_OK)
        node_close_control(node);
    return code;
}

/* --- reconciliation ------------------------------------------------------------------------------------ */

static struct command last_command(rf_slice commands)
{
    struct command command = {.argc = 0};
    while (command_take(&commands, &command))
        ;
    return command;
}

/* Writes the value to the staging key with SET or RESTORE, unconditionally. */
static rf_code put_staging_key(rf_replay *r, struct node *node, const struct retry_item *item,
                               rf_slice staging_key, rf_error *error)
{
    struct command command = last_command(buffer_slice(&item->bytes));
    rf_slice argv[COMMAND_ARGS];
    size_t argc = 0;
    for (size_t i = 0; i < command.argc; i++)
        if (i < 3 || !slice_equal(command.argv[i], SLICE("NX")))
            argv[argc++] = i == 1 ? staging_key : command.argv[i];
    TRY(client_put(node->control, (const rf_slice[]){write_unlink_name(r), staging_key}, 2, error));
    return client_put(node->control, argv, argc, error);
}

static rf_code reconcile_send(rf_replay *r, struct node *node, const struct retry_item *item, rf_error *error)
{
    rf_slice key = command_key(buffer_slice(&item->bytes));
    if (!staging_key_make(key, r->options.run, &r->name))
        return fail(error, RF_E_MEMORY, "out of memory");
    rf_slice staging_key = buffer_slice(&r->name);
    if (item->request.method != METHOD_STAGED)
        TRY(put_staging_key(r, node, item, staging_key, error));
    return put_queries(node, staging_key, key, error);
}

/* Determines the outcome, or queues a retry: if the key does not exist any more, or replicas need it. */
static void finish_reconciled(rf_replay *r, struct node *node, struct retry_item *item,
                              const struct comparison *found)
{
    struct request *request = &item->request;
    rf_slice commands = buffer_slice(&item->bytes), key = command_key(commands);
    if (!found->second_exists) {
        request->maybe_applied = false;
        retry_queue_push(&r->retry.queue, item);
        if (request->method != METHOD_STAGED)
            retry_delete_staging_key(r, request, key);
        return;
    }
    if (!found->first_exists && !write_has_expired(r, request->ends_ms)) {
        retry_queue_push(&r->retry.queue, item); /* it was on another node */
        return;
    }
    if (!found->first_exists) {
        outcome_expired(r, request, key);
        retry_item_free(item);
        return;
    }
    if (found->equal && node->wait_replicas) {
        request->confirmed_on = node;
        retry_queue_push(&r->retry.queue, item);
        return;
    }
    retry_delete_staging_key(r, request, key);
    if (found->equal)
        outcome_written(r, node, request, key);
    else if (found->decoded)
        outcome_exists(r, request, key, commands);
    else
        outcome_failed(r, request, RF_FAILURE_INDETERMINATE,
                       "already exists, and cannot be compared with the value to write", key, commands);
    retry_item_free(item);
}

/* After a slot migration or another transient error the request is sent again. */
static rf_code retry_later(rf_replay *r, struct retry_item *item, const char *why, rf_error *error)
{
    rf_code code = retry_check_timeout(r, item->request.since_ms, why, error);
    r->map.stale = r->retry.backoff = true;
    retry_queue_push(&r->retry.queue, item);
    return code;
}

/* *handed_over: the retry item has been passed on. */
static rf_code reconcile_receive(rf_replay *r, struct node *node, struct retry_item *item, bool *handed_over,
                                 rf_error *error)
{
    struct comparison found;
    char error_text[ERROR_TEXT_MAX] = "";
    for (int i = 0; item->request.method != METHOD_STAGED && i < 2; i++) {
        struct reply head;
        TRY(next_reply(node, &head, error));
        note_error(head, error_text);
    }
    TRY(read_comparison(r, node, &found, error_text, error));
    *handed_over = true;
    if (!*error_text) {
        finish_reconciled(r, node, item, &found);
        return RF_OK;
    }
    struct node *named;
    const struct reply reply = {.kind = REPLY_ERROR, .text = slice_of(error_text, strlen(error_text))};
    if (classify_reply(r, node, reply, &named) == RESULT_FATAL)
        replay_fail(r, node, error_text, item->request.db, command_key(buffer_slice(&item->bytes)));
    return retry_later(r, item, error_text, error);
}

/* The number of items at the front of r->retry.unconfirmed that can be queried together at one node. */
static size_t reconcile_batch_size(const rf_replay *r, struct node **node)
{
    size_t count = 0, bytes = 0;
    const struct retry_item *first = r->retry.unconfirmed.first;
    *node = nodes_of_key(r, command_key(buffer_slice(&first->bytes)));
    for (const struct retry_item *item = first; item && count < BATCH_MAX; item = item->next, count++) {
        bytes += item->bytes.len;
        if (count > 0 && (suspect_goes_alone(&first->request) || suspect_goes_alone(&item->request) ||
                          bytes > BATCH_BYTES_MAX || item->request.db != first->request.db ||
                          nodes_of_key(r, command_key(buffer_slice(&item->bytes))) != *node))
            break;
    }
    return count;
}

static rf_code reconcile_batch(rf_replay *r, struct node *node, size_t count, rf_error *error)
{
    const struct retry_item *item = r->retry.unconfirmed.first;
    TRY(reconcile_select_db(node, item->request.db, error));
    for (size_t i = 0; i < count; i++, item = item->next)
        TRY(reconcile_send(r, node, item, error));
    for (; count > 0; count--) {
        bool handed_over = false;
        r->retry.current = retry_queue_pop(&r->retry.unconfirmed);
        rf_code code = reconcile_receive(r, node, r->retry.current, &handed_over, error);
        if (!handed_over) {
            suspect_note_one(node, &r->retry.current->request);
            retry_queue_push(&r->retry.queue, r->retry.current);
        }
        r->retry.current = NULL;
        TRY(code);
    }
    return RF_OK;
}

rf_code reconcile_pending(rf_replay *r, rf_error *error)
{
    while (r->error.code == RF_OK && r->retry.unconfirmed.first) {
        rf_error why;
        struct node *node;
        size_t count = reconcile_batch_size(r, &node);
        rf_code code = node_connect_control(node, &why);
        if (code == RF_OK)
            code = reconcile_batch(r, node, count, &why);
        for (; code == RF_END && count > 0; count--)
            retry_queue_push(&held_at(node)->unconfirmed, retry_queue_pop(&r->retry.unconfirmed));
        if (code == RF_END)
            continue;
        if (rf_code_is_target(code) && r->error.code == RF_OK) {
            node_close_control(node);
            struct retry_item *first = retry_queue_pop(&r->retry.unconfirmed);
            TRY(first ? retry_later(r, first, why.message, error) : RF_OK);
            r->map.stale = r->retry.backoff = true;
            return RF_OK;
        }
        if (code != RF_OK) {
            *error = why;
            return code;
        }
        TRY(loop_run_timers(r, error));
    }
    return RF_OK;
}
