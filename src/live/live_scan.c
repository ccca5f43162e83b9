/* SPDX-License-Identifier: MIT */
/* The number and the names of the keys on a target. */
#include "base/bytes.h"
#include "base/clock.h"
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
    return number_parse_db(slice_of(line.ptr + 2, (size_t)(colon - line.ptr) - 2), db) &&
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
    if (live->map.primaries.closes_on_unknown)
        return RF_OK;
    TRY(live_call(live, live_primary(live, 0), live_primary(live, 0)->db, &dbsize, 1, &head, &rest, error));
    live->counts.live += head.kind == REPLY_NUMBER && head.number > 0 ? (uint64_t)head.number : 0;
    return RF_OK;
}

rf_code live_count(rf_live *live, rf_error *error)
{
    if (live->map.primaries.info_refused)
        return count_selected(live, error);
    for (size_t i = 0; i < live->map.primaries.node_count; i++) {
        struct buffer info = {0};
        rf_slice left, line;
        int64_t db, keys;
        rf_code code = query_keyspace(live, live_primary(live, i), &info, error);
        for (left = buffer_slice(&info); code == RF_OK && info_line(&left, &line);)
            if (keyspace_line(line, &db, &keys))
                live->counts.live += (uint64_t)keys;
        buffer_free(&info);
        TRY(code);
    }
    return RF_OK;
}

/* --- scanning ------------------------------------------------------------------------------------------ */

enum { SCAN_TRIES = 5 };

static const int64_t UNCOUNTED = INT64_MAX / 2;

enum scan_end {
    SCAN_COMPLETE,
    SCAN_LOST, /* to be restarted, unless the node is not used any more */
    SCAN_WAIT, /* the node is not available */
};

struct scan {
    rf_live *live;
    struct live_conn *node;
    const struct live_pages *pages;
    int64_t counted; /* number of keys in the database, from INFO; UNCOUNTED: unknown */
    struct key_page page;
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

/* Whether a cursor is repeated, or many more calls were needed than there are keys: in tables that are almost
 * empty, many calls return few names. */
static bool has_cycle(const struct scan *scan, struct course *course, const struct cursor *next)
{
    enum { MORE_CALLS = 1000000 };
    bool wrapped = course->calls > 0 && same_cursor(&course->marked, next);
    if (course->calls++ == course->mark_at) {
        course->marked = *next;
        course->mark_at *= 2;
    }
    return wrapped || course->calls > (uint64_t)scan->counted + MORE_CALLS;
}

/* While a table is resized names are repeated, and other clients may write meanwhile; this limit is more than
 * these can cause. */
static bool has_too_many(const struct scan *scan, const struct course *course)
{
    enum { TIMES = 4, MORE_KEYS = 100000 };
    return course->keys / TIMES > (uint64_t)scan->counted + MORE_KEYS;
}

/* Counts the keys again: there may be more of them now. */
static rf_code recount(struct scan *scan, int64_t db, rf_error *error)
{
    struct buffer info = {0};
    rf_slice left, line;
    int64_t line_db, keys;
    rf_code code = query_keyspace(scan->live, scan->node, &info, error);
    for (left = buffer_slice(&info); code == RF_OK && info_line(&left, &line);)
        if (keyspace_line(line, &line_db, &keys) && line_db == db)
            scan->counted = keys;
    buffer_free(&info);
    return code;
}

static rf_code check_course(struct scan *scan, int64_t db, struct course *course, const struct cursor *next,
                            rf_error *error)
{
    if (same_cursor(next, &start))
        return RF_OK;
    bool cycle = has_cycle(scan, course, next);
    if (!cycle && has_too_many(scan, course))
        TRY(recount(scan, db, error));
    if (!cycle && !has_too_many(scan, course))
        return RF_OK;
    return fail(error, RF_E_TARGET,
                "%s: SCAN does not end: %" PRIu64 " names in %" PRIu64 " replies, of %" PRId64
                " keys in INFO",
                client_name(scan->node->client), course->keys, course->calls, scan->counted);
}

/* [cursor, [key, ...]] */
static rf_code on_keys(struct scan *scan, struct reply head, rf_slice rest, struct cursor *cursor,
                       struct course *course, rf_error *error)
{
    struct reply next = {0}, keys = {0};
    scan->page.bytes.len = 0;
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
    for (int64_t left = keys.number; left > 0; left--) {
        struct reply key = reply_next(&rest);
        if (key.kind != REPLY_STRING)
            return client_refused(scan->node->client, "SCAN", key, error);
        if (!key_page_add(&scan->page, key.text))
            return fail(error, RF_E_MEMORY, "out of memory");
    }
    return RF_OK;
}

/* Whether the target still uses the node: queries may have refreshed the primaries. */
static bool is_used(const struct scan *scan)
{
    return scan->node->base.primary;
}

static rf_code request_page(struct scan *scan, int64_t db, const struct cursor *cursor, struct cursor *next,
                            struct course *course, rf_error *error)
{
    struct reply head;
    rf_slice rest;
    const char *count = scan->pages->count;
    const rf_slice argv[] = {SLICE("SCAN"), slice_of(cursor->text, cursor->length), SLICE("COUNT"),
                             slice_of(count, strlen(count))};
    TRY(live_call(scan->live, scan->node, db, argv, 4, &head, &rest, error));
    TRY(on_keys(scan, head, rest, next, course, error));
    return check_course(scan, db, course, next, error);
}

/* Scans from start to end over one connection: cursors are not valid on another connection, which may lead to
 * another server. *progressed: the server has replied. */
static rf_code scan_once(struct scan *scan, int64_t db, enum scan_end *end, bool *progressed, rf_error *error)
{
    struct cursor cursor = start, next;
    struct course course = {.mark_at = 1};
    *progressed = false;
    do {
        unsigned connections = scan->node->connections;
        rf_code code = request_page(scan, db, &cursor, &next, &course, error);
        *end = code == RF_E_UNAVAILABLE ? SCAN_WAIT : SCAN_LOST;
        if (*end == SCAN_WAIT)
            return RF_OK;
        TRY(code);
        *progressed = true;
        TRY(scan->pages->fn(scan->pages->ctx, scan->node, db, &scan->page, error));
        if (!is_used(scan) || (connections != scan->node->connections && !same_cursor(&cursor, &start)))
            return RF_OK;
        cursor = next;
    } while (!same_cursor(&cursor, &start));
    *end = SCAN_COMPLETE;
    return RF_OK;
}

static rf_code scan_db(struct scan *scan, int64_t db, rf_error *error)
{
    int64_t since_ms = 0;
    for (int losses = 0; is_used(scan);) {
        enum scan_end end;
        bool progressed;
        TRY(scan_once(scan, db, &end, &progressed, error));
        if (end == SCAN_COMPLETE)
            return RF_OK;
        if (end == SCAN_LOST && ++losses == SCAN_TRIES)
            return fail(error, RF_E_UNAVAILABLE, "SCAN: connection lost repeatedly");
        if (end == SCAN_LOST)
            since_ms = 0;
        else if (since_ms == 0 || progressed)
            since_ms = clock_monotonic_ms();
        if (end == SCAN_WAIT)
            TRY(live_await(scan->live, since_ms, error));
    }
    return RF_OK;
}

/* --- databases ----------------------------------------------------------------------------------------- */

/* Nothing if the target does not use the node any more. */
static rf_code await_keyspace(const struct scan *scan, struct buffer *info, rf_error *error)
{
    int64_t since_ms = clock_monotonic_ms();
    while (is_used(scan)) {
        rf_code code = query_keyspace(scan->live, scan->node, info, error);
        if (code != RF_E_UNAVAILABLE)
            return code;
        TRY(live_await(scan->live, since_ms, error));
    }
    return RF_OK;
}

static rf_code scan_counted(struct scan *scan, rf_error *error)
{
    struct buffer info = {0};
    rf_slice left, line;
    int64_t db;
    rf_code code = await_keyspace(scan, &info, error);
    for (left = buffer_slice(&info); code == RF_OK && info_line(&left, &line);)
        if (keyspace_line(line, &db, &scan->counted))
            code = scan_db(scan, db, error);
    buffer_free(&info);
    return code;
}

/* Without INFO: every database that can be selected. */
static rf_code scan_selectable(struct scan *scan, rf_error *error)
{
    bool has = true;
    scan->counted = UNCOUNTED;
    for (int64_t db = 0; db <= INT32_MAX; db++) {
        if (db > 0)
            TRY(live_query_db(scan->live, db, &has, error));
        if (!has || !is_used(scan))
            break;
        TRY(scan_db(scan, db, error));
    }
    return RF_OK;
}

static rf_code scan_node(rf_live *live, const struct live_pages *pages, struct live_conn *node,
                         rf_error *error)
{
    struct scan scan = {.live = live, .node = node, .pages = pages};
    rf_code code = live->map.primaries.info_refused ? scan_selectable(&scan, error)
                                                    : scan_counted(&scan, error);
    buffer_free(&scan.page.bytes);
    return code;
}

rf_code live_scan_pages(rf_live *live, const struct live_pages *pages, rf_error *error)
{
    unsigned round = ++live->scans;
    for (size_t i = 0; i < live->map.primaries.node_count; i++) {
        struct live_conn *node = live_primary(live, i);
        if (node->scanned == round)
            continue;
        node->scanned = round;
        TRY(scan_node(live, pages, node, error));
        i = SIZE_MAX; /* the primaries may have changed */
    }
    return RF_OK;
}

/* --- names --------------------------------------------------------------------------------------------- */

struct names {
    bool types;
    rf_live_key_fn fn;
    void *ctx;
};

static rf_code on_names(void *ctx, struct live_conn *node, int64_t db, const struct key_page *page,
                        rf_error *error)
{
    const struct names *names = ctx;
    rf_key_record record = {.db = db, .type = RF_TYPE_COUNT, .expire_ms = RF_NO_EXPIRY, .input = UINT32_MAX};
    if (names->types)
        return live_query_types(node, page, db, names->fn, names->ctx, error);
    for (rf_slice rest = buffer_slice(&page->bytes); key_page_next(&rest, &record.key);)
        TRY(names->fn(names->ctx, &record, error));
    return RF_OK;
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
    struct names names = {what & RF_SCAN_TYPES, fn, ctx};
    if (what & RF_SCAN_LIBRARIES)
        TRY(report_libraries(live, fn, ctx, error));
    return live_scan_pages(live, &(struct live_pages){"1000", on_names, &names}, error);
}
