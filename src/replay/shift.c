/* SPDX-License-Identifier: MIT */
/* Lets the target expire nothing while a log is written: a constant is added to all absolute expiries, and
 * taken off at the end. Conditions such as GT and LT keep their meaning.
 *
 *   SCAN cursor COUNT n   PEXPIRETIME key ...   PEXPIREAT key ms ...   for each database of each primary
 *
 * What is shifted is known by its size, so that the pass can be repeated. */
#include "base/bytes.h"
#include "base/fail.h"
#include "base/number.h"
#include "command/command_expiry.h"
#include "replay/internal.h"
#include <stdlib.h>
#include <string.h>

enum { ERROR_TEXT_MAX = 256 };

/* --- what is put --------------------------------------------------------------------------------------- */

static rf_code shift_command(struct expiry_shift *shift, rf_entry *command, rf_error *error)
{
    struct command_expiry expiry;
    if (!command_expiry_find(command, &expiry) || expiry.of_elements || !rf_expiry_is_shiftable(expiry.ms))
        return RF_OK;
    size_t size = command->argc * sizeof(rf_slice);
    shift->argv.len = 0;
    if (!buffer_append(&shift->argv, slice_of(command->argv, size)))
        return fail(error, RF_E_MEMORY, "out of memory for a command");
    rf_slice *argv = (rf_slice *)(void *)shift->argv.data;
    int64_t ms = expiry.ms + RF_EXPIRY_SHIFT;
    size_t length = number_print_i64(shift->text, expiry.in_seconds ? ms / 1000 : ms);
    argv[expiry.argument] = slice_of(shift->text, length);
    command->argv = argv;
    command->raw.len = 0;
    return RF_OK;
}

rf_code shift_entry(rf_replay *r, rf_entry *entry, rf_error *error)
{
    if (LIKELY(!r->shift.on))
        return RF_OK;
    if (entry->kind == RF_ENTRY_KEY)
        entry->expire_ms = rf_expiry_shifted(entry->expire_ms);
    return entry->kind == RF_ENTRY_COMMAND ? shift_command(&r->shift, entry, error) : RF_OK;
}

/* --- the pass at the end -------------------------------------------------------------------------------- */

struct pass {
    rf_replay *r;
    struct node *node;
    uint8_t cursor[NUMBER_TEXT_MAX];
    size_t cursor_length;
    struct buffer names, lengths, expiries; /* of a page of keys */
};

/* What a retry does not change is not retried. */
static rf_code refused(const struct pass *pass, const char *command, struct reply reply, rf_error *error)
{
    char text[ERROR_TEXT_MAX];
    if (!reply_refuses_command(reply))
        return client_refused(pass->node->control, command, reply, error);
    reply_text(reply, text, sizeof text);
    return fail(error, RF_E_INCOMPATIBLE, "%s: %s: %s", client_name(pass->node->control), command, text);
}

static rf_code put_at(struct pass *pass, rf_slice key, int64_t ms, rf_error *error)
{
    uint8_t text[NUMBER_TEXT_MAX];
    const rf_slice argv[] = {SLICE("PEXPIREAT"), key, slice_of(text, number_print_i64(text, ms))};
    return client_put(pass->node->control, argv, 3, error);
}

static rf_code keep_page(struct pass *pass, struct reply head, rf_slice rest, rf_error *error)
{
    struct reply next = {0}, keys = {0};
    pass->names.len = pass->lengths.len = pass->expiries.len = 0;
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
        if (!buffer_append(&pass->names, key.text) ||
            !buffer_append(&pass->lengths, slice_of(&key.text.len, sizeof key.text.len)))
            return fail(error, RF_E_MEMORY, "out of memory for names of keys");
    }
    return RF_OK;
}

static rf_code scan_page(struct pass *pass, rf_error *error)
{
    const rf_slice argv[] = {SLICE("SCAN"), slice_of(pass->cursor, pass->cursor_length), SLICE("COUNT"),
                             SLICE("1000")};
    struct reply head;
    rf_slice rest;
    TRY(control_call(pass->node->control, argv, 4, &head, &rest, error));
    return keep_page(pass, head, rest, error);
}

static rf_slice next_key(const struct pass *pass, size_t index, size_t *offset)
{
    const size_t length = ((const size_t *)(const void *)pass->lengths.data)[index];
    const rf_slice key = slice_of(pass->names.data + *offset, length);
    *offset += length;
    return key;
}

static rf_code read_number(struct pass *pass, const char *command, int64_t *number, rf_error *error)
{
    struct reply head;
    rf_slice rest;
    TRY(client_reply(pass->node->control, &head, &rest, error));
    *number = head.number;
    return head.kind == REPLY_NUMBER ? RF_OK : refused(pass, command, head, error);
}

static rf_code unshift_page(struct pass *pass, rf_error *error)
{
    size_t count = pass->lengths.len / sizeof(size_t), offset = 0, sent = 0;
    int64_t ms;
    for (size_t i = 0; i < count; i++) {
        const rf_slice argv[] = {SLICE("PEXPIRETIME"), next_key(pass, i, &offset)};
        TRY(client_put(pass->node->control, argv, 2, error));
    }
    for (size_t i = 0; i < count; i++) {
        TRY(read_number(pass, "PEXPIRETIME", &ms, error));
        if (!buffer_append(&pass->expiries, slice_of(&ms, sizeof ms)))
            return fail(error, RF_E_MEMORY, "out of memory for expiries");
    }
    offset = 0;
    for (size_t i = 0; i < count; i++) {
        const rf_slice key = next_key(pass, i, &offset);
        ms = ((const int64_t *)(const void *)pass->expiries.data)[i] - RF_EXPIRY_SHIFT;
        if (!rf_expiry_is_shiftable(ms))
            continue;
        TRY(put_at(pass, key, ms, error));
        sent++;
    }
    for (size_t i = 0; i < sent; i++)
        TRY(read_number(pass, "PEXPIREAT", &ms, error));
    return RF_OK;
}

static rf_code unshift_database(struct pass *pass, rf_error *error)
{
    pass->cursor[0] = '0';
    pass->cursor_length = 1;
    do {
        TRY(control_run_timers(pass->node, error));
        TRY(scan_page(pass, error));
        TRY(unshift_page(pass, error));
    } while (pass->cursor_length != 1 || pass->cursor[0] != '0');
    return RF_OK;
}

static rf_code unshift_node(void *ctx, struct node *node, bool retrying, rf_error *error)
{
    struct pass *pass = ctx;
    (void)retrying;
    pass->node = node;
    for (int64_t db = 0; db < pass->r->info.databases; db++) {
        TRY(reconcile_select_db(node, db, error));
        TRY(unshift_database(pass, error));
    }
    return control_replicate(node, error);
}

rf_code shift_remove(rf_replay *r, rf_error *error)
{
    struct pass pass = {.r = r};
    rf_code code = on_each_primary(r, unshift_node, &pass, error);
    buffer_free(&pass.names);
    buffer_free(&pass.lengths);
    buffer_free(&pass.expiries);
    return code;
}
