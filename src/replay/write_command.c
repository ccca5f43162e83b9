/* SPDX-License-Identifier: MIT */
/* Replays AOF commands one at a time, unchanged; transactions as a whole.
 *
 * Commands that could harm the server are not sent: commands that do not belong in an AOF
 * (command/forbidden.c), and RESTORE with a payload that was not verified, or is known to be unsupported. */
#include "base/bytes.h"
#include "base/fail.h"
#include "base/number.h"
#include "rdb/dump_payload.h"
#include "replay/commands.h"
#include "replay/internal.h"
#include "replay/modules.h"
#include "resp/resp_write.h"
#include <rdbferry/command.h>
#include <stdio.h>

/* --- commands that are not sent ------------------------------------------------------------------------ */

static void reject(rf_replay *r, const rf_entry *entry, rf_failure_kind kind, const char *why)
{
    char name[64], reason[512];
    const struct request request = {.kind = REQUEST_COMMAND,
                                    .seq = r->current.seq,
                                    .position = r->current.position,
                                    .db = (int32_t)entry->db};
    command_name(entry->argv[0], name, sizeof name);
    snprintf(reason, sizeof reason, "%s: %s", name, why);
    outcome_failed(r, &request, kind, reason, (rf_slice){0}, (rf_slice){0});
}

/* Checks the value in a payload. *valid: it may be sent. */
static rf_code check_payload(rf_replay *r, const rf_entry *entry, rf_entry *value, bool *valid,
                             rf_error *error)
{
    rf_error why;
    uint64_t elements;
    const char *unknown;
    char module[10] = "";
    *valid = false;
    if ((value->type == RF_MODULE && rf_value_module(value->value, module, &why) != RF_OK) ||
        rf_value_check(value->value, &elements, &why) != RF_OK) {
        reject(r, entry, RF_FAILURE_DAMAGED, why.message);
        return RF_OK;
    }
    if (!dump_payload_accepted(value, r->info.server)) {
        reject(r, entry, RF_FAILURE_UNSUPPORTED, "the server does not support this payload format");
        return RF_OK;
    }
    *valid = true;
    if (!*module)
        return RF_OK;
    TRY(modules_learn_with_retry(r, entry->argv[1], error));
    *valid = modules_allow(nodes_of_key(r, entry->argv[1]), module, &unknown);
    if (!*valid)
        reject(r, entry, RF_FAILURE_UNSUPPORTED, unknown);
    return RF_OK;
}

/* RESTORE key ttl payload ... */
static rf_code check_restore(rf_replay *r, const rf_entry *entry, bool *valid, rf_error *error)
{
    struct dump_payload dump;
    rf_entry value;
    rf_error why;
    if (entry->argc < 4)
        return RF_OK;
    *valid = false;
    if (dump_payload_open(&dump, entry->argv[3], entry->db, entry->argv[1], "RESTORE", &value, &why) !=
        RF_OK) {
        reject(r, entry, RF_FAILURE_DAMAGED, why.message);
        return RF_OK;
    }
    rf_code code = check_payload(r, entry, &value, valid, error);
    dump_payload_close(&dump);
    return code;
}

static rf_code check_allowed(rf_replay *r, const rf_entry *entry, bool *allowed, rf_error *error)
{
    bool nested = r->transaction.open && slice_is_word(entry->argv[0], "MULTI");
    *allowed = !nested && !rf_command_is_forbidden(entry);
    if (!*allowed)
        reject(r, entry, RF_FAILURE_FORBIDDEN, "this command is never replayed");
    else if (slice_is_word(entry->argv[0], "RESTORE") || slice_is_word(entry->argv[0], "RESTORE-ASKING"))
        return check_restore(r, entry, allowed, error);
    return RF_OK;
}

/* --- one command ---------------------------------------------------------------------------------------- */

static rf_code send_alone(rf_replay *r, const rf_entry *entry, rf_error *error)
{
    struct request *request;
    struct pipeline *pipeline;
    TRY(pipeline_for_command(r, entry->db, &pipeline, error));
    TRY(pipeline_begin(pipeline, &request, error));
    *request = (struct request){.kind = REQUEST_COMMAND,
                                .start = request->start,
                                .seq = r->current.seq,
                                .position = r->current.position,
                                .entries = 1,
                                .db = (int32_t)entry->db,
                                .expire_ms = RF_NO_EXPIRY};
    command_put(&pipeline->out, entry->argv, entry->argc);
    TRY(pipeline_end(pipeline, 1, error));
    return pipeline_flush_if_full(r, pipeline, error);
}

/* --- transactions --------------------------------------------------------------------------------------- */

static rf_code append_command(struct transaction *t, const rf_slice *argv, size_t argc, rf_error *error)
{
    size_t size = RESP_HEADER_MAX;
    for (size_t i = 0; i < argc; i++)
        size += argv[i].len + BULK_EXTRA;
    if (!buffer_reserve(&t->bytes, size))
        return fail(error, RF_E_MEMORY, "out of memory for a transaction");
    uint8_t *p = resp_print_header(t->bytes.data + t->bytes.len, '*', argc);
    for (size_t i = 0; i < argc; i++)
        p = resp_print_bulk(p, argv[i]);
    t->bytes.len = (size_t)(p - t->bytes.data);
    return RF_OK;
}

static rf_code begin_transaction(rf_replay *r, const rf_entry *entry, rf_error *error)
{
    struct transaction *t = &r->transaction;
    struct buffer bytes = t->bytes;
    bytes.len = 0;
    *t = (struct transaction){.open = true,
                              .seq = r->current.seq,
                              .position = r->current.position,
                              .db = entry->db,
                              .selected = entry->db,
                              .bytes = bytes,
                              .entries = 1};
    return append_command(t, entry->argv, entry->argc, error);
}

/* The reader has removed SELECT, which is queued like any other command. */
static rf_code queue_command(rf_replay *r, const rf_entry *entry, rf_error *error)
{
    uint8_t text[NUMBER_TEXT_MAX];
    struct transaction *t = &r->transaction;
    if (t->selected != entry->db) {
        const rf_slice select[] = {SLICE("SELECT"), {text, number_print_i64(text, entry->db)}};
        TRY(append_command(t, select, 2, error));
        t->selected = entry->db;
        t->queued++;
    }
    t->queued++;
    t->entries++;
    return append_command(t, entry->argv, entry->argc, error);
}

/* Only the reply of a transaction that contains SELECT could tell which database is selected afterwards. */
static rf_code end_transaction(rf_replay *r, const rf_entry *exec, rf_error *error)
{
    struct transaction *t = &r->transaction;
    struct request *request;
    struct pipeline *pipeline;
    TRY(pipeline_for_command(r, t->db, &pipeline, error));
    TRY(pipeline_begin(pipeline, &request, error));
    *request = (struct request){.kind = REQUEST_COMMAND,
                                .start = request->start,
                                .seq = t->seq,
                                .position = t->position,
                                .transaction = true,
                                .queued = t->queued,
                                .entries = t->entries + 1,
                                .db = (int32_t)t->db,
                                .expire_ms = RF_NO_EXPIRY};
    outbuf_put(&pipeline->out, t->bytes.data, t->bytes.len);
    command_put(&pipeline->out, exec->argv, exec->argc);
    TRY(pipeline_end(pipeline, t->queued + 2, error));
    pipeline->db = t->selected == t->db ? t->db : DB_UNKNOWN;
    t->open = false;
    return pipeline_flush_if_full(r, pipeline, error);
}

/* The transaction is discarded. */
static rf_code discard_transaction(rf_replay *r)
{
    r->counts.commands += r->transaction.entries + 1;
    r->transaction.open = false;
    return RF_OK;
}

/* --- all commands -------------------------------------------------------------------------------------- */

static rf_code check_argument_sizes(const rf_replay *r, const rf_entry *entry, rf_error *error)
{
    for (size_t i = 0; i < entry->argc; i++)
        if (entry->argv[i].len > r->limits.longest)
            return fail(error, RF_E_INCOMPATIBLE,
                        "a command argument exceeds the server's proto-max-bulk-len");
    return RF_OK;
}

rf_code write_command(rf_replay *r, const rf_entry *entry, rf_error *error)
{
    bool allowed;
    TRY(check_argument_sizes(r, entry, error));
    TRY(check_allowed(r, entry, &allowed, error));
    if (!allowed)
        return RF_OK;
    if (slice_is_word(entry->argv[0], "MULTI"))
        return begin_transaction(r, entry, error);
    if (!r->transaction.open)
        return send_alone(r, entry, error);
    if (slice_is_word(entry->argv[0], "EXEC"))
        return end_transaction(r, entry, error);
    return slice_is_word(entry->argv[0], "DISCARD") ? discard_transaction(r) : queue_command(r, entry, error);
}
