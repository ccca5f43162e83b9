/* SPDX-License-Identifier: MIT */
/* Queries a live target: chooses the node of each query, sends it again if that is required, and refreshes
 * the primaries. */
#include "live/internal.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "base/fail.h"
#include <stdlib.h>

/* --- the primaries ------------------------------------------------------------------------------------- */

static void describe(rf_live *live)
{
    const struct primaries *primaries = &live->map.primaries;
    live->info.kind = cluster_map_kind(&live->map);
    live->info.server = (rf_server){0};
    if (!primaries->assumed)
        live->info.server = primaries->server;
    live->info.nodes = primaries->node_count;
}

rf_code live_refresh(rf_live *live, rf_error *error)
{
    int64_t deadline = clock_monotonic_ms() + live_retry_timeout_ms(live);
    for (;;) {
        rf_code code = cluster_map_refresh(&live->map, error);
        if (code == RF_OK)
            describe(live);
        if (!rf_code_is_target(code) || clock_monotonic_ms() >= deadline)
            return code;
        waiting_log(&live->waiting, &live->target->wait, live_retry_timeout_ms(live), error->message);
        TRY(live_pause(live, error));
    }
}

rf_code live_await(rf_live *live, int64_t since_ms, rf_error *error)
{
    if (clock_monotonic_ms() - since_ms > live_retry_timeout_ms(live))
        return error->code;
    TRY(live_pause(live, error));
    return live_refresh(live, error);
}

/* --- queries ------------------------------------------------------------------------------------------- */

/* A slot that is not assigned may be in the middle of a migration. */
static rf_code await_owner(rf_live *live, struct query *query, rf_error *error)
{
    rf_error why;
    fail(&why, RF_E_UNAVAILABLE, "no node of the cluster serves slot %u", rf_slot_of(query->record.key));
    error_key(&why, query->record.db, query->record.key);
    return live_retry(live, query, RETRY_LATER, &why, error);
}

/* The node of an ASK redirection: only nodes listed by the cluster are sent passwords and key names. */
static rf_code find_ask_conn(rf_live *live, struct live_conn *owner, const struct query *query,
                             struct live_conn **out, rf_error *error)
{
    struct cluster_node *node = cluster_map_known(&live->map, &query->ask_address);
    struct reply table;
    rf_slice rest;
    const rf_slice argv[] = {SLICE("CLUSTER"), SLICE("NODES")};
    if (!node) {
        TRY(live_call(live, owner, owner->db, argv, 2, &table, &rest, error));
        TRY(cluster_map_admit(&live->map, &owner->base, &query->ask_address, table, &node, error));
    }
    *out = (struct live_conn *)node;
    return RF_OK;
}

static rf_code submit(rf_live *live, struct query *query, rf_error *error)
{
    struct live_conn *node = (struct live_conn *)cluster_map_of_key(&live->map, query->record.key);
    if (&node->base == live->map.unassigned)
        return await_owner(live, query, error);
    rf_code code = query->ask_address.host ? find_ask_conn(live, node, query, &node, error) : RF_OK;
    if (code == RF_OK)
        return live_send(live, node, query, error);
    query_free(query);
    return code;
}

/* Retries until every query has its result; that may take several rounds. */
static rf_code resend(rf_live *live, rf_error *error)
{
    while (live->retry.count > 0) {
        TRY(live_drain(live, error));
        if (live->pause)
            TRY(live_pause(live, error));
        if (live->map.stale)
            TRY(live_refresh(live, error));
        live->pause = false;
        for (size_t left = live->retry.count; left > 0; left--)
            TRY(submit(live, query_queue_pop(&live->retry), error));
    }
    return RF_OK;
}

/* --- one key ------------------------------------------------------------------------------------------- */

/* The distance between two keys in the input is a good estimate of the first one's payload size. */
static uint64_t guess(const rf_live *live, const rf_key_record *record, const rf_key_record *next)
{
    enum { AT_LEAST = 64 };
    bool follows = next && next->input == record->input && next->offset > record->offset;
    if (live->options.names_only)
        return AT_LEAST;
    return AT_LEAST + (follows ? next->offset - record->offset : 0);
}

static rf_code submit_delayed(rf_live *live, const rf_key_record *next, rf_error *error)
{
    struct query *query = live->delayed;
    live->delayed = NULL;
    if (query) {
        query->expected = guess(live, &query->record, next);
        TRY(submit(live, query, error));
    }
    return resend(live, error);
}

static rf_code query_new(const rf_key_record *record, struct query **out, rf_error *error)
{
    struct query *query = malloc(sizeof *query + record->key.len);
    if (!query)
        return fail(error, RF_E_MEMORY, "out of memory for a key of %zu bytes", record->key.len);
    *query = (struct query){.record = *record};
    if (record->key.len)
        memcpy(query->key, record->key.ptr, record->key.len);
    query->record.key.ptr = query->key;
    *out = query;
    return RF_OK;
}

static rf_code check(rf_live *live, const rf_key_record *record, rf_error *error)
{
    TRY(submit_delayed(live, record, error));
    if (record->db == RF_LIBRARY)
        return live_check_library(live, record, error);
    live->counts.checked++;
    if (live->nameless)
        return live_report(live, RF_REMOVED, record, NULL, error);
    return query_new(record, &live->delayed, error);
}

rf_code live_query_key(rf_live *live, enum query_kind kind, int64_t db, rf_slice key, uint64_t expected,
                       rf_error *error)
{
    struct query *query = NULL;
    TRY(query_new(&(rf_key_record){.db = db, .key = key}, &query, error));
    query->kind = kind;
    query->expected = expected;
    TRY(submit(live, query, error));
    return resend(live, error);
}

rf_code live_settle(rf_live *live, rf_error *error)
{
    do {
        TRY(resend(live, error));
        TRY(live_drain(live, error));
    } while (live->retry.count > 0);
    return RF_OK;
}

static rf_code finish(rf_live *live, rf_error *error)
{
    TRY(submit_delayed(live, NULL, error));
    TRY(live_settle(live, error));
    return live_count(live, error);
}

/* --- interface ----------------------------------------------------------------------------------------- */

/* After an error it is unknown which replies are pending. */
static rf_code conclude(rf_live *live, rf_code code, rf_error *error)
{
    if (code != RF_OK)
        live->error = *error;
    return code;
}

static rf_code still_fails(const rf_live *live, rf_error *error)
{
    *error = live->error;
    return error->code;
}

rf_code rf_live_check(rf_live *live, const rf_key_record *record, rf_error *error)
{
    if (live->error.code != RF_OK)
        return still_fails(live, error);
    return conclude(live, check(live, record, error), error);
}

rf_code rf_live_finish(rf_live *live, rf_live_counts *counts, rf_error *error)
{
    if (live->error.code != RF_OK)
        return still_fails(live, error);
    TRY(conclude(live, finish(live, error), error));
    *counts = live->counts;
    return RF_OK;
}

rf_code rf_live_scan(rf_live *live, unsigned what, rf_live_key_fn fn, void *ctx, rf_error *error)
{
    if (live->error.code != RF_OK)
        return still_fails(live, error);
    return conclude(live, live_scan(live, what, fn, ctx, error), error);
}

rf_code rf_live_query_nodes(rf_live *live, rf_error *error)
{
    if (live->error.code != RF_OK)
        return still_fails(live, error);
    return conclude(live, live_query_nodes(live, error), error);
}

rf_code rf_live_find_moves(rf_live *live, uint64_t *mark, bool *moved, rf_error *error)
{
    if (live->error.code != RF_OK)
        return still_fails(live, error);
    return conclude(live, live_find_moves(live, mark, moved, error), error);
}

rf_code rf_live_has_db(rf_live *live, int64_t db, bool *has, rf_error *error)
{
    if (live->error.code != RF_OK)
        return still_fails(live, error);
    return conclude(live, live_query_db(live, db, has, error), error);
}

rf_code rf_live_has_command(rf_live *live, rf_slice name, int *has, rf_error *error)
{
    if (live->error.code != RF_OK)
        return still_fails(live, error);
    return conclude(live, live_query_command(live, name, has, error), error);
}

size_t rf_live_node_of(const rf_live *live, rf_slice key)
{
    const uint16_t *node_of = live->map.primaries.node_of;
    size_t number = node_of ? node_of[rf_slot_of(key)] : 0;
    return number == NO_NODE ? RF_NO_NODE : number;
}

/* --- creation and destruction -------------------------------------------------------------------------- */

static rf_code connect_target(void *ctx, rf_error *error)
{
    rf_live *live = ctx;
    TRY(cluster_map_find(&live->map, error));
    describe(live);
    return RF_OK;
}

static rf_code open_target(rf_live *live, rf_error *error)
{
    if (live->target->db != 0)
        return fail(error, RF_E_ARGUMENT,
                    "the target must not select a database: each key is looked up in its own");
    live->digester = rf_digester_new(RF_DIGEST_KEYED | (live->options.published ? RF_DIGEST_PUBLISHED : 0),
                                     false);
    if (!live->digester)
        return fail(error, RF_E_MEMORY, "out of memory");
    return waiting_attempt(live->target, connect_target, live, error);
}

rf_code rf_live_open(const rf_target *target, const rf_live_options *options, rf_live **out, rf_error *error)
{
    rf_live *live = calloc(1, sizeof *live);
    *out = NULL;
    if (!live)
        return fail(error, RF_E_MEMORY, "out of memory");
    live->target = target;
    live->map = (struct cluster_map){.target = target, .owner = live_conn_owner(live)};
    live->options = *options;
    rf_target_format(target, live->info.name, sizeof live->info.name);
    rf_code code = open_target(live, error);
    if (code != RF_OK) {
        rf_live_close(live);
        return code;
    }
    *out = live;
    return RF_OK;
}

const rf_live_info *rf_live_info_get(const rf_live *live)
{
    return &live->info;
}

void rf_live_close(rf_live *live)
{
    if (!live)
        return;
    cluster_map_free(&live->map);
    rf_digester_free(live->digester);
    query_free(live->delayed);
    query_queue_free(&live->retry);
    live_free_libraries(live);
    live_forget_nodes(live);
    free(live);
}
