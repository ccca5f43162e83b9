/* SPDX-License-Identifier: MIT */
/* Lets the target expire nothing while a log is written: a constant is added to all absolute expiries, and
 * taken off at the end (unshift.c). Conditions such as GT and LT keep their meaning. */
#include "base/bytes.h"
#include "base/fail.h"
#include "base/number.h"
#include "command/command_expiry.h"
#include "replay/internal.h"

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
