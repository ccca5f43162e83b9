/* SPDX-License-Identifier: MIT */
/* What a target has: how many keys, and what they are called. */
#include "base/bytes.h"
#include "base/fail.h"
#include "base/number.h"
#include "check/live.h"
#include "net/info.h"

/* --- how many ------------------------------------------------------------------------------------------ */

static rf_code count_db(rf_live *live, struct live_node *node, int64_t db, rf_error *error)
{
    struct reply head;
    rf_slice rest;
    const rf_slice argv[] = {SLICE("DBSIZE")};
    TRY(live_call(live, node, db, argv, 1, &head, &rest, error));
    if (head.kind != REPLY_NUMBER || head.number < 0)
        return client_refused(node->client, "DBSIZE", head, error);
    live->counts.live += (uint64_t)head.number;
    return RF_OK;
}

rf_code live_count(rf_live *live, rf_error *error)
{
    for (size_t i = 0; i < live->topology.node_count; i++)
        for (size_t j = 0; j < live->db_count; j++)
            TRY(count_db(live, live->nodes[i], live->dbs[j], error));
    return RF_OK;
}

/* --- which --------------------------------------------------------------------------------------------- */

struct scan {
    rf_live *live;
    struct live_node *node;
    rf_live_key_fn fn;
    void *ctx;
};

/* [cursor, [key, ...]] */
static rf_code take_keys(const struct scan *scan, int64_t db, struct reply head, rf_slice rest,
                         uint8_t cursor[NUMBER_TEXT_MAX], size_t *cursor_length, rf_error *error)
{
    struct reply next = {0}, keys = {0};
    if (head.kind == REPLY_ARRAY && head.number == 2) {
        next = reply_take(&rest);
        reply_pass(&rest, next);
        keys = reply_take(&rest);
    }
    if (next.kind != REPLY_STRING || next.text.len > NUMBER_TEXT_MAX || keys.kind != REPLY_ARRAY)
        return client_refused(scan->node->client, "SCAN", head, error);
    memcpy(cursor, next.text.ptr, next.text.len);
    *cursor_length = next.text.len;
    for (int64_t left = keys.number; left > 0; left--) {
        struct reply key = reply_take(&rest);
        if (key.kind != REPLY_STRING)
            return client_refused(scan->node->client, "SCAN", key, error);
        TRY(scan->fn(scan->ctx, db, key.text, error));
    }
    return RF_OK;
}

static rf_code scan_db(const struct scan *scan, int64_t db, rf_error *error)
{
    uint8_t cursor[NUMBER_TEXT_MAX] = "0";
    size_t length = 1;
    do {
        struct reply head;
        rf_slice rest;
        const rf_slice argv[] = {SLICE("SCAN"), {cursor, length}, SLICE("COUNT"), SLICE("1000")};
        TRY(live_call(scan->live, scan->node, db, argv, 4, &head, &rest, error));
        TRY(take_keys(scan, db, head, rest, cursor, &length, error));
    } while (!slice_equal(slice_of(cursor, length), SLICE("0")));
    return RF_OK;
}

/* The number in "db3:keys=..."; false for any other line. */
static bool line_db(rf_slice line, int64_t *db)
{
    const uint8_t *colon = line.len > 2 ? memchr(line.ptr, ':', line.len) : NULL;
    if (!colon || memcmp(line.ptr, "db", 2) != 0)
        return false;
    return number_parse_i64(slice_of(line.ptr + 2, (size_t)(colon - line.ptr) - 2), db) && *db >= 0;
}

static rf_code scan_node(const struct scan *scan, rf_error *error)
{
    struct reply head;
    rf_slice rest, line;
    struct buffer info = {0};
    int64_t db;
    const rf_slice argv[] = {SLICE("INFO"), SLICE("keyspace")};
    TRY(live_call(scan->live, scan->node, scan->node->db, argv, 2, &head, &rest, error));
    if (head.kind != REPLY_STRING)
        return client_refused(scan->node->client, "INFO", head, error);
    if (!buffer_append(&info, head.text))
        return fail(error, RF_E_MEMORY, "out of memory");
    rf_code code = RF_OK;
    for (rf_slice left = buffer_slice(&info); code == RF_OK && info_line(&left, &line);)
        if (line_db(line, &db))
            code = scan_db(scan, db, error);
    buffer_free(&info);
    return code;
}

rf_code live_scan(rf_live *live, rf_live_key_fn fn, void *ctx, rf_error *error)
{
    TRY(live_load_libraries(live, error));
    for (size_t i = 0; i < live->library_count; i++)
        TRY(fn(ctx, RF_LIBRARY, live->libraries[i].name, error));
    for (size_t i = 0; i < live->topology.node_count; i++) {
        const struct scan scan = {live, live->nodes[i], fn, ctx};
        TRY(scan_node(&scan, error));
    }
    return RF_OK;
}
