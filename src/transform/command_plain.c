/* SPDX-License-Identifier: MIT */
/* Plain commands: each has one key, which is selected and renamed as that of any other command. */
#include "base/bytes.h"
#include "transform/command_rewrite.h"
#include "transform/filter.h"
#include "transform/rewrite_names.h"
#include <rdbferry/slot.h>

/* Whether commands with keys of this database, from `offset` on, need no more than to be selected and
 * renamed. The flushes of a log come before the commands that they do not concern. */
static bool is_plain(const rf_command_rewrite *c, uint64_t offset)
{
    const rf_command_rewrite_options *options = &c->options;
    const bool tells_others = options->written && !(options->ambiguous_only && *options->ambiguous_only);
    return !c->multi.open && !tells_others &&
           !(options->history &&
             rf_command_history_is_flushed(options->history, c->last_db.source_db, c->input, offset));
}

/* False: it has to be put by itself. */
static inline bool filter_key(rf_command_rewrite *c, const rf_plain_command *command, bool *accepted)
{
    rf_drop_reason drop;
    rf_error error;
    c->key.db = c->last_db.source_db;
    c->key.key = command->key;
    c->key.slot = -1;
    const bool answered = rf_filter_match(c->options.filter, &c->key, &drop, &error) == RF_OK;
    *accepted = drop == RF_DROP_NONE;
    return answered;
}

static inline void set_slot(rf_plain_command *command)
{
    command->slot = (int)rf_slot_of(command->key);
}

static inline bool choose(rf_command_rewrite *c, rf_plain_command *command, bool *accepted)
{
    const rf_filter *filter = c->options.filter;
    if (!filter_key(c, command, accepted))
        return false;
    if (!*accepted)
        return true;
    if (c->options.rewrite &&
        rewrite_plain_commands(c->options.rewrite, c->last_db.source_db, command, 1) == 0)
        return false;
    if (is_divided(c) || filter->uses_slots)
        set_slot(command);
    *accepted = rf_filter_accepts_slot(filter, (unsigned)command->slot);
    return true;
}

/* Some are left out. */
static size_t choose_some(rf_command_rewrite *c, rf_plain_commands *run)
{
    rf_plain_command *const commands = run->commands;
    size_t taken = 0, kept = 0;
    bool accepted;
    for (; taken < run->count && choose(c, &commands[taken], &accepted); taken++) {
        c->counts.dropped += !accepted;
        if (accepted && kept++ < taken)
            commands[kept - 1] = commands[taken];
    }
    run->count = kept;
    return taken;
}

/* Commands with the key of the one before are frequent. */
static void set_slots(rf_plain_commands *run)
{
    rf_plain_command *const commands = run->commands;
    for (size_t i = 0; i < run->count; i++)
        if (i > 0 && slice_equal(commands[i].key, commands[i - 1].key))
            commands[i].slot = commands[i - 1].slot;
        else
            set_slot(&commands[i]);
}

static size_t take_all(rf_command_rewrite *c, rf_plain_commands *run)
{
    if (c->options.rewrite)
        run->count = rewrite_plain_commands(c->options.rewrite, c->last_db.source_db, run->commands,
                                            run->count);
    if (is_divided(c))
        set_slots(run);
    return run->count;
}

size_t rf_command_rewrite_plain(rf_command_rewrite *c, rf_plain_commands *run)
{
    if (run->db != c->last_db.of)
        command_enter_db(c, run->db);
    c->results.count = c->results.next = 0;
    if (c->options.rewrite)
        rf_rewrite_release_names(c->options.rewrite);
    if (!is_plain(c, run->offset))
        run->count = 0;
    run->db = c->last_db.db;
    return c->options.filter ? choose_some(c, run) : take_all(c, run);
}
