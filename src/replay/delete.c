/* SPDX-License-Identifier: MIT */
/* Deletes keys, over control connections: a group of keys of one node and database is done before the next
 * one.
 *
 *   UNLINK key ...                                    keys to delete in any case
 *
 *   WATCH key ...   DUMP key  PEXPIRETIME key  ...    keys to delete if they are as expected
 *   MULTI   UNLINK key ...   EXEC                     those that are; UNWATCH if none is
 *
 * Before 7.0 there is PTTL instead of PEXPIRETIME. EXEC does nothing if one of the keys was modified after
 * WATCH: then each of the group is tried again by itself. A transaction in a cluster has keys of one slot.
 * After a lost connection the group is sent again; a transaction that a server executes late does no harm, as
 * WATCH protects what was written meanwhile. */
#include "base/bytes.h"
#include "base/fail.h"
#include "rdb/dump_payload.h"
#include "replay/internal.h"
#include <rdbferry/slot.h>
#include <stdlib.h>

enum {
    BATCH_MAX = 256,         /* keys that are collected */
    COMPARED_MAX = 16,       /* keys in a transaction: the server holds their payloads */
    ATTEMPTS_MAX = 10,       /* for a key that others modify all the time */
    TTL_TOLERANCE_MS = 1000, /* PTTL and an estimate of the server's clock */
};

struct deletion {
    rf_key_record record; /* its key is in the buffer of names, */
    size_t key_start;     /* at this position */
    bool unchanged;       /* to delete only if it is as expected */
    bool to_delete;       /* in this attempt */
    bool sent;            /* an attempt that was not confirmed may have deleted it */
    bool exists;
    bool done;
    unsigned attempts; /* by itself */
};

/* Keys that are deleted together. */
struct group {
    rf_replay *r;
    struct node *node;
    struct deletion *members[BATCH_MAX];
    size_t count;
};

static rf_slice key_of(const rf_replay *r, const struct deletion *d)
{
    return slice_of(r->deletions.names.data + d->key_start, d->record.key.len);
}

/* --- outcomes ------------------------------------------------------------------------------------------- */

static void finish_failed(rf_replay *r, struct deletion *d, rf_failure_kind kind, const char *reason)
{
    const struct request request = {.kind = REQUEST_CLEANUP,
                                    .position = {d->record.input, d->record.offset},
                                    .db = (int32_t)d->record.db};
    d->done = true;
    outcome_failed(r, &request, kind, reason, key_of(r, d), (rf_slice){0});
}

/* It was there, or an unconfirmed attempt has deleted it. */
static void finish_deleted(rf_replay *r, struct deletion *d, bool was_there)
{
    d->done = true;
    r->counts.deleted += was_there || d->sent;
    r->counts.gone += !was_there && !d->sent;
}

/* An error that another attempt does not change concerns one of the keys: each is tried by itself.
 * RF_E_TARGET: try again. The connection may have more replies. */
static rf_code on_error_reply(struct group *g, struct reply reply, rf_error *error)
{
    char text[CONTROL_ERROR_TEXT];
    const struct deletion *first = g->members[0];
    TRY(control_check_error(g->node, reply, first->record.db, key_of(g->r, first), text, error));
    if (g->count == 1)
        finish_failed(g->r, g->members[0], RF_FAILURE_REFUSED, text);
    for (size_t i = 0; g->count > 1 && i < g->count; i++)
        g->members[i]->attempts++;
    node_close_control(g->node);
    return RF_OK;
}

/* What was sent and answered is done when the replicas have it. */
static rf_code finish_sent(struct group *g, rf_error *error)
{
    struct reply refused;
    for (size_t i = 0; i < g->count; i++)
        g->members[i]->sent |= g->members[i]->exists;
    TRY(control_wait_for_replicas(g->node, &refused, error));
    if (refused.kind != REPLY_NIL)
        return on_error_reply(g, refused, error);
    for (size_t i = 0; i < g->count; i++)
        if (g->members[i]->to_delete && !g->members[i]->done)
            finish_deleted(g->r, g->members[i], g->members[i]->exists);
    return RF_OK;
}

/* --- deleting in any case ------------------------------------------------------------------------------ */

/* The replies tell whether the keys were there. *good: none is an error. */
static rf_code read_numbers(struct group *g, bool *good, rf_error *error)
{
    struct reply head;
    rf_slice rest;
    *good = true;
    for (size_t i = 0; i < g->count && *good; i++) {
        TRY(client_reply(g->node->control, &head, &rest, error));
        *good = head.kind == REPLY_NUMBER;
        g->members[i]->exists = *good && head.number > 0;
    }
    return *good ? RF_OK : on_error_reply(g, head, error);
}

static rf_code delete_any(struct group *g, rf_error *error)
{
    bool good;
    for (size_t i = 0; i < g->count; i++) {
        const rf_slice unlink[] = {write_unlink_name(g->r), key_of(g->r, g->members[i])};
        TRY(client_put(g->node->control, unlink, 2, error));
        g->members[i]->to_delete = true;
    }
    rf_code code = read_numbers(g, &good, error);
    if (code == RF_OK && good)
        return finish_sent(g, error);
    for (size_t i = 0; i < g->count; i++)
        g->members[i]->sent = true;
    return code;
}

/* --- comparing ----------------------------------------------------------------------------------------- */

static bool reports_expiry(const rf_replay *r)
{
    return rf_server_at_least(r->info.server, (rf_server){RF_REDIS, 7, 0});
}

static rf_code put_queries(struct group *g, rf_error *error)
{
    const rf_slice expiry = reports_expiry(g->r) ? SLICE("PEXPIRETIME") : SLICE("PTTL");
    for (size_t i = 0; i < g->count; i++) {
        const rf_slice watch[] = {SLICE("WATCH"), key_of(g->r, g->members[i])};
        TRY(client_put(g->node->control, watch, 2, error));
    }
    for (size_t i = 0; i < g->count; i++) {
        const rf_slice key = key_of(g->r, g->members[i]);
        TRY(client_put(g->node->control, (const rf_slice[]){SLICE("DUMP"), key}, 2, error));
        TRY(client_put(g->node->control, (const rf_slice[]){expiry, key}, 2, error));
    }
    return RF_OK;
}

/* A payload that cannot be decoded is not as expected. */
static bool decode(rf_replay *r, const struct deletion *d, rf_slice payload, rf_key_record *found)
{
    struct dump_payload dump;
    rf_entry entry;
    rf_key_digest digest;
    rf_error ignored;
    if (dump_payload_open(&dump, payload, d->record.db, key_of(r, d), "DUMP", &entry, &ignored) != RF_OK)
        return false;
    rf_digester_expired(r->digester, d->record.fields_until ? d->record.fields_until : INT64_MIN);
    bool good = rf_digest_key(r->digester, &entry, &digest, &ignored) == RF_OK &&
                dump_payload_finish(&dump, &ignored) == RF_OK;
    rf_digester_expired(r->digester, INT64_MIN);
    dump_payload_close(&dump);
    *found = (rf_key_record){.db = d->record.db, .type = entry.type, .value = digest.left};
    return good;
}

static int64_t expiry_of(const rf_replay *r, int64_t reply)
{
    if (reply < 0)
        return RF_NO_EXPIRY;
    return reports_expiry(r) ? reply : write_now_ms(r) + reply;
}

/* The replies about one key. *refused: an error reply. */
static rf_code compare(struct group *g, struct deletion *d, struct reply *refused, rf_error *error)
{
    struct reply head;
    rf_slice rest;
    rf_key_record found = {.db = d->record.db};
    bool decoded = false;
    TRY(client_reply(g->node->control, &head, &rest, error));
    if (head.kind == REPLY_ERROR) {
        *refused = head;
        return RF_OK;
    }
    d->exists = head.kind == REPLY_STRING;
    if (d->exists)
        decoded = decode(g->r, d, head.text, &found);
    TRY(client_reply(g->node->control, &head, &rest, error));
    if (head.kind != REPLY_NUMBER) {
        *refused = head;
        return RF_OK;
    }
    d->exists = d->exists && head.number != -2;
    found.expire_ms = expiry_of(g->r, head.number);
    if (!d->exists)
        return RF_OK;
    bool module = d->record.type == RF_MODULE && (!decoded || found.type == RF_MODULE);
    d->to_delete = decoded &&
                   !rf_key_record_differs(&d->record, &found, reports_expiry(g->r) ? 0 : TTL_TOLERANCE_MS);
    if (!d->to_delete && module)
        finish_failed(g->r, d, RF_FAILURE_INDETERMINATE,
                      "not deleted: cannot be compared with what the target has");
    else if (!d->to_delete)
        finish_failed(g->r, d, RF_FAILURE_CHANGED, "not deleted: changed on the target since");
    return RF_OK;
}

/* *good: the members that are to be deleted are marked, and others are done. */
static rf_code compare_all(struct group *g, bool *good, rf_error *error)
{
    struct reply refused = {.kind = REPLY_NIL};
    rf_slice rest;
    TRY(put_queries(g, error));
    for (size_t i = 0; i < g->count && refused.kind == REPLY_NIL; i++) {
        struct reply head;
        TRY(client_reply(g->node->control, &head, &rest, error));
        if (head.kind != REPLY_STATUS)
            refused = head;
    }
    for (size_t i = 0; i < g->count && refused.kind == REPLY_NIL; i++)
        TRY(compare(g, g->members[i], &refused, error));
    *good = refused.kind == REPLY_NIL;
    return *good ? RF_OK : on_error_reply(g, refused, error);
}

/* --- deleting what is as expected ---------------------------------------------------------------------- */

static rf_code put_transaction(struct group *g, rf_error *error)
{
    const rf_slice multi = SLICE("MULTI"), exec = SLICE("EXEC");
    TRY(client_put(g->node->control, &multi, 1, error));
    for (size_t i = 0; i < g->count; i++) {
        struct deletion *d = g->members[i];
        const rf_slice unlink[] = {write_unlink_name(g->r), key_of(g->r, d)};
        if (d->to_delete)
            TRY(client_put(g->node->control, unlink, 2, error));
        d->sent |= d->to_delete;
    }
    return client_put(g->node->control, &exec, 1, error);
}

/* Another client has modified one of the keys. */
static void on_conflict(struct group *g)
{
    for (size_t i = 0; i < g->count; i++) {
        struct deletion *d = g->members[i];
        d->sent = false;
        if (!d->done && ++d->attempts > ATTEMPTS_MAX)
            finish_failed(g->r, d, RF_FAILURE_CHANGED,
                          "not deleted: another client modifies it all the time");
    }
}

/* The reply to EXEC: nothing was deleted if it is nil. */
static rf_code on_exec(struct group *g, struct reply head, rf_slice rest, rf_error *error)
{
    if (head.kind == REPLY_NIL) {
        on_conflict(g);
        return RF_OK;
    }
    for (int64_t left = head.kind == REPLY_ARRAY ? head.number : 0; left > 0; left--) {
        struct reply one = reply_next(&rest);
        reply_skip(&rest, one);
        if (one.kind == REPLY_ERROR)
            return on_error_reply(g, one, error);
    }
    return head.kind == REPLY_ARRAY ? finish_sent(g, error) : on_error_reply(g, head, error);
}

static rf_code transact(struct group *g, size_t count, rf_error *error)
{
    struct reply head = {.kind = REPLY_STATUS};
    rf_slice rest;
    TRY(put_transaction(g, error));
    for (size_t replies = 1 + count; replies > 0; replies--) { /* to MULTI and what is queued */
        TRY(client_reply(g->node->control, &head, &rest, error));
        if (head.kind != REPLY_STATUS)
            return on_error_reply(g, head, error);
    }
    TRY(client_reply(g->node->control, &head, &rest, error));
    return on_exec(g, head, rest, error);
}

static rf_code unwatch(struct group *g, rf_error *error)
{
    const rf_slice argv = SLICE("UNWATCH");
    struct reply head;
    rf_slice rest;
    TRY(control_call(g->node->control, &argv, 1, &head, &rest, error));
    return head.kind == REPLY_STATUS ? RF_OK : on_error_reply(g, head, error);
}

static rf_code delete_unchanged(struct group *g, rf_error *error)
{
    size_t count = 0;
    bool good;
    TRY(compare_all(g, &good, error));
    if (!good)
        return RF_OK;
    for (size_t i = 0; i < g->count; i++) {
        struct deletion *d = g->members[i];
        count += d->to_delete;
        if (!d->done && !d->exists)
            finish_deleted(g->r, d, false);
    }
    return count > 0 ? transact(g, count, error) : unwatch(g, error);
}

/* --- groups -------------------------------------------------------------------------------------------- */

static bool belongs(const struct group *g, const struct deletion *d)
{
    const struct deletion *first = g->members[0];
    const rf_slice key = key_of(g->r, d);
    if (d->done || d->record.db != first->record.db || d->unchanged != first->unchanged ||
        first->attempts > 0 || d->attempts > 0 || nodes_of_key(g->r, key) != g->node)
        return false;
    return !d->unchanged || (g->count < COMPARED_MAX && (g->r->map.primaries.kind != RF_TARGET_CLUSTER ||
                                                         rf_slot_of(key) == rf_slot_of(key_of(g->r, first))));
}

/* Returns false if all are done. */
static bool make_group(rf_replay *r, struct group *g)
{
    struct deletion *items = r->deletions.items;
    size_t i = 0;
    while (i < r->deletions.count && items[i].done)
        i++;
    if (i == r->deletions.count)
        return false;
    *g = (struct group){.r = r, .node = nodes_of_key(r, key_of(r, &items[i])), .count = 1};
    g->members[0] = &items[i];
    for (i++; i < r->deletions.count; i++)
        if (belongs(g, &items[i]))
            g->members[g->count++] = &items[i];
    for (i = 0; i < g->count; i++)
        g->members[i]->to_delete = g->members[i]->exists = false;
    return true;
}

static rf_code delete_group(struct group *g, rf_error *error)
{
    TRY(reconcile_select_db(g->node, g->members[0]->record.db, error));
    return (g->members[0]->unchanged ? delete_unchanged : delete_any)(g, error);
}

rf_code delete_pending(rf_replay *r, rf_error *error)
{
    struct group group;
    int64_t since_ms = 0;
    while (make_group(r, &group)) {
        rf_error why;
        rf_code code = delete_group(&group, &why);
        if (r->error.code != RF_OK)
            return replay_ended(r, error);
        if (code == RF_OK) {
            since_ms = 0;
            TRY(loop_run_timers(r, error));
            continue;
        }
        node_close_control(group.node);
        if (!rf_code_is_target(code)) {
            *error = why;
            return code;
        }
        TRY(retry_backoff(r, &since_ms, &why, error));
    }
    r->deletions.count = r->deletions.names.len = 0;
    return RF_OK;
}

/* The target has no key in a database that it lacks. */
static bool has_db(const rf_replay *r, int64_t db)
{
    return r->info.databases == 0 || db < r->info.databases;
}

rf_code delete_put(rf_replay *r, const rf_key_record *record, bool unchanged, rf_error *error)
{
    struct deletions *all = &r->deletions;
    if (record->db == RF_LIBRARY)
        return library_delete(r, record, error);
    if (!has_db(r, record->db)) {
        r->counts.gone++;
        return RF_OK;
    }
    if (!all->items && !(all->items = calloc(BATCH_MAX, sizeof *all->items)))
        return fail(error, RF_E_MEMORY, "out of memory");
    size_t start = all->names.len;
    if (!buffer_append(&all->names, record->key))
        return fail(error, RF_E_MEMORY, "out of memory");
    all->items[all->count++] = (struct deletion){
        .record = *record, .key_start = start, .unchanged = unchanged};
    return all->count == BATCH_MAX ? delete_pending(r, error) : RF_OK;
}

void delete_free(rf_replay *r)
{
    free(r->deletions.items);
    buffer_free(&r->deletions.names);
}
