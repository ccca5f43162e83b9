/* SPDX-License-Identifier: MIT */
/* Rewrites the commands of an AOF, for one shard after the other. Which keys are selected is decided in
 * transform/command_select.c, what is written of a command in transform/command_narrow.c. */
#include "transform/command_rewrite.h"
#include "base/bytes.h"
#include "base/fail.h"
#include "transform/filter.h"
#include "transform/rewrite_dbs.h"
#include <rdbferry/command.h>
#include <stdlib.h>

rf_code rf_command_rewrite_open(const rf_command_rewrite_options *options, rf_command_rewrite **out,
                                rf_error *error)
{
    const rf_filter *filter = options->filter;
    *out = NULL;
    if (filter && (rf_filter_uses_types(filter) || filter->expired != RF_EXPIRED_KEEP))
        return fail(error, RF_E_ARGUMENT,
                    "AOF commands cannot be filtered by type or expiry, which are not in them");
    *out = calloc(1, sizeof **out);
    if (!*out)
        return fail(error, RF_E_MEMORY, "out of memory");
    (*out)->options = *options;
    (*out)->last_db.of = -1;
    for (size_t i = 0; i < RESULTS; i++)
        command_entry_clear(&(*out)->results.entries[i]);
    if (filter && rf_filter_is_all(filter))
        (*out)->options.filter = NULL;
    (*out)->key = (rf_entry){.kind = RF_ENTRY_KEY, .expire_ms = RF_NO_EXPIRY};
    (*out)->shard_count = options->topology  ? rf_topology_shards(options->topology)
                          : options->by_slot ? RF_SLOTS
                                             : 1;
    (*out)->transaction_count = options->by_slot ? 0 : (*out)->shard_count;
    (*out)->transactions = calloc((*out)->transaction_count + 1, sizeof *(*out)->transactions);
    if ((*out)->transactions && buffer_reserve(&(*out)->keys, sizeof(struct selected_key)) &&
        (!options->history || db_names_begin(&(*out)->db_names, options->history)))
        return RF_OK;
    rf_command_rewrite_close(*out);
    *out = NULL;
    return fail(error, RF_E_MEMORY, "out of memory");
}

void rf_command_rewrite_close(rf_command_rewrite *c)
{
    if (!c)
        return;
    buffer_free(&c->keys);
    arena_free(&c->names);
    buffer_free(&c->arguments);
    buffer_free(&c->sorted);
    for (size_t i = 0; c->transactions && i < c->transaction_count; i++) {
        buffer_free(&c->transactions[i].bytes);
        buffer_free(&c->transactions[i].arguments);
    }
    free(c->transactions);
    buffer_free(&c->db_names.names);
    free(c);
}

rf_command_rewrite_counts rf_command_rewrite_counts_get(const rf_command_rewrite *c)
{
    return c->counts;
}

int64_t rf_command_rewrite_db(const rf_command_rewrite *c, int64_t db)
{
    const int64_t source = db_names_of(&c->db_names, db);
    return c->options.rewrite ? rewrite_new_db(c->options.rewrite, source) : source;
}

bool rf_command_rewrite_is_pending(const rf_command_rewrite *c)
{
    return c->results.next < c->results.count || c->current.command;
}

void rf_command_rewrite_clear(rf_command_rewrite *c)
{
    c->counts = (rf_command_rewrite_counts){0};
    c->results.count = c->results.next = 0;
    c->current.command = NULL;
}

rf_code command_refuse(const rf_command_rewrite *c, const struct selected_key *key, const char *why,
                       rf_error *error)
{
    const rf_entry *command = c->current.command;
    const char *known = c->current.row ? c->current.row->name : NULL;
    rf_slice name = command->argv[0];
    fail(error, RF_E_INCOMPATIBLE, "%.*s: %s",
         known ? (int)strlen(known) : (int)(name.len < 64 ? name.len : 64),
         known ? known : (const char *)name.ptr, why);
    error->offset = (int64_t)command->offset;
    if (key)
        error_key(error, key->db, command->argv[key->at.argument]);
    return error->code;
}

rf_code command_out_of_memory(rf_error *error)
{
    return fail(error, RF_E_MEMORY, "out of memory for an AOF command");
}

/* --- shards --------------------------------------------------------------------------------------------- */

static bool is_in_shard(const rf_command_rewrite *c, const struct selected_key *key)
{
    if (c->options.by_slot)
        return key->slot == c->shard;
    return !c->options.topology || rf_topology_of_slot(c->options.topology, key->slot) == c->shard;
}

static int slot_of_shard(const rf_command_rewrite *c)
{
    if (c->options.by_slot)
        return c->current.key_count > 0 ? (int)c->shard : -1;
    return c->options.topology ? rf_topology_shard(c->options.topology, c->shard)->ranges[0].first : -1;
}

/* Selects the keys of the shard; false: there are none, so the command does not concern it. */
static bool select_shard(rf_command_rewrite *c)
{
    struct current_command *current = &c->current;
    current->selected = 0;
    for (size_t i = 0; i < current->key_count; i++) {
        struct selected_key *key = &current->keys[i];
        key->selected = key->accepted && (key->at.role == KEY_PATTERN || is_in_shard(c, key));
        current->selected += key->selected && key->at.role != KEY_PATTERN;
    }
    return current->selected > 0 || current->key_count == 0;
}

/* The next slot of a key, from `from` on. */
static size_t next_slot(const rf_command_rewrite *c, size_t from)
{
    const struct current_command *current = &c->current;
    size_t next = RF_SLOTS;
    for (size_t i = 0; i < current->key_count; i++) {
        const struct selected_key *key = &current->keys[i];
        if (key->accepted && key->at.role != KEY_PATTERN && key->slot >= from && key->slot < next)
            next = key->slot;
    }
    return next < RF_SLOTS ? next : c->shard_count;
}

/* The shard of the only key; otherwise all shards are asked in turn. */
static void find_shards(rf_command_rewrite *c)
{
    struct current_command *current = &c->current;
    current->next_shard = 0;
    if (c->options.by_slot && current->key_count > 0)
        current->next_shard = next_slot(c, 0);
    if (c->options.topology && current->key_count == 1 && current->keys[0].accepted)
        current->next_shard = rf_topology_of_slot(c->options.topology, current->keys[0].slot);
}

static rf_code put_unknown(rf_command_rewrite *c, rf_error *error)
{
    if (c->options.unknown == RF_UNKNOWN_FAIL || (c->options.unknown == RF_UNKNOWN_COPY && is_divided(c)))
        return command_refuse(
            c, NULL, "the keys of this command are not known (see --command-keys, --unknown-commands)",
            error);
    if (c->options.unknown == RF_UNKNOWN_DROP) {
        if (c->options.unknown_left_out)
            c->options.unknown_left_out(c->options.ctx, c->current.command);
        return RF_OK;
    }
    return command_put_as_is(c, error);
}

/* Writes what the shard gets of the current command. */
static rf_code put_shard(rf_command_rewrite *c, rf_error *error)
{
    c->results.count = c->results.next = 0;
    c->arguments.len = 0;
    c->slot = slot_of_shard(c);
    if (!c->current.row)
        return put_unknown(c, error);
    if (c->current.row->kind == CLASS_CONTROL) {
        if (c->options.by_slot)
            command_put_control(c);
        else if (!c->multi.open)
            command_end_transaction(c);
        return RF_OK;
    }
    return select_shard(c) ? command_narrow(c, error) : RF_OK;
}

/* --- commands ------------------------------------------------------------------------------------------- */

/* Servers ignore a MULTI inside of a transaction, and an EXEC outside. */
static void control(rf_command_rewrite *c, const rf_entry *command)
{
    bool was_open = c->multi.open;
    c->multi.open = slice_is_word(command->argv[0], "MULTI");
    if (!c->multi.open || was_open)
        return;
    c->multi.number++;
    c->multi.offset = command->offset;
}

static rf_code rename_dbs(rf_command_rewrite *c, rf_error *error)
{
    int64_t dbs[2];
    if (!swapped_dbs(c->current.command, dbs))
        return command_refuse(c, NULL, "invalid database numbers", error);
    c->last_db.of = -1;
    return db_names_swap(&c->db_names, dbs[0], dbs[1]) ? RF_OK : command_out_of_memory(error);
}

void rf_command_rewrite_enter(rf_command_rewrite *c, uint32_t input)
{
    c->input = input;
    c->multi.open = false;
    c->results.count = c->results.next = 0;
    c->current.command = NULL;
}

static inline const struct command_row *find_row(rf_command_rewrite *c, const rf_entry *command)
{
    const struct command_row *row = command_row_find(command);
    for (size_t i = 0; !row && i < c->options.more_count; i++) {
        const rf_command_keys *more = &c->options.more_commands[i];
        if (!slice_is_word(command->argv[0], more->name))
            continue;
        c->more_row = command_row_of_range(more->name, more->first, more->last, more->step);
        row = &c->more_row;
    }
    return row;
}

/* Whether a streamed command can be written without its rest being known: its keys are before it, and it goes
 * to one output. */
static bool can_stream(const rf_command_rewrite *c, const struct command_row *row, size_t argc)
{
    if (!row || row->kind == CLASS_DROP)
        return true;
    return (row->kind == CLASS_ONE && command_row_keys_end(row) <= argc) ||
           (row->kind == CLASS_KEEP && c->shard_count == 1);
}

/* Most commands are in the same database as the one before. */
void command_enter_db(rf_command_rewrite *c, int64_t db)
{
    int64_t source = db_names_of(&c->db_names, db);
    c->last_db.of = db;
    c->last_db.source_db = source;
    c->last_db.db = c->options.rewrite ? rewrite_new_db(c->options.rewrite, source) : source;
}

/* Each by itself: to clear a struct of this size compilers use an instruction that takes longer than that. */
static inline void set_current(rf_command_rewrite *c, const rf_entry *command, const struct command_row *row)
{
    struct current_command *current = &c->current;
    current->command = command;
    current->row = row;
    current->keys = NULL;
    current->key_count = current->selected = 0;
    current->names = current->keys_end = 0;
    current->source_db = c->last_db.source_db;
    current->db = c->last_db.db;
    current->written = false;
    current->next_shard = 0;
}

static inline rf_code begin_command(rf_command_rewrite *c, const rf_entry *command, rf_error *error)
{
    const struct command_row *row = find_row(c, command);
    if (UNLIKELY(command->rest != NULL) && !can_stream(c, row, command->argc)) {
        c->held = *command;
        command = &c->held;
        TRY(rf_command_hold(&c->held, error));
        row = find_row(c, command);
    }
    if (UNLIKELY(command->db != c->last_db.of))
        command_enter_db(c, command->db);
    set_current(c, command, row);
    return RF_OK;
}

/* The results for all shards have been made. */
static void end_command(rf_command_rewrite *c)
{
    struct current_command *current = &c->current;
    bool control = current->row && current->row->kind == CLASS_CONTROL;
    c->counts.dropped += !current->written && !control;
    current->command = NULL;
}

/* Makes the results for the next shard that gets any; without one there are none. */
static rf_code make_results(rf_command_rewrite *c, rf_error *error)
{
    c->results.count = c->results.next = 0;
    while (c->results.count == 0 && c->current.next_shard < c->shard_count) {
        c->shard = c->current.next_shard++;
        if (c->options.by_slot)
            c->current.next_shard = c->current.key_count > 0 ? next_slot(c, c->shard + 1) : c->shard_count;
        else if (c->current.key_count == 1)
            c->current.next_shard = c->shard_count;
        TRY(put_shard(c, error));
    }
    if (c->current.next_shard == c->shard_count)
        end_command(c);
    return RF_OK;
}

/* A command with one key, where it always is, has one result, or none. */
static rf_code put_one(rf_command_rewrite *c, rf_error *error)
{
    TRY(command_select_one(c, error));
    struct selected_key *key = c->current.keys;
    key->selected = key->accepted;
    if (key->selected) {
        c->slot = is_divided(c) ? (int)key->slot : -1;
        c->shard = c->options.topology  ? rf_topology_of_slot(c->options.topology, key->slot)
                   : c->options.by_slot ? key->slot
                                        : 0;
        TRY(command_put_whole(c, error));
    }
    end_command(c);
    return RF_OK;
}

/* --- commands that are left out ------------------------------------------------------------------------- */

static rf_code list_keys(rf_command_rewrite *c, rf_error *error)
{
    const struct selected_key *keys = (const struct selected_key *)(const void *)c->keys.data;
    c->sorted.len = 0;
    for (size_t i = 0; i < c->keys.len / sizeof *keys; i++) {
        const rf_entry key = {.kind = RF_ENTRY_KEY, .db = keys[i].new_db, .key = keys[i].name};
        if (keys[i].accepted && keys[i].at.role != KEY_PATTERN &&
            !buffer_append(&c->sorted, slice_of(&key, sizeof key)))
            return command_out_of_memory(error);
    }
    return RF_OK;
}

/* Leaves out the current command if the caller wants that of what cannot be written. */
static __attribute__((noinline)) rf_code refuse(rf_command_rewrite *c, rf_code code, rf_error *error)
{
    if (code != RF_E_INCOMPATIBLE || !c->options.refused || c->current.names == 0)
        return code;
    rf_entry command = *c->current.command;
    const rf_error why = *error;
    TRY(rf_command_hold(&command, error));
    TRY(list_keys(c, error));
    c->results.count = c->results.next = 0;
    c->current.command = NULL;
    return c->options.refused(c->options.ctx,
                              &(rf_refused_command){.command = &command,
                                                    .keys = (const rf_entry *)(const void *)c->sorted.data,
                                                    .key_count = c->sorted.len / sizeof(rf_entry),
                                                    .why = &why},
                              error);
}

/* A command that is refused for one slot is refused before the result for another one is returned. */
static rf_code check_all_slots(rf_command_rewrite *c, rf_error *error)
{
    const struct current_command start = c->current;
    const rf_command_rewrite_counts counts = c->counts;
    if (!c->options.by_slot || c->current.names < 2 || next_slot(c, start.next_shard + 1) == RF_SLOTS)
        return RF_OK;
    rf_code code = RF_OK;
    while (c->current.command && code == RF_OK)
        code = make_results(c, error);
    c->results.count = 0;
    c->current = start;
    c->counts = counts;
    return code;
}

/* --- the interface -------------------------------------------------------------------------------------- */

static inline rf_code put_command(rf_command_rewrite *c, const rf_entry *command, rf_error *error)
{
    TRY(begin_command(c, command, error));
    command = c->current.command;
    if (!c->current.row)
        return RF_OK;
    if (LIKELY(command_row_has_one_key(c->current.row)))
        return put_one(c, error);
    if (c->current.row->kind == CLASS_CONTROL)
        control(c, command);
    else if (c->current.row->kind == CLASS_SWAP_DBS && c->options.history)
        TRY(rename_dbs(c, error));
    else
        TRY(command_select(c, error));
    find_shards(c);
    return check_all_slots(c, error);
}

rf_code rf_command_rewrite_put(rf_command_rewrite *c, const rf_entry *command, rf_error *error)
{
    c->results.count = c->results.next = 0;
    rf_code code = put_command(c, command, error);
    return LIKELY(code == RF_OK) ? RF_OK : refuse(c, code, error);
}

static __attribute__((noinline)) rf_code next_results(rf_command_rewrite *c, rf_entry **out, rf_error *error)
{
    rf_code code = make_results(c, error);
    if (code != RF_OK)
        TRY(refuse(c, code, error));
    if (c->results.count == 0)
        return RF_END;
    *out = &c->results.entries[c->results.next++];
    return RF_OK;
}

rf_code rf_command_rewrite_next(rf_command_rewrite *c, rf_entry **out, rf_error *error)
{
    if (c->results.next == c->results.count)
        return c->current.command ? next_results(c, out, error) : RF_END;
    *out = &c->results.entries[c->results.next++];
    return RF_OK;
}
