/* SPDX-License-Identifier: MIT */
/* Checks that the logs of several nodes do not concern each other's keys. */
#include "cmd/run/joined_logs.h"
#include "base/bytes.h"
#include "base/fail.h"
#include <rdbferry/command.h>
#include <stdlib.h>
#include <string.h>

void joined_logs_free(struct joined_logs *logs)
{
    if (!logs)
        return;
    key_set_free(&logs->shared);
    buffer_free(&logs->text);
    free(logs);
}

static size_t operand_of(const struct common_options *common, size_t input)
{
    size_t operand = 0;
    while (input >= common->operand_ends[operand])
        operand++;
    return operand;
}

rf_code joined_logs_key(struct joined_logs *logs, const struct common_options *common, size_t input,
                        int64_t db, rf_slice key, rf_error *error)
{
    unsigned slot = rf_slot_of(key);
    size_t operand = operand_of(common, input);
    uint32_t *owner = &logs->owners[slot];
    if (*owner == 0)
        *owner = (uint32_t)operand + 1;
    if (*owner == operand + 1)
        return RF_OK;
    fail(error, RF_E_COLLISION,
         "slot %u is in %.100s and in %.100s: inputs with AOF commands can be joined if no slot is in two",
         slot, common->operands[*owner - 1], common->operands[operand]);
    error_key(error, db, key);
    return error->code;
}

static rf_code refuse(const rf_entry *command, const char *why, rf_error *error)
{
    fail(error, RF_E_INCOMPATIBLE, "%.*s: %s", command->argv[0].len < 64 ? (int)command->argv[0].len : 64,
         (const char *)command->argv[0].ptr, why);
    error->offset = (int64_t)command->offset;
    return error->code;
}

/* Its arguments, each after its length. */
static bool format(struct joined_logs *logs, const rf_entry *command)
{
    logs->text.len = 0;
    for (size_t i = 1; i < command->argc; i++) {
        uint64_t length = command->argv[i].len;
        if (!buffer_append(&logs->text, (rf_slice){(const uint8_t *)&length, sizeof length}) ||
            !buffer_append(&logs->text, command->argv[i]))
            return false;
    }
    return true;
}

rf_code joined_logs_command(struct joined_logs *logs, const struct common_options *common, size_t input,
                            rf_entry *command, bool *drop, rf_error *error)
{
    static const char *const databases[] = {"FLUSHALL", "FLUSHDB", "SWAPDB", NULL};
    static const char *const shared[] = {"FUNCTION", "SCRIPT", NULL};
    *drop = false;
    if (slice_is_one_of(command->argv[0], databases))
        return refuse(
            command,
            "it would change the keys of the other inputs: cut the log before it (--until-offset) or "
            "leave it out (--drop-at)",
            error);
    if (!slice_is_one_of(command->argv[0], shared))
        return RF_OK;
    TRY(rf_command_hold(command, error));
    if (!format(logs, command))
        return fail(error, RF_E_MEMORY, "out of memory");
    if (operand_of(common, input) == 0) {
        key_set_add(&logs->shared, 0, buffer_slice(&logs->text));
        return RF_OK;
    }
    *drop = key_set_has(&logs->shared, 0, buffer_slice(&logs->text));
    return *drop ? RF_OK : refuse(command, "it is not in the log of the first input", error);
}
