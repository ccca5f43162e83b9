/* SPDX-License-Identifier: MIT */
/* The number and the names of the keys on a target. */
#include "base/bytes.h"
#include "base/fail.h"
#include "base/number.h"
#include "live/internal.h"
#include "net/info.h"
#include <inttypes.h>

/* --- INFO keyspace ------------------------------------------------------------------------------------- */

/* Parses a line "db3:keys=17,expires=2,..."; returns false for any other. */
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

static rf_code query_keyspace(rf_live *live, struct live_conn *node, struct buffer *info, rf_error *error)
{
    struct reply head;
    rf_slice rest;
    const rf_slice argv[] = {SLICE("INFO"), SLICE("keyspace")};
    TRY(live_call(live, node, node->db, argv, 2, &head, &rest, error));
    if (head.kind != REPLY_STRING)
        return client_refused(node->client, "INFO", head, error);
    return buffer_append(info, head.text) ? RF_OK : fail(error, RF_E_MEMORY, "out of memory");
}

/* Without INFO only one database is counted, with DBSIZE if available. */
static rf_code count_selected(rf_live *live, rf_error *error)
{
    struct reply head;
    rf_slice rest;
    const rf_slice dbsize = SLICE("DBSIZE");
    if (live->primaries.closes_on_unknown)
        return RF_OK;
    TRY(live_call(live, live->nodes[0], live->nodes[0]->db, &dbsize, 1, &head, &rest, error));
    live->counts.live += head.kind == REPLY_NUMBER && head.number > 0 ? (uint64_t)head.number : 0;
    return RF_OK;
}

rf_code live_count(rf_live *live, rf_error *error)
{
    if (live->primaries.info_refused)
        return count_selected(live, error);
    for (size_t i = 0; i < live->primaries.node_count; i++) {
        struct buffer info = {0};
        rf_slice left, line;
        int64_t db, keys;
        rf_code code = query_keyspace(live, live->nodes[i], &info, error);
        for (left = buffer_slice(&info); code == RF_OK && info_line(&left, &line);)
            if (keyspace_line(line, &db, &keys))
                live->counts.live += (uint64_t)keys;
        buffer_free(&info);
        TRY(code);
    }
    return RF_OK;
}

/* --- scanning ------------------------------------------------------------------------------------------ */

struct scan {
    rf_live *live;
    struct live_conn *node;
    unsigned what;
    rf_live_key_fn fn;
    void *ctx;
    int64_t counted;       /* number of keys in the database, from INFO */
    struct key_page *page; /* RF_SCAN_TYPES: keys whose types are queried next */
};

struct cursor {
    uint8_t text[NUMBER_TEXT_MAX];
    size_t length;
};

static const struct cursor start = {"0", 1};

/* The state of a scan. It ends when the cursor is 0 again, which a faulty server may never report. */
struct course {
    uint64_t keys, calls;
    struct cursor marked; /* an earlier cursor; replaced at growing intervals, to detect any cycle */
    uint64_t mark_at;     /* number of the call at which it is replaced */
};

static bool same_cursor(const struct cursor *a, const struct cursor *b)
{
    return slice_equal(slice_of(a->text, a->length), slice_of(b->text, b->length));
}

/* While a table is resized names are repeated, and other clients may write meanwhile; this limit is more than
 * these can cause. In tables that are almost empty, many calls return few names. */
static bool is_endless(const struct scan *scan, struct course *course, const struct cursor *next)
{
    enum { TIMES = 4, MORE_KEYS = 100000, MORE_CALLS = 1000000 };
    uint64_t counted = (uint64_t)scan->counted;
    bool wrapped = course->calls > 0 && same_cursor(&course->marked, next);
    if (course->calls++ == course->mark_at) {
        course->marked = *next;
        course->mark_at *= 2;
    }
    return wrapped || course->keys / TIMES > counted + MORE_KEYS || course->calls > counted + MORE_CALLS;
}

static rf_code check_course(const struct scan *scan, struct course *course, const struct cursor *next,
                            rf_error *error)
{
    if (same_cursor(next, &start) || !is_endless(scan, course, next))
        return RF_OK;
    return fail(error, RF_E_TARGET,
                "%s: SCAN does not end: %" PRIu64 " names in %" PRIu64 " replies, of %" PRId64
                " keys in INFO",
                client_name(scan->node->client), course->keys, course->calls, scan->counted);
}

static rf_code on_key(const struct scan *scan, int64_t db, rf_slice key, rf_error *error)
{
    const rf_key_record record = {
        .db = db, .key = key, .type = RF_TYPE_COUNT, .expire_ms = RF_NO_EXPIRY, .input = UINT32_MAX};
    if (!(scan->what & RF_SCAN_TYPES))
        return scan->fn(scan->ctx, &record, error);
    return key_page_add(scan->page, key) ? RF_OK : fail(error, RF_E_MEMORY, "out of memory");
}

/* [cursor, [key, ...]] */
static rf_code on_keys(const struct scan *scan, int64_t db, struct reply head, rf_slice rest,
                       struct cursor *cursor, struct course *course, rf_error *error)
{
    struct reply next = {0}, keys = {0};
    if (head.kind == REPLY_ARRAY && head.number == 2) {
        next = reply_next(&rest);
        reply_skip(&rest, next);
        keys = reply_next(&rest);
    }
    bool good = next.kind == REPLY_STRING && next.text.len > 0 && next.text.len <= sizeof cursor->text;
    if (!good || keys.kind != REPLY_ARRAY)
        return client_refused(scan->node->client, "SCAN", head, error);
    memcpy(cursor->text, next.text.ptr, cursor->length = next.text.len);
    course->keys += (uint64_t)keys.number;
    TRY(check_course(scan, course, cursor, error));
    for (int64_t left = keys.number; left > 0; left--) {
        struct reply key = reply_next(&rest);
        if (key.kind != REPLY_STRING)
            return client_refused(scan->node->client, "SCAN", key, error);
        TRY(on_key(scan, db, key.text, error));
    }
    return RF_OK;
}

/* Scans from start to end over one connection: cursors are not valid on another connection, which may lead to
 * another server. *lost: the scan must be restarted. */
static rf_code scan_once(const struct scan *scan, int64_t db, bool *lost, rf_error *error)
{
    struct cursor cursor = start, next;
    struct course course = {.mark_at = 1};
    do {
        struct reply head;
        rf_slice rest;
        unsigned connections = scan->node->connections;
        const rf_slice argv[] = {SLICE("SCAN"), slice_of(cursor.text, cursor.length), SLICE("COUNT"),
                                 SLICE("1000")};
        TRY(live_call(scan->live, scan->node, db, argv, 4, &head, &rest, error));
        scan->page->bytes.len = 0;
        TRY(on_keys(scan, db, head, rest, &next, &course, error));
        TRY(live_query_types(scan->node, scan->page, db, scan->fn, scan->ctx, error));
        *lost = connections != scan->node->connections && !same_cursor(&cursor, &start);
        if (*lost)
            return RF_OK;
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
    return lost ? fail(error, RF_E_UNAVAILABLE, "SCAN: connection lost repeatedly") : RF_OK;
}

static rf_code scan_node(struct scan *scan, rf_error *error)
{
    struct buffer info = {0};
    rf_slice left, line;
    int64_t db;
    rf_code code = query_keyspace(scan->live, scan->node, &info, error);
    for (left = buffer_slice(&info); code == RF_OK && info_line(&left, &line);)
        if (keyspace_line(line, &db, &scan->counted))
            code = scan_db(scan, db, error);
    buffer_free(&info);
    return code;
}

static rf_code report_libraries(rf_live *live, rf_live_key_fn fn, void *ctx, rf_error *error)
{
    TRY(live_load_libraries(live, error));
    for (size_t i = 0; i < live->library_count; i++) {
        const struct library *library = &live->libraries[i];
        const rf_key_record record = {.db = RF_LIBRARY,
                                      .key = library->name,
                                      .value = library->keyed,
                                      .expire_ms = RF_NO_EXPIRY,
                                      .input = UINT32_MAX,
                                      .published = library->published};
        TRY(fn(ctx, &record, error));
    }
    return RF_OK;
}

rf_code live_scan(rf_live *live, unsigned what, rf_live_key_fn fn, void *ctx, rf_error *error)
{
    struct key_page page = {0};
    rf_code code = what & RF_SCAN_LIBRARIES ? report_libraries(live, fn, ctx, error) : RF_OK;
    for (size_t i = 0; i < live->primaries.node_count && code == RF_OK; i++) {
        struct scan scan = {
            .live = live, .node = live->nodes[i], .what = what, .fn = fn, .ctx = ctx, .page = &page};
        code = scan_node(&scan, error);
    }
    buffer_free(&page.bytes);
    return code;
}
