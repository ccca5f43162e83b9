/* SPDX-License-Identifier: MIT */
/* Takes the shift of expiries off, on all primaries at once, because the clients wait for it in a cut-over.
 *
 *   SCAN cursor COUNT n   PEXPIRETIME key ...   PEXPIREAT key ms ...   for each database of each primary
 *
 * A round of a node sends SCAN for page n + 1, PEXPIRETIME for page n and PEXPIREAT for page n - 1, as soon
 * as the replies to the round before allow it, so that no node waits for another one or for us. What is
 * shifted is known by its size, so that the pass can be repeated. */
#include "base/bytes.h"
#include "base/fail.h"
#include "base/number.h"
#include "replay/internal.h"
#include <stdlib.h>
#include <string.h>

enum { ERROR_TEXT_MAX = 256 };

/* Names of keys. */
struct page {
    struct buffer bytes, lengths;
};

/* The pass over a node's database. */
struct node_pass {
    struct node *node;
    unsigned serial; /* of the control connection; 0: not open yet */
    uint8_t cursor[NUMBER_TEXT_MAX];
    size_t cursor_length;
    bool scanning;       /* the reply to SCAN is pending, */
    struct page queried; /* those to PEXPIRETIME of these keys, */
    size_t corrected;    /* and those to PEXPIREAT of so many */
    struct page found;   /* by the last SCAN */
    struct buffer expiries;
};

/* --- pages ---------------------------------------------------------------------------------------------- */

static size_t page_count(const struct page *page)
{
    return page->lengths.len / sizeof(size_t);
}

static void page_clear(struct page *page)
{
    page->bytes.len = page->lengths.len = 0;
}

static bool page_append(struct page *page, rf_slice key)
{
    return buffer_append(&page->bytes, key) &&
           buffer_append(&page->lengths, slice_of(&key.len, sizeof key.len));
}

/* Key number `index`, which begins at *offset; moves it to the next one. */
static rf_slice page_next(const struct page *page, size_t index, size_t *offset)
{
    const size_t length = ((const size_t *)(const void *)page->lengths.data)[index];
    const rf_slice key = slice_of(page->bytes.data + *offset, length);
    *offset += length;
    return key;
}

static void page_free(struct page *page)
{
    buffer_free(&page->bytes);
    buffer_free(&page->lengths);
}

/* --- replies -------------------------------------------------------------------------------------------- */

/* What a retry does not change is not retried. */
static rf_code refused(const struct node_pass *pass, const char *command, struct reply reply, rf_error *error)
{
    char text[ERROR_TEXT_MAX];
    if (!reply_refuses_command(reply))
        return client_refused(pass->node->control, command, reply, error);
    reply_text(reply, text, sizeof text);
    return fail(error, RF_E_INCOMPATIBLE, "%s: %s: %s", client_name(pass->node->control), command, text);
}

static rf_code read_number(const struct node_pass *pass, const char *command, int64_t *number,
                           rf_error *error)
{
    struct reply head;
    rf_slice rest;
    TRY(client_reply(pass->node->control, &head, &rest, error));
    *number = head.number;
    return head.kind == REPLY_NUMBER ? RF_OK : refused(pass, command, head, error);
}

/* [cursor, [key, ...]] */
static rf_code keep_found(struct node_pass *pass, struct reply head, rf_slice rest, rf_error *error)
{
    struct reply next = {0}, keys = {0};
    if (head.kind == REPLY_ARRAY && head.number == 2) {
        next = reply_next(&rest);
        reply_skip(&rest, next);
        keys = reply_next(&rest);
    }
    if (next.kind != REPLY_STRING || next.text.len == 0 || next.text.len > sizeof pass->cursor ||
        keys.kind != REPLY_ARRAY)
        return refused(pass, "SCAN", head, error);
    memcpy(pass->cursor, next.text.ptr, pass->cursor_length = next.text.len);
    for (int64_t left = keys.number; left > 0; left--) {
        struct reply key = reply_next(&rest);
        if (key.kind != REPLY_STRING)
            return refused(pass, "SCAN", key, error);
        if (!page_append(&pass->found, key.text))
            return fail(error, RF_E_MEMORY, "out of memory for names of keys");
    }
    return RF_OK;
}

/* --- a round of a node ---------------------------------------------------------------------------------- */

static rf_code put_scan(struct node_pass *pass, rf_error *error)
{
    const rf_slice argv[] = {SLICE("SCAN"), slice_of(pass->cursor, pass->cursor_length), SLICE("COUNT"),
                             SLICE("1000")};
    pass->scanning = true;
    return client_put(pass->node->control, argv, 4, error);
}

static rf_code read_scan(struct node_pass *pass, rf_error *error)
{
    struct reply head;
    rf_slice rest;
    page_clear(&pass->found);
    if (!pass->scanning)
        return RF_OK;
    TRY(client_reply(pass->node->control, &head, &rest, error));
    TRY(keep_found(pass, head, rest, error));
    pass->scanning = false;
    const bool is_last = pass->cursor_length == 1 && pass->cursor[0] == '0';
    return is_last ? RF_OK : put_scan(pass, error);
}

static rf_code query_found(const struct node_pass *pass, rf_error *error)
{
    size_t offset = 0;
    for (size_t i = 0; i < page_count(&pass->found); i++) {
        const rf_slice argv[] = {SLICE("PEXPIRETIME"), page_next(&pass->found, i, &offset)};
        TRY(client_put(pass->node->control, argv, 2, error));
    }
    return RF_OK;
}

static rf_code read_expiries(struct node_pass *pass, rf_error *error)
{
    int64_t ms;
    pass->expiries.len = 0;
    for (size_t left = page_count(&pass->queried); left > 0; left--) {
        TRY(read_number(pass, "PEXPIRETIME", &ms, error));
        if (!buffer_append(&pass->expiries, slice_of(&ms, sizeof ms)))
            return fail(error, RF_E_MEMORY, "out of memory for expiries");
    }
    return RF_OK;
}

static rf_code read_corrected(struct node_pass *pass, rf_error *error)
{
    int64_t done;
    for (; pass->corrected > 0; pass->corrected--)
        TRY(read_number(pass, "PEXPIREAT", &done, error));
    return RF_OK;
}

static rf_code put_at(const struct node_pass *pass, rf_slice key, int64_t ms, rf_error *error)
{
    uint8_t text[NUMBER_TEXT_MAX];
    const rf_slice argv[] = {SLICE("PEXPIREAT"), key, slice_of(text, number_print_i64(text, ms))};
    return client_put(pass->node->control, argv, 3, error);
}

static rf_code correct_queried(struct node_pass *pass, rf_error *error)
{
    size_t offset = 0;
    for (size_t i = 0; i < page_count(&pass->queried); i++) {
        const rf_slice key = page_next(&pass->queried, i, &offset);
        const int64_t ms = ((const int64_t *)(const void *)pass->expiries.data)[i] - RF_EXPIRY_SHIFT;
        if (!rf_expiry_is_shiftable(ms))
            continue;
        TRY(put_at(pass, key, ms, error));
        pass->corrected++;
    }
    return RF_OK;
}

static rf_code run_round(struct node_pass *pass, rf_error *error)
{
    const struct page queried = pass->queried;
    TRY(read_scan(pass, error));
    TRY(query_found(pass, error));
    TRY(read_expiries(pass, error));
    TRY(read_corrected(pass, error));
    TRY(correct_queried(pass, error));
    pass->queried = pass->found;
    pass->found = queried;
    return client_flush(pass->node->control, error);
}

/* --- all nodes ------------------------------------------------------------------------------------------ */

struct all_nodes {
    rf_replay *r;
    struct node_pass *passes; /* of each primary */
    size_t count;
};

/* WAIT is for what this connection has written. */
static rf_code check_connection(const struct node_pass *pass, rf_error *error)
{
    const struct node *node = pass->node;
    if (node->control && node->control_serial == pass->serial)
        return RF_OK;
    return fail(error, RF_E_UNAVAILABLE, "%s: connection lost", node->base.name);
}

/* The event loop may run meanwhile, for any of the nodes. */
static rf_code select_database(struct all_nodes *all, int64_t db, rf_error *error)
{
    for (size_t i = 0; i < all->count; i++) {
        struct node_pass *pass = &all->passes[i];
        TRY(reconcile_select_db(pass->node, db, error));
        pass->serial = pass->serial == 0 ? pass->node->control_serial : pass->serial;
    }
    for (size_t i = 0; i < all->count; i++)
        TRY(check_connection(&all->passes[i], error));
    return RF_OK;
}

static rf_code begin_scan(struct node_pass *pass, rf_error *error)
{
    pass->cursor[0] = '0';
    pass->cursor_length = 1;
    TRY(put_scan(pass, error));
    return client_flush(pass->node->control, error);
}

/* Nothing else may use the control connections until no replies are pending: only the tick goes on. */
static rf_code unshift_database(struct all_nodes *all, int64_t db, rf_error *error)
{
    bool pending = true;
    TRY(select_database(all, db, error));
    for (size_t i = 0; i < all->count; i++)
        TRY(begin_scan(&all->passes[i], error));
    while (pending) {
        pending = false;
        TRY(loop_tick(all->r, error));
        for (size_t i = 0; i < all->count; i++) {
            TRY(run_round(&all->passes[i], error));
            pending |= client_pending(all->passes[i].node->control) > 0;
        }
    }
    return RF_OK;
}

static rf_code unshift_nodes(struct all_nodes *all, rf_error *error)
{
    for (int64_t db = 0; db < all->r->info.databases; db++)
        TRY(unshift_database(all, db, error));
    for (size_t i = 0; i < all->count; i++) {
        TRY(control_run_timers(all->passes[i].node, error));
        TRY(check_connection(&all->passes[i], error));
        TRY(control_replicate(all->passes[i].node, error));
    }
    return RF_OK;
}

static rf_code attempt(rf_replay *r, rf_error *error)
{
    struct all_nodes all = {.r = r, .passes = calloc(r->map.node_count, sizeof *all.passes)};
    if (!all.passes)
        return fail(error, RF_E_MEMORY, "out of memory");
    for (size_t i = 0; i < r->map.node_count; i++)
        if (node_at(r, i)->base.primary)
            all.passes[all.count++].node = node_at(r, i);
    rf_code code = unshift_nodes(&all, error);
    for (size_t i = 0; i < all.count; i++) {
        page_free(&all.passes[i].queried);
        page_free(&all.passes[i].found);
        buffer_free(&all.passes[i].expiries);
    }
    free(all.passes);
    return code;
}

rf_code unshift_all(rf_replay *r, rf_error *error)
{
    return on_all_primaries(r, attempt, error);
}
