/* SPDX-License-Identifier: MIT */
/* Rewrites the commands of an AOF, one for each shard, and regroups transactions. Which keys are selected is
 * decided in transform/command_select.c, what is written of a command in transform/command_narrow.c. */
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

/* --- results and transactions --------------------------------------------------------------------------- */

static void add_result(rf_command_rewrite *c, const rf_entry *entry)
{
    rf_entry *result = &c->results.entries[c->results.count++];
    *result = *entry;
    result->slot = c->slot;
}

static void add_word(rf_command_rewrite *c, const rf_slice *word, uint64_t offset, int64_t db)
{
    rf_entry entry;
    command_entry_clear(&entry);
    entry.offset = offset;
    entry.db = db;
    entry.argv = word;
    entry.argc = 1;
    add_result(c, &entry);
}

/* Keeps a copy of the first command of a transaction. */
static rf_code hold(struct transaction *t, const rf_entry *command, rf_error *error)
{
    t->bytes.len = t->arguments.len = 0;
    if (!buffer_reserve(&t->bytes, 1))
        return command_out_of_memory(error);
    for (size_t i = 0; i < command->argc; i++)
        if (!buffer_append(&t->bytes, command->argv[i]))
            return command_out_of_memory(error);
    const uint8_t *at = t->bytes.data;
    for (size_t i = 0; i < command->argc; at += command->argv[i++].len) {
        const rf_slice argument = {at, command->argv[i].len};
        if (!buffer_append(&t->arguments, slice_of(&argument, sizeof argument)))
            return command_out_of_memory(error);
    }
    t->first = *command;
    t->first.argv = (const rf_slice *)(const void *)t->arguments.data;
    t->first.raw.len = 0;
    return RF_OK;
}

/* A command that is streamed cannot be held back: its transaction has a MULTI in any case. */
static rf_code put_in_transaction(rf_command_rewrite *c, const rf_entry *command, rf_error *error)
{
    static const rf_slice multi = {(const uint8_t *)"MULTI", 5};
    struct transaction *t = &c->transactions[c->shard];
    bool is_first = t->number != c->multi.number, keeps = !is_first && t->keeps_first;
    t->number = c->multi.number;
    t->keeps_first = is_first && !command->rest;
    if (t->keeps_first)
        return hold(t, command, error);
    if (is_first || keeps)
        add_word(c, &multi, c->multi.offset, is_first ? command->db : t->first.db);
    if (keeps)
        add_result(c, &t->first);
    add_result(c, command);
    return RF_OK;
}

/* The next result has been made. */
static inline rf_code put_result(rf_command_rewrite *c, rf_error *error)
{
    rf_entry *result = &c->results.entries[c->results.count];
    c->current.written = true;
    if (c->multi.open && !c->options.by_slot) {
        const rf_entry command = *result;
        return put_in_transaction(c, &command, error);
    }
    result->slot = c->slot;
    c->results.count++;
    return RF_OK;
}

static void end_transaction(rf_command_rewrite *c)
{
    static const rf_slice word = {(const uint8_t *)"EXEC", 4};
    struct transaction *t = &c->transactions[c->shard];
    if (c->multi.number == 0 || t->number != c->multi.number)
        return;
    if (t->keeps_first)
        add_result(c, &t->first);
    else
        add_word(c, &word, c->current.command->offset, c->current.db);
    t->number = 0;
}

rf_code command_argument(rf_command_rewrite *c, rf_slice argument, rf_error *error)
{
    return buffer_append(&c->arguments, slice_of(&argument, sizeof argument)) ? RF_OK
                                                                              : command_out_of_memory(error);
}

/* The arguments after the last key of a result are bytes of the log. */
static inline void keep_rest(const struct current_command *current, rf_entry *result)
{
    const rf_entry *command = current->command;
    const rf_slice raw = command->raw;
    size_t from = current->keys_end;
    result->row = command->row;
    result->rest = command->rest;
    result->rest_count = command->rest_count;
    result->raw = (rf_slice){0};
    if (raw.len == 0 || command->raw_from > from)
        return;
    const uint8_t *start = from > command->raw_from
                               ? command->argv[from - 1].ptr + command->argv[from - 1].len + 2
                               : raw.ptr;
    result->raw = (rf_slice){start, (size_t)(raw.ptr + raw.len - start)};
    result->raw_from = from;
}

/* What is not set here is as command_entry_clear() leaves it. */
static inline rf_entry *next_result(rf_command_rewrite *c, int64_t db, size_t argc)
{
    rf_entry *result = &c->results.entries[c->results.count];
    result->offset = c->current.command->offset;
    result->db = db;
    result->argv = (const rf_slice *)(const void *)c->arguments.data;
    result->argc = argc;
    result->time = 0;
    result->db_unknown = false;
    return result;
}

rf_code command_end(rf_command_rewrite *c, int64_t db, rf_error *error)
{
    rf_entry *result = next_result(c, db, c->arguments.len / sizeof(rf_slice));
    result->row = 0;
    result->rest = NULL;
    result->rest_count = 0;
    result->raw = (rf_slice){0};
    return put_result(c, error);
}

rf_code command_put_whole(rf_command_rewrite *c, rf_error *error)
{
    const struct current_command *current = &c->current;
    const rf_entry *command = current->command;
    const size_t size = command->argc * sizeof(rf_slice);
    c->arguments.len = 0;
    if (!buffer_reserve(&c->arguments, size))
        return command_out_of_memory(error);
    rf_slice *argv = (rf_slice *)(void *)c->arguments.data;
    memcpy(argv, command->argv, size);
    for (const struct selected_key *key = current->keys, *end = key + current->key_count; key < end; key++)
        if (key->selected)
            argv[key->at.argument] = key->name;
    keep_rest(current, next_result(c, current->db, command->argc));
    return put_result(c, error);
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
    rf_entry *result = &c->results.entries[c->results.count];
    *result = *c->current.command;
    result->db = c->current.db;
    return put_result(c, error);
}

/* MULTI and EXEC, which concern all slots. */
static void put_control(rf_command_rewrite *c)
{
    rf_entry copy = *c->current.command;
    copy.db = c->current.db;
    add_result(c, &copy);
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
            put_control(c);
        else if (!c->multi.open)
            end_transaction(c);
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
