/* SPDX-License-Identifier: MIT */
/* Transferring plain commands: they follow one that was written by itself, which has been checked for all. */
#include "cmd/run/transfer.h"

/* So that what is known of them fits into the fastest cache. */
enum { COMMANDS_MOST = 128 };

static bool takes_commands(const struct transfer *t)
{
    return t->commands.begun && t->sink && rf_sink_takes_commands(t->sink) && t->written->target.major == 0;
}

static size_t lesser(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Where few can be taken together, few are tried. */
rf_code transfer_commands(struct transfer *t, struct cursor *cursor, size_t most, size_t *count,
                          rf_error *error)
{
    rf_plain_command commands[COMMANDS_MOST];
    rf_plain_commands run;
    *count = 0;
    if (!takes_commands(t))
        return RF_OK;
    const size_t tried = lesser(most, lesser(t->commands.most + 1, COMMANDS_MOST));
    *count = cursor_next_commands(cursor, t->commands.db, commands, tried, &run);
    t->commands.most = *count == tried ? 2 * tried : *count;
    return run.count > 0 ? rf_sink_put_commands(t->sink, &run, error) : RF_OK;
}
