/* SPDX-License-Identifier: MIT */
/* Loads and deletes function libraries. There are few of them, and every primary needs each one, so they are
 * not pipelined.
 *
 *   FUNCTION LIST LIBRARYNAME name WITHCODE   [[..., "library_code", code], ...]
 *   FUNCTION LOAD [REPLACE] code
 *   FUNCTION DELETE name */
#include "base/bytes.h"
#include "base/fail.h"
#include "command/ability.h"
#include "replay/internal.h"
#include <rdbferry/compare.h>

struct loading {
    rf_replay *r;
    rf_position position;
    rf_slice name;
    rf_slice code;      /* to load */
    rf_digest expected; /* of the code to delete */
    bool sent, deleted; /* from one of the nodes */
    bool failed;        /* on one of the nodes */
};

static void reject(struct loading *l, rf_failure_kind kind, const char *reason)
{
    const struct request request = {.kind = REQUEST_COMMAND, .position = l->position, .db = RF_LIBRARY};
    if (!l->failed)
        outcome_failed(l->r, &request, kind, reason, l->name, (rf_slice){0});
    l->failed = true;
}

/* The code of the only library in the list. */
static bool find_code(struct reply head, rf_slice rest, rf_slice *code)
{
    if (head.kind != REPLY_ARRAY || head.number < 1)
        return false;
    struct reply library = reply_next(&rest);
    int64_t left = library.kind == REPLY_ARRAY ? library.number : 0;
    for (; left > 1; left -= 2) {
        struct reply what = reply_next(&rest);
        reply_skip(&rest, what);
        struct reply value = reply_next(&rest);
        reply_skip(&rest, value);
        *code = value.text;
        if (slice_equal(what.text, SLICE("library_code")))
            return true;
    }
    return false;
}

/* Another client has loaded it since FUNCTION LIST: what it has loaded decides ("ERR Library 'x' already
 * exists").
 */
static bool is_overtaken(const char *error_text)
{
    return strncmp(error_text, "ERR Library '", 13) == 0 && strstr(error_text, "' already exists");
}

/* Handles an error reply; RF_E_TARGET if it is to be tried again. */
static rf_code on_error_reply(struct loading *l, struct node *node, struct reply reply, rf_error *error)
{
    char error_text[CONTROL_ERROR_TEXT];
    TRY(control_check_error(node, reply, -1, (rf_slice){0}, error_text, error));
    if (is_overtaken(error_text))
        return fail(error, RF_E_TARGET, "%s: %s", node->base.name, error_text);
    reject(l, RF_FAILURE_REFUSED, error_text);
    return RF_OK;
}

/* Waits for replicas with a time limit, as for keys. */
static rf_code wait_for_replicas(struct loading *l, struct node *node, rf_error *error)
{
    struct reply refused;
    TRY(control_wait_for_replicas(node, &refused, error));
    return refused.kind == REPLY_NIL ? RF_OK : on_error_reply(l, node, refused, error);
}

/* Queries the library's code at a node. *done: that failed, which has been reported. */
static rf_code query_code(struct loading *l, struct node *node, bool *exists, rf_slice *code, bool *done,
                          rf_error *error)
{
    const rf_slice list[] = {SLICE("FUNCTION"), SLICE("LIST"), SLICE("LIBRARYNAME"), l->name,
                             SLICE("WITHCODE")};
    struct client *client;
    struct reply head;
    rf_slice rest;
    TRY(node_open_control(node, &client, error));
    TRY(control_call(client, list, 5, &head, &rest, error));
    *done = head.kind == REPLY_ERROR;
    if (*done)
        return on_error_reply(l, node, head, error);
    *exists = find_code(head, rest, code);
    return RF_OK;
}

/* `retrying`: the library may have been sent before, and may not have reached the replicas. It is loaded once
 * more, because WAIT counts from the last write of its connection. */
static rf_code load_into(void *ctx, struct node *node, bool retrying, rf_error *error)
{
    struct loading *l = ctx;
    const rf_slice load[] = {SLICE("FUNCTION"), SLICE("LOAD"), l->code};
    const rf_slice replace[] = {load[0], load[1], SLICE("REPLACE"), load[2]};
    struct reply head;
    rf_slice rest, code;
    bool exists, done;
    TRY(query_code(l, node, &exists, &code, &done, error));
    if (done)
        return RF_OK;
    bool equal = exists && slice_equal(code, l->code);
    if (equal && !(retrying && node->wait_replicas))
        return RF_OK;
    if (exists && !equal && l->r->options.on_exists == RF_ON_EXISTS_FAIL)
        reject(l, RF_FAILURE_EXISTS, "already exists with different code");
    if (exists && !equal && !write_replaces(l->r))
        return RF_OK;
    TRY(control_call(node->control, exists ? replace : load, exists ? 4 : 3, &head, &rest, error));
    return head.kind == REPLY_ERROR ? on_error_reply(l, node, head, error)
                                    : wait_for_replicas(l, node, error);
}

/* After a retry it may be gone because of the first attempt, and may still be on the replicas; WAIT counts
 * from the last write of its connection, which FUNCTION DELETE is only if the library exists. */
static rf_code delete_from(void *ctx, struct node *node, bool retrying, rf_error *error)
{
    struct loading *l = ctx;
    const rf_slice delete[] = {SLICE("FUNCTION"), SLICE("DELETE"), l->name};
    struct reply head;
    rf_slice rest, code;
    bool exists, done;
    TRY(query_code(l, node, &exists, &code, &done, error));
    l->deleted |= retrying && l->sent && !done && !exists;
    if (done || !exists)
        return RF_OK;
    rf_digest digest = rf_digest_keyed(code);
    if (digest.low != l->expected.low || digest.high != l->expected.high) {
        reject(l, RF_FAILURE_CHANGED, "not deleted: changed on the target since");
        return RF_OK;
    }
    l->sent = true;
    TRY(control_call(node->control, delete, 3, &head, &rest, error));
    if (head.kind == REPLY_ERROR)
        return on_error_reply(l, node, head, error);
    l->deleted = true;
    return wait_for_replicas(l, node, error);
}

rf_code library_load(rf_replay *r, const rf_entry *entry, rf_error *error)
{
    struct loading l = {
        .r = r, .position = r->current.position, .name = rf_function_name(entry->text), .code = entry->text};
    if (!server_can(r->info.server, CAN_FUNCTIONS)) {
        reject(&l, RF_FAILURE_UNSUPPORTED, "the server does not support functions");
        return RF_OK;
    }
    rf_code code = on_each_primary(r, load_into, &l, error);
    r->counts.libraries += code == RF_OK && !l.failed;
    return code;
}

rf_code library_delete(rf_replay *r, const rf_key_record *record, rf_error *error)
{
    struct loading l = {
        .r = r, .position = {record->input, record->offset}, .name = record->key, .expected = record->value};
    rf_code code = server_can(r->info.server, CAN_FUNCTIONS) ? on_each_primary(r, delete_from, &l, error)
                                                             : RF_OK;
    if (code != RF_OK || l.failed)
        return code;
    r->counts.libraries_deleted += l.deleted;
    r->counts.gone += !l.deleted;
    return RF_OK;
}
