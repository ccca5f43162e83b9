/* SPDX-License-Identifier: MIT */
/* Accepts the commands of an AOF: those that could harm the server, or change nothing, are not sent.
 *
 * Commands that do not belong in an AOF are rejected (command/forbidden.c), and RESTORE with a payload that
 * was not verified, or is known to be unsupported. */
#include "base/bytes.h"
#include "base/fail.h"
#include "base/number.h"
#include "rdb/dump_payload.h"
#include "replay/client_form.h"
#include "replay/commands.h"
#include "replay/internal.h"
#include "replay/modules.h"
#include "resp/resp_write.h"
#include <rdbferry/command.h>
#include <stdio.h>

/* --- commands that are not sent ------------------------------------------------------------------------ */

static void fail_command(rf_replay *r, const rf_entry *entry, rf_position position, rf_failure_kind kind,
                         const char *why, rf_slice encoded)
{
    char name[64], reason[512];
    const struct request request = {
        .kind = REQUEST_COMMAND, .seq = r->current.seq, .position = position, .db = (int32_t)entry->db};
    command_name(entry->argv[0], name, sizeof name);
    snprintf(reason, sizeof reason, "%s: %s", name, why);
    outcome_failed(r, &request, kind, reason, (rf_slice){0}, encoded);
}

void write_reject(rf_replay *r, const rf_entry *entry, rf_failure_kind kind, const char *why)
{
    fail_command(r, entry, r->current.position, kind, why, (rf_slice){0});
}

rf_code write_refused(rf_replay *r, uint32_t input, const rf_entry *command, const char *why, bool saved,
                      rf_error *error)
{
    r->bytes.len = 0;
    if (saved && !resp_append_command(&r->bytes, command->argv, command->argc))
        return fail(error, RF_E_MEMORY, "out of memory for a command");
    fail_command(r, command, (rf_position){input, command->offset}, RF_FAILURE_UNSPLITTABLE, why,
                 buffer_slice(&r->bytes));
    return replay_ended(r, error);
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
        write_reject(r, entry, RF_FAILURE_DAMAGED, why.message);
        return RF_OK;
    }
    if (!dump_payload_accepted(value, r->info.server)) {
        write_reject(r, entry, RF_FAILURE_UNSUPPORTED, "the server does not support this payload format");
        return RF_OK;
    }
    *valid = true;
    if (!*module)
        return RF_OK;
    TRY(modules_learn_with_retry(r, entry->argv[1], error));
    *valid = modules_allow(nodes_of_key(r, entry->argv[1]), module, &unknown);
    if (!*valid)
        write_reject(r, entry, RF_FAILURE_UNSUPPORTED, unknown);
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
        write_reject(r, entry, RF_FAILURE_DAMAGED, why.message);
        return RF_OK;
    }
    rf_code code = check_payload(r, entry, &value, valid, error);
    dump_payload_close(&dump);
    return code;
}

static rf_code check_allowed(rf_replay *r, const rf_entry *entry, bool *allowed, rf_error *error)
{
    *allowed = !rf_command_is_forbidden(entry);
    if (!*allowed)
        write_reject(r, entry, RF_FAILURE_FORBIDDEN, "this command is never replayed");
    else if (slice_is_word(entry->argv[0], "RESTORE") || slice_is_word(entry->argv[0], "RESTORE-ASKING"))
        return check_restore(r, entry, allowed, error);
    return RF_OK;
}

static rf_code check_argument_sizes(const rf_replay *r, const rf_entry *entry, rf_error *error)
{
    for (size_t i = 0; i < entry->argc; i++)
        if (entry->argv[i].len > r->limits.longest)
            return fail(error, RF_E_INCOMPATIBLE,
                        "a command argument exceeds the server's proto-max-bulk-len");
    return RF_OK;
}

/* --- transactions -------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    void (*put)(rf_replay *r);
} controls[] = {
    {"MULTI", command_queue_multi}, {"EXEC", command_queue_exec}, {"DISCARD", command_queue_discard}};

/* Servers ignore a MULTI inside of a transaction, and an EXEC outside. */
static bool put_control(rf_replay *r, const rf_entry *entry)
{
    for (size_t i = 0; i < sizeof controls / sizeof *controls; i++)
        if (slice_is_word(entry->argv[0], controls[i].name)) {
            if (r->commands.transaction.open == (i > 0))
                controls[i].put(r);
            r->counts.commands++;
            return true;
        }
    return false;
}

/* --- resuming ------------------------------------------------------------------------------------------ */

/* *wanted: the earlier run has not applied the current command. */
static rf_code check_resumed(rf_replay *r, const struct slot_queue *queue, bool *wanted, rf_error *error)
{
    const rf_position position = r->current.position;
    *wanted = !rf_position_before(position, queue->done);
    r->counts.commands_resumed += !*wanted;
    if (*wanted && rf_position_before(position, r->options.commands_until))
        return fail(error, RF_E_TARGET,
                    "the target has lost the command at offset 0x%llx, which it had acknowledged: empty it, "
                    "and start "
                    "again",
                    (unsigned long long)position.offset);
    return RF_OK;
}

/* --- databases ----------------------------------------------------------------------------------------- */

/* SWAPDB carries the position key away, which is written anew at the end of the group. */
static rf_code put_swap(rf_replay *r, struct slot_queue *queue, const rf_entry *swap, rf_error *error)
{
    int64_t dbs[2];
    if (swap->argc != 3 || !number_parse_i64(swap->argv[1], &dbs[0]) ||
        !number_parse_i64(swap->argv[2], &dbs[1]) || (dbs[0] == 0) == (dbs[1] == 0) ||
        r->options.no_transactions)
        return command_queue_put(r, queue, swap, 1, error);
    if (!position_key_make(r->options.run, 0, NO_SLOT, &r->name))
        return fail(error, RF_E_MEMORY, "out of memory");
    const rf_slice remove[] = {write_unlink_name(r), buffer_slice(&r->name)};
    const rf_entry commands[] = {*swap, {.db = dbs[0] == 0 ? dbs[1] : dbs[0], .argv = remove, .argc = 2}};
    return command_queue_put(r, queue, commands, 2, error);
}

/* --- all commands -------------------------------------------------------------------------------------- */

static rf_code put_allowed(rf_replay *r, const rf_entry *entry, rf_error *error)
{
    bool allowed;
    if (command_is_barrier(r, entry))
        return command_barrier(r, entry, error);
    struct slot_queue *queue = command_queue_of(r, entry->slot < 0 ? 0 : (unsigned)entry->slot);
    TRY(check_resumed(r, queue, &allowed, error));
    if (!allowed)
        return RF_OK;
    return slice_is_word(entry->argv[0], "SWAPDB") ? put_swap(r, queue, entry, error)
                                                   : command_queue_put(r, queue, entry, 1, error);
}

rf_code write_command(rf_replay *r, const rf_entry *entry, rf_error *error)
{
    bool allowed, dropped;
    rf_entry form;
    if (put_control(r, entry))
        return RF_OK;
    TRY(check_argument_sizes(r, entry, error));
    if (!client_form(entry, &r->arguments, &form, &dropped))
        return fail(error, RF_E_MEMORY, "out of memory for a command");
    r->counts.commands += dropped;
    if (dropped)
        return RF_OK;
    TRY(check_allowed(r, &form, &allowed, error));
    return allowed ? put_allowed(r, &form, error) : RF_OK;
}
