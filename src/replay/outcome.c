/* SPDX-License-Identifier: MIT */
/* Counts the outcomes of entries, and reports those that were not written. */
#include "base/bytes.h"
#include "base/fail.h"
#include "base/number.h"
#include "rdb/detail.h"
#include "replay/commands.h"
#include "replay/internal.h"
#include "resp/resp_write.h"
#include <rdbferry/compare.h>
#include <stdio.h>

void outcome_written(rf_replay *r, struct node *node, struct request *request, rf_slice key)
{
    const rf_entry written = {.kind = RF_ENTRY_KEY, .db = request->db, .key = key};
    detail_notify(&r->options.notify, &written, request->without);
    r->retry.backoff_ms = 0;
    if (UNLIKELY(r->waiting.since_ms != 0)) {
        const rf_target_wait wait = nodes_wait_options(r);
        waiting_end(&r->waiting, &wait, node->base.name);
    }
    if (request->kind == REQUEST_COMMAND)
        command_group_release(r, request);
    uint32_t keys = request->strings ? request->strings->count : request->kind == REQUEST_KEY;
    r->counts.written += keys;
    r->counts.restored += request->restored;
    node->keys += keys;
}

static void dead_letter_write(rf_replay *r, rf_slice bytes)
{
    rf_code code = r->options.dead_letter(r->options.ctx, bytes);
    if (code != RF_OK && r->error.code == RF_OK)
        fail(&r->error, code, "cannot write to the dead-letter file");
}

void outcome_select_dead_db(rf_replay *r, int64_t db)
{
    uint8_t text[NUMBER_TEXT_MAX], header[RESP_HEADER_MAX];
    if (!r->options.dead_letter || r->dead_letter_db == db)
        return;
    rf_slice number = {text, number_print_i64(text, db)};
    r->dead_letter_db = db;
    dead_letter_write(r, SLICE("*2\r\n$6\r\nSELECT\r\n"));
    dead_letter_write(r, slice_of(header, (size_t)(resp_print_header(header, '$', number.len) - header)));
    dead_letter_write(r, number);
    dead_letter_write(r, SLICE("\r\n"));
}

void outcome_put_dead_letter(rf_replay *r, const struct request *request, rf_slice commands)
{
    struct command command;
    if (commands.len == 0 || !r->options.dead_letter)
        return;
    outcome_select_dead_db(r, request->db);
    while (command_take(&commands, &command))
        if (request->kind != REQUEST_KEY || !command_is_passing(&command))
            dead_letter_write(r, command.whole);
}

static const struct {
    const char *name;
    rf_code code;
} failure_kinds[RF_FAILURE_KINDS] = {
    [RF_FAILURE_EXISTS] = {"exists", RF_E_TARGET},
    [RF_FAILURE_INDETERMINATE] = {"indeterminate", RF_E_TARGET},
    [RF_FAILURE_REFUSED] = {"rejected", RF_E_TARGET},
    [RF_FAILURE_UNSUPPORTED] = {"unsupported", RF_E_INCOMPATIBLE},
    [RF_FAILURE_DAMAGED] = {"damaged", RF_E_CORRUPT},
    [RF_FAILURE_FORBIDDEN] = {"forbidden", RF_E_INCOMPATIBLE},
    [RF_FAILURE_CHANGED] = {"changed", RF_E_TARGET},
    [RF_FAILURE_UNSPLITTABLE] = {"unsplittable", RF_E_INCOMPATIBLE},
};

const char *rf_failure_kind_name(rf_failure_kind kind)
{
    return failure_kinds[kind].name;
}

void outcome_failed(rf_replay *r, const struct request *request, rf_failure_kind kind, const char *reason,
                    rf_slice key, rf_slice commands)
{
    bool is_command = request->kind == REQUEST_COMMAND && request->seq > 0;
    struct command command = {.argc = 0};
    rf_slice rest = commands;
    if (is_command)
        command_take(&rest, &command);
    const rf_failure failure = {
        .kind = kind,
        .position = request->position,
        .db = request->db,
        .key = key,
        .is_command = is_command,
        .command = is_command && !r->options.resumed ? request->seq - r->commands.first_seq + 1 : 0,
        .argv = command.argv,
        .argc = command.argc < COMMAND_ARGS ? command.argc : COMMAND_ARGS,
        .reason = reason};
    r->counts.failed += request->kind == REQUEST_KEY && request->db != RF_LIBRARY;
    r->counts.failures[kind]++;
    if (r->options.failed)
        r->options.failed(r->options.ctx, &failure);
    outcome_put_dead_letter(r, request, commands);
    if (!r->options.fail_fast || r->error.code != RF_OK)
        return;
    if (failure.command > 0)
        fail(&r->error, failure_kinds[kind].code, "command %llu, %s", (unsigned long long)failure.command,
             reason);
    else
        fail(&r->error, failure_kinds[kind].code, "%s", reason);
    if (key.len > 0)
        error_key(&r->error, request->db, key);
}

/* What the entry replaces is not there either. */
static void outcome_absent(rf_replay *r, const struct request *request, rf_slice key)
{
    if (r->options.delete_absent)
        retry_delete_key(r, request, key);
}

void outcome_expired(rf_replay *r, const struct request *request, rf_slice key)
{
    r->counts.expired++;
    outcome_absent(r, request, key);
}

void outcome_empty(rf_replay *r, const struct request *request, rf_slice key)
{
    const rf_notice notice = {.code = RF_NOTICE_EMPTY_KEY,
                              .offset = (int64_t)request->position.offset,
                              .db = request->db,
                              .key = key,
                              .detail = "empty collection"};
    r->counts.empty++;
    outcome_absent(r, request, key);
    if (r->options.notify.fn)
        r->options.notify.fn(r->options.notify.ctx, &notice);
}

void outcome_exists(rf_replay *r, const struct request *request, rf_slice key, rf_slice commands)
{
    if (r->options.on_exists != RF_ON_EXISTS_SKIP) {
        outcome_failed(r, request, RF_FAILURE_EXISTS, "already exists on the target", key, commands);
        return;
    }
    r->counts.skipped++;
    if (r->options.skipped)
        r->options.skipped(r->options.ctx, request->db, key);
}
