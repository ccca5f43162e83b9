/* SPDX-License-Identifier: MIT */
/* What results from the current command for one shard. There, a transaction has what the shard gets of it,
 * between a MULTI and an EXEC if that is more than one command. */
#include "base/bytes.h"
#include "base/fail.h"
#include "transform/command_rewrite.h"

/* --- transactions ----------------------------------------------------------------------------------------
 */

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

void command_end_transaction(rf_command_rewrite *c)
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

void command_put_control(rf_command_rewrite *c)
{
    rf_entry copy = *c->current.command;
    copy.db = c->current.db;
    add_result(c, &copy);
}

/* --- the commands that result ----------------------------------------------------------------------------
 */

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

rf_code command_put_as_is(rf_command_rewrite *c, rf_error *error)
{
    rf_entry *result = &c->results.entries[c->results.count];
    *result = *c->current.command;
    result->db = c->current.db;
    return put_result(c, error);
}
