/* SPDX-License-Identifier: MIT */
/* Function libraries. All nodes of a cluster have the same, so one of them is queried, once, for all
 * libraries.
 *
 *   FUNCTION LIST WITHCODE   [["library_name", name, ..., "library_code", code], ...] */
#include "base/bytes.h"
#include "base/fail.h"
#include "live/internal.h"
#include <stdlib.h>

static rf_code add_library(void *ctx, rf_slice name, rf_slice code, rf_error *error)
{
    rf_live *live = ctx;
    struct library *grown = realloc(live->libraries, (live->library_count + 1) * sizeof *grown);
    if (!grown)
        return fail(error, RF_E_MEMORY, "out of memory");
    live->libraries = grown;
    struct buffer copy = {0};
    if (!buffer_append(&copy, name))
        return fail(error, RF_E_MEMORY, "out of memory");
    grown[live->library_count++] = (struct library){buffer_slice(&copy), rf_digest_keyed(code),
                                                    rf_digest_library(code)};
    return RF_OK;
}

static const char command[] = "FUNCTION LIST";

/* One library: a flat array of names and values. */
static rf_code on_library(const rf_live *live, rf_slice *rest, live_library_fn fn, void *ctx, rf_error *error)
{
    rf_slice name = {0}, code = {0};
    struct reply head = reply_next(rest);
    if (head.kind != REPLY_ARRAY || head.number % 2 != 0)
        return client_refused(live_primary(live, 0)->client, command, head, error);
    for (int64_t left = head.number; left > 0; left -= 2) {
        struct reply what = reply_next(rest);
        reply_skip(rest, what);
        struct reply value = reply_next(rest);
        reply_skip(rest, value);
        if (slice_equal(what.text, SLICE("library_name")))
            name = value.text;
        else if (slice_equal(what.text, SLICE("library_code")))
            code = value.text;
    }
    return fn(ctx, name, code, error);
}

/* The error of servers before 7.0. */
static bool knows_no_functions(struct reply reply)
{
    static const char text[] = "ERR unknown command";
    return reply.kind == REPLY_ERROR && reply.text.len >= sizeof text - 1 &&
           memcmp(reply.text.ptr, text, sizeof text - 1) == 0;
}

rf_code live_list_libraries(rf_live *live, live_library_fn fn, void *ctx, rf_error *error)
{
    struct reply head;
    rf_slice rest;
    const rf_slice argv[] = {SLICE("FUNCTION"), SLICE("LIST"), SLICE("WITHCODE")};
    struct live_conn *node = live_primary(live, 0);
    TRY(live_call(live, node, node->db, argv, 3, &head, &rest, error));
    if (knows_no_functions(head))
        return RF_OK;
    if (head.kind != REPLY_ARRAY)
        return client_refused(node->client, command, head, error);
    for (int64_t left = head.number; left > 0; left--)
        TRY(on_library(live, &rest, fn, ctx, error));
    return RF_OK;
}

rf_code live_load_libraries(rf_live *live, rf_error *error)
{
    if (live->libraries_known)
        return RF_OK;
    TRY(live_list_libraries(live, add_library, live, error));
    live->libraries_known = true;
    return RF_OK;
}

rf_code live_check_library(rf_live *live, const rf_key_record *record, rf_error *error)
{
    rf_key_record after = *record;
    after.input = UINT32_MAX;
    after.offset = 0;
    TRY(live_load_libraries(live, error));
    for (size_t i = 0; i < live->library_count; i++)
        if (slice_equal(live->libraries[i].name, record->key)) {
            after.value = live->libraries[i].keyed;
            after.published = live->libraries[i].published;
            if (rf_key_record_differs(record, &after, 0))
                return live_report(live, RF_CHANGED, record, &after, error);
            return RF_OK;
        }
    return live_report(live, RF_REMOVED, record, NULL, error);
}

void live_free_libraries(rf_live *live)
{
    for (size_t i = 0; i < live->library_count; i++)
        free((void *)(uintptr_t)live->libraries[i].name.ptr);
    free(live->libraries);
}
