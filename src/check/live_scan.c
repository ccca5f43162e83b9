/* SPDX-License-Identifier: MIT */
/* What a target has: how many keys, and what they are called. */
#include "base/bytes.h"
#include "base/fail.h"
#include "base/number.h"
#include "check/live.h"
#include "net/info.h"

/* --- what INFO keyspace says -------------------------------------------------------------------------- */

/* A line "db3:keys=17,expires=2,..."; false for any other. */
static bool keyspace_line(rf_slice line, int64_t *db, int64_t *keys)
{
    static const char mark[] = ":keys=";
    const uint8_t *colon = line.len > 2 ? memmem(line.ptr, line.len, mark, sizeof mark - 1) : NULL;
    if (!colon || memcmp(line.ptr, "db", 2) != 0)
        return false;
    const uint8_t *number = colon + sizeof mark - 1, *line_end = line.ptr + line.len;
    const uint8_t *end = memchr(number, ',', (size_t)(line_end - number));
    return number_parse_i64(slice_of(line.ptr + 2, (size_t)(colon - line.ptr) - 2), db) && *db >= 0 &&
           *db <= INT32_MAX &&
           number_parse_i64(slice_of(number, (size_t)((end ? end : line_end) - number)), keys) && *keys >= 0;
}

static rf_code ask_keyspace(rf_live *live, struct live_node *node, struct buffer *info, rf_error *error)
{
    struct reply head;
    rf_slice rest;
    const rf_slice argv[] = {SLICE("INFO"), SLICE("keyspace")};
    TRY(live_call(live, node, node->db, argv, 2, &head, &rest, error));
    if (head.kind != REPLY_STRING)
        return client_refused(node->client, "INFO", head, error);
    return buffer_append(info, head.text) ? RF_OK : fail(error, RF_E_MEMORY, "out of memory");
}

/* Where there is no INFO: of one database, if that is told. */
static rf_code count_selected(rf_live *live, rf_error *error)
{
    struct reply head;
    rf_slice rest;
    const rf_slice dbsize = SLICE("DBSIZE");
    if (live->primaries.curt)
        return RF_OK;
    TRY(live_call(live, live->nodes[0], live->nodes[0]->db, &dbsize, 1, &head, &rest, error));
    live->counts.live += head.kind == REPLY_NUMBER && head.number > 0 ? (uint64_t)head.number : 0;
    return RF_OK;
}

rf_code live_count(rf_live *live, rf_error *error)
{
    if (live->primaries.silent)
        return count_selected(live, error);
    for (size_t i = 0; i < live->primaries.node_count; i++) {
        struct buffer info = {0};
        rf_slice left, line;
        int64_t db, keys;
        rf_code code = ask_keyspace(live, live->nodes[i], &info, error);
        for (left = buffer_slice(&info); code == RF_OK && info_line(&left, &line);)
            if (keyspace_line(line, &db, &keys))
                live->counts.live += (uint64_t)keys;
        buffer_free(&info);
        TRY(code);
    }
    return RF_OK;
}

/* --- which --------------------------------------------------------------------------------------------- */

struct scan {
    rf_live *live;
    struct live_node *node;
    rf_live_key_fn fn;
    void *ctx;
};

struct cursor {
    uint8_t text[NUMBER_TEXT_MAX];
    size_t length;
};

static const struct cursor start = {"0", 1};

static bool same_cursor(const struct cursor *a, const struct cursor *b)
{
    return slice_equal(slice_of(a->text, a->length), slice_of(b->text, b->length));
}

/* [cursor, [key, ...]] */
static rf_code take_keys(const struct scan *scan, int64_t db, struct reply head, rf_slice rest,
                         struct cursor *cursor, rf_error *error)
{
    struct reply next = {0}, keys = {0};
    if (head.kind == REPLY_ARRAY && head.number == 2) {
        next = reply_take(&rest);
        reply_pass(&rest, next);
        keys = reply_take(&rest);
    }
    bool good = next.kind == REPLY_STRING && next.text.len > 0 && next.text.len <= sizeof cursor->text;
    if (!good || keys.kind != REPLY_ARRAY)
        return client_refused(scan->node->client, "SCAN", head, error);
    memcpy(cursor->text, next.text.ptr, cursor->length = next.text.len);
    for (int64_t left = keys.number; left > 0; left--) {
        struct reply key = reply_take(&rest);
        if (key.kind != REPLY_STRING)
            return client_refused(scan->node->client, "SCAN", key, error);
        TRY(scan->fn(scan->ctx, db, key.text, error));
    }
    return RF_OK;
}

/* From start to end over one connection: a cursor means nothing to another one, behind which may be another
 * server. *lost: it has to begin anew. */
static rf_code scan_once(const struct scan *scan, int64_t db, bool *lost, rf_error *error)
{
    struct cursor cursor = start, next;
    do {
        struct reply head;
        rf_slice rest;
        unsigned connections = scan->node->connections;
        const rf_slice argv[] = {SLICE("SCAN"), slice_of(cursor.text, cursor.length), SLICE("COUNT"),
                                 SLICE("1000")};
        TRY(live_call(scan->live, scan->node, db, argv, 4, &head, &rest, error));
        TRY(take_keys(scan, db, head, rest, &next, error));
        *lost = connections != scan->node->connections && !same_cursor(&cursor, &start);
        if (*lost)
            return RF_OK;
        if (same_cursor(&cursor, &next) && !same_cursor(&next, &start))
            return client_refused(scan->node->client, "SCAN", head, error);
        cursor = next;
    } while (!same_cursor(&cursor, &start));
    return RF_OK;
}

static rf_code scan_db(const struct scan *scan, int64_t db, rf_error *error)
{
    enum { SCAN_TRIES = 5 };
    bool lost = true;
    for (int i = 0; i < SCAN_TRIES && lost; i++)
        TRY(scan_once(scan, db, &lost, error));
    return lost ? fail(error, RF_E_TARGET, "SCAN: the connection is lost again and again") : RF_OK;
}

static rf_code scan_node(const struct scan *scan, rf_error *error)
{
    struct buffer info = {0};
    rf_slice left, line;
    int64_t db, keys;
    rf_code code = ask_keyspace(scan->live, scan->node, &info, error);
    for (left = buffer_slice(&info); code == RF_OK && info_line(&left, &line);)
        if (keyspace_line(line, &db, &keys))
            code = scan_db(scan, db, error);
    buffer_free(&info);
    return code;
}

rf_code live_scan(rf_live *live, rf_live_key_fn fn, void *ctx, rf_error *error)
{
    TRY(live_load_libraries(live, error));
    for (size_t i = 0; i < live->library_count; i++)
        TRY(fn(ctx, RF_LIBRARY, live->libraries[i].name, error));
    for (size_t i = 0; i < live->primaries.node_count; i++) {
        const struct scan scan = {live, live->nodes[i], fn, ctx};
        TRY(scan_node(&scan, error));
    }
    return RF_OK;
}
