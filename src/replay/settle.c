/* SPDX-License-Identifier: MIT */
/* Counts the outcomes of entries, and reports those that were not written. */
#include "base/bytes.h"
#include "base/fail.h"
#include "base/number.h"
#include "replay/commands.h"
#include "replay/replay.h"
#include "resp/resp_write.h"
#include <rdbferry/compare.h>
#include <stdio.h>

void settle_written(rf_replay *r, struct node *node, const struct parcel *parcel)
{
    r->pause_ms = 0;
    if (parcel->kind == PARCEL_COMMAND)
        r->counts.commands += parcel->entries;
    if (parcel->kind != PARCEL_KEY)
        return;
    r->counts.written++;
    r->counts.restored += parcel->restored;
    node->keys++;
}

static void post(rf_replay *r, rf_slice bytes)
{
    rf_code code = r->options.dead_letter(r->options.ctx, bytes);
    if (code != RF_OK && r->error.code == RF_OK)
        fail(&r->error, code, "cannot write to the dead-letter file");
}

void settle_begin_letter(rf_replay *r, int64_t db)
{
    uint8_t text[NUMBER_TEXT_MAX], header[RESP_HEADER_MAX];
    if (!r->options.dead_letter || r->dead_db == db)
        return;
    rf_slice number = {text, number_print_i64(text, db)};
    r->dead_db = db;
    post(r, SLICE("*2\r\n$6\r\nSELECT\r\n"));
    post(r, slice_of(header, (size_t)(resp_print_header(header, '$', number.len) - header)));
    post(r, number);
    post(r, SLICE("\r\n"));
}

/* A transaction may leave another database selected. */
void settle_post(rf_replay *r, const struct parcel *parcel, rf_slice commands)
{
    struct command command;
    if (commands.len == 0 || !r->options.dead_letter)
        return;
    settle_begin_letter(r, parcel->db);
    while (command_take(&commands, &command))
        if (parcel->kind != PARCEL_KEY || !command_is_passing(&command))
            post(r, command.whole);
    if (parcel->kind == PARCEL_COMMAND && parcel->transaction)
        r->dead_db = -1;
}

void settle_failed(rf_replay *r, const struct parcel *parcel, rf_failure_kind kind, const char *reason,
                   rf_slice key, rf_slice commands)
{
    static const rf_code codes[RF_FAILURE_KINDS] = {
        [RF_FAILURE_EXISTS] = RF_E_TARGET,   [RF_FAILURE_DOUBTFUL] = RF_E_TARGET,
        [RF_FAILURE_REFUSED] = RF_E_TARGET,  [RF_FAILURE_UNSAYABLE] = RF_E_UNSAYABLE,
        [RF_FAILURE_DAMAGED] = RF_E_CORRUPT, [RF_FAILURE_FORBIDDEN] = RF_E_UNSAYABLE,
    };
    const rf_failure failure = {kind, parcel->place, parcel->db, key, reason};
    r->counts.failed += parcel->kind == PARCEL_KEY && parcel->db != RF_LIBRARY;
    r->counts.failures[kind]++;
    if (r->options.failed)
        r->options.failed(r->options.ctx, &failure);
    settle_post(r, parcel, commands);
    if (!r->options.fail_fast || r->error.code != RF_OK)
        return;
    fail(&r->error, codes[kind], "%s", reason);
    if (key.len > 0)
        error_key(&r->error, parcel->db, key);
}

void settle_empty(rf_replay *r, const struct parcel *parcel, rf_slice key)
{
    const rf_notice notice = {.code = RF_NOTICE_EMPTY_KEY,
                              .offset = (int64_t)parcel->place.offset,
                              .db = parcel->db,
                              .key = key,
                              .detail = "empty collection"};
    r->counts.empty++;
    if (r->options.notify.fn)
        r->options.notify.fn(r->options.notify.ctx, &notice);
}

void settle_exists(rf_replay *r, const struct parcel *parcel, rf_slice key, rf_slice commands)
{
    if (r->options.on_exists != RF_ON_EXISTS_SKIP) {
        settle_failed(r, parcel, RF_FAILURE_EXISTS, "already exists on the target", key, commands);
        return;
    }
    r->counts.skipped++;
    if (r->options.skipped)
        r->options.skipped(r->options.ctx, parcel->db, key);
}
