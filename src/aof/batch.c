/* SPDX-License-Identifier: MIT */
/* The public functions of a batch. */
#include "aof/batch.h"
#include "aof/aof_commands.h"
#include "rdb/strings.h"
#include <stdlib.h>

rf_batch *rf_batch_new(void)
{
    return calloc(1, sizeof(rf_batch));
}

void rf_batch_free(rf_batch *batch)
{
    if (!batch)
        return;
    rdb_batch_close(&batch->keys);
    aof_batch_close(&batch->commands);
    free(batch);
}

static bool has_commands(const rf_batch *batch)
{
    return batch->commands.block != NULL;
}

void rf_batch_notify(rf_batch *batch, rf_notify notify)
{
    batch->keys.notify = notify;
}

rf_code rf_batch_next(rf_batch *batch, rf_entry *entry, rf_error *error)
{
    return has_commands(batch) ? aof_batch_next(&batch->commands, entry, error)
                               : rdb_batch_next(&batch->keys, entry, error);
}

void rf_batch_next_strings(rf_batch *batch, rf_string *keys, size_t most, rf_strings *strings)
{
    strings->count = 0;
    if (!has_commands(batch))
        rdb_strings_next(&batch->keys.reader, keys, most, strings);
}

void rf_batch_peek_commands(rf_batch *batch, rf_plain_command *commands, size_t most, rf_plain_commands *run)
{
    run->count = 0;
    if (has_commands(batch))
        aof_commands_peek(&batch->commands.reader, commands, most, run);
}

void rf_batch_skip_commands(rf_batch *batch, const rf_plain_command *last)
{
    aof_commands_skip(&batch->commands.reader, last);
}

void rf_batch_mark(rf_batch *batch)
{
    if (has_commands(batch))
        aof_batch_mark(&batch->commands);
    else
        rdb_batch_mark(&batch->keys);
}

void rf_batch_restart(rf_batch *batch)
{
    if (has_commands(batch))
        aof_batch_restart(&batch->commands);
    else
        rdb_batch_restart(&batch->keys);
}

bool rf_batch_is_done(const rf_batch *batch)
{
    return has_commands(batch) ? aof_batch_is_done(&batch->commands) : rdb_batch_is_done(&batch->keys);
}

uint64_t rf_batch_offset(const rf_batch *batch)
{
    return has_commands(batch) ? aof_batch_offset(&batch->commands) : rdb_batch_offset(&batch->keys);
}

void rf_batch_end(rf_batch *batch)
{
    if (has_commands(batch))
        aof_batch_end(&batch->commands);
    else
        rdb_batch_end(&batch->keys);
}
