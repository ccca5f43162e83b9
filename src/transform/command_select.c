/* SPDX-License-Identifier: MIT */
/* The keys of a command: which are selected, and their new names. */
#include "base/bytes.h"
#include "base/fail.h"
#include "base/number.h"
#include "transform/command_rewrite.h"
#include "transform/filter.h"
#include "transform/rewrite_dbs.h"
#include <rdbferry/slot.h>
#include <stdlib.h>

/* The database of a key: the second one of MOVE and COPY ... DB may be in another one. */
static rf_code key_db(const rf_command_rewrite *c, size_t number, int64_t *db, rf_error *error)
{
    const rf_entry *command = c->current.command;
    size_t at = number == 1 ? command_db_argument(c->current.row, command) : 0;
    *db = c->current.source_db;
    if (at == 0)
        return RF_OK;
    if (at >= command->argc || !number_parse_i64(command->argv[at], db) || *db < 0)
        return command_refuse(c, NULL, "invalid database number", error);
    *db = db_names_of(&c->db_names, *db);
    return RF_OK;
}

/* Only rules that put something before every name of a database. */
static bool only_prefixes(const rf_rewrite *rewrite)
{
    return !rewrite ||
           (!rewrite_has_rules(rewrite, RULE_RENAME) && !rewrite_has_rules(rewrite, RULE_HASH_TAG));
}

/* Whether one of the keys is written and selected; patterns come last. */
static bool writes_selected(const rf_command_rewrite *c)
{
    const struct selected_key *keys = (const struct selected_key *)(const void *)c->keys.data;
    bool writes = false;
    for (size_t i = 0; i < c->keys.len / sizeof *keys && !writes && keys[i].at.role != KEY_PATTERN; i++)
        writes = keys[i].accepted && keys[i].at.role < KEY_READ;
    return writes;
}

/* A pattern stands for the names of keys that the command reads. */
static rf_code check_pattern(const rf_command_rewrite *c, rf_error *error)
{
    const rf_filter *filter = c->options.filter;
    if (!writes_selected(c))
        return RF_OK;
    if (filter && (filter->pattern_count > 0 || filter->uses_slots))
        return command_refuse(c, NULL, "its pattern may refer to keys that are not selected", error);
    if (is_divided(c))
        return command_refuse(c, NULL, "its pattern may refer to keys of other shards", error);
    if (!only_prefixes(c->options.rewrite))
        return command_refuse(c, NULL, "rules for names cannot be applied to its pattern", error);
    if (c->options.rewrite && rewrite_merges(c->options.rewrite, c->current.db))
        return command_refuse(
            c, NULL, "its pattern may refer to keys of other databases that are mapped to the same", error);
    return RF_OK;
}

/* A key's argument as a key. */
static rf_entry *entry_of(rf_command_rewrite *c, const struct selected_key *key)
{
    const rf_entry *command = c->current.command;
    c->key.offset = command->offset;
    c->key.db = key->db;
    c->key.key = command->argv[key->at.argument];
    c->key.slot = -1;
    return &c->key;
}

static inline bool is_told(const rf_command_rewrite_options *options, bool ambiguous)
{
    return options->written && (ambiguous || !options->ambiguous_only || !*options->ambiguous_only);
}

static inline rf_code rename_key(rf_command_rewrite *c, struct selected_key *key, rf_entry *entry,
                                 rf_error *error)
{
    const rf_filter *filter = c->options.filter;
    const rf_slice name = entry->key;
    bool ambiguous = false;
    if (c->options.rewrite)
        TRY(rf_rewrite_apply(c->options.rewrite, entry, &ambiguous, error));
    key->new_db = entry->db;
    key->name = entry->key;
    if (key->at.role == KEY_PATTERN)
        return RF_OK;
    if (is_divided(c) || (filter && filter->uses_slots))
        key->slot = rf_slot_of(entry->key);
    key->accepted = !filter || rf_filter_accepts_slot(filter, key->slot);
    if (!key->accepted)
        return RF_OK;
    return is_told(&c->options, ambiguous)
               ? c->options.written(c->options.ctx, entry, key->db, name, ambiguous, error)
               : RF_OK;
}

/* "#", and a pattern without "*", are no names. */
static rf_code select_pattern(rf_command_rewrite *c, struct selected_key *key, rf_entry *entry,
                              rf_error *error)
{
    rf_slice pattern = entry->key;
    key->accepted = true;
    key->name = pattern;
    if (pattern.len == 0 || !memchr(pattern.ptr, '*', pattern.len))
        return RF_OK;
    TRY(check_pattern(c, error));
    return rename_key(c, key, entry, error);
}

static inline rf_code select_key(rf_command_rewrite *c, struct selected_key *key, rf_error *error)
{
    rf_entry *entry = entry_of(c, key);
    if (key->at.role == KEY_PATTERN)
        return select_pattern(c, key, entry, error);
    const rf_command_history *history = c->options.history;
    key->flushed = history && rf_command_history_is_flushed(history, key->db, c->input, entry->offset);
    if (key->flushed)
        return RF_OK;
    rf_drop_reason drop = RF_DROP_NONE;
    if (c->options.filter)
        TRY(rf_filter_match(c->options.filter, entry, &drop, error));
    return drop == RF_DROP_NONE ? rename_key(c, key, entry, error) : RF_OK;
}

/* --- different keys stay different: a RENAME of a key to itself does nothing ---------------------------- */

struct apart {
    rf_slice name, source;
    int64_t db, source_db;
    const struct selected_key *key;
};

/* By new name, and then in the order of the command. */
static int compare_apart(const void *one, const void *other)
{
    const struct apart *a = one, *b = other;
    int order = a->db == b->db ? slice_compare(a->name, b->name) : (a->db > b->db) - (a->db < b->db);
    return order ? order : (a->key > b->key) - (a->key < b->key);
}

static rf_code sort_apart(rf_command_rewrite *c, rf_error *error)
{
    const struct current_command *current = &c->current;
    c->sorted.len = 0;
    for (size_t i = 0; i < current->key_count; i++) {
        const struct selected_key *key = &current->keys[i];
        if (!key->accepted || key->at.role == KEY_PATTERN)
            continue;
        const struct apart apart = {key->name, current->command->argv[key->at.argument], key->new_db, key->db,
                                    key};
        if (!buffer_append(&c->sorted, slice_of(&apart, sizeof apart)))
            return command_out_of_memory(error);
    }
    if (c->sorted.len > 0)
        qsort(c->sorted.data, c->sorted.len / sizeof(struct apart), sizeof(struct apart), compare_apart);
    return RF_OK;
}

static rf_code check_apart(rf_command_rewrite *c, rf_error *error)
{
    const struct current_command *current = &c->current;
    const struct apart *found = NULL;
    if (current->row->kind == CLASS_ONE || current->row->kind == CLASS_EACH || !c->options.rewrite ||
        rf_rewrite_keeps_names(c->options.rewrite))
        return RF_OK;
    TRY(sort_apart(c, error));
    const struct apart *sorted = (const struct apart *)(const void *)c->sorted.data;
    for (size_t i = 1; i < c->sorted.len / sizeof *sorted && !found; i++) {
        const struct apart *a = &sorted[i - 1], *b = &sorted[i];
        bool same = a->source_db == b->source_db && slice_equal(a->source, b->source);
        if (!same && a->db == b->db && slice_equal(a->name, b->name))
            found = b;
    }
    if (!found)
        return RF_OK;
    command_refuse(c, found->key, "another of its keys maps to the same name as what is", error);
    return error->code = RF_E_COLLISION;
}

/* --- all keys ------------------------------------------------------------------------------------------- */

/* The next rewritten name takes the place of this one. */
static rf_code keep_name(rf_command_rewrite *c, struct selected_key *key, rf_error *error)
{
    if (!key->accepted || key->name.ptr == c->current.command->argv[key->at.argument].ptr)
        return RF_OK;
    uint8_t *name = arena_alloc(&c->names, key->name.len + 1);
    if (!name)
        return command_out_of_memory(error);
    bytes_copy(name, key->name.ptr, key->name.len);
    key->name.ptr = name;
    return RF_OK;
}

static rf_code add_key(rf_command_rewrite *c, struct command_key at, int64_t db, rf_error *error)
{
    struct current_command *current = &c->current;
    if (!buffer_reserve(&c->keys, sizeof(struct selected_key)))
        return command_out_of_memory(error);
    struct selected_key *key = (struct selected_key *)(void *)(c->keys.data + c->keys.len);
    *key = (struct selected_key){.at = at, .db = db, .new_db = db};
    TRY(select_key(c, key, error));
    TRY(keep_name(c, key, error));
    c->keys.len += sizeof *key;
    current->keys = (struct selected_key *)(void *)c->keys.data;
    current->key_count++;
    current->names += at.role != KEY_PATTERN;
    if (at.argument >= current->keys_end)
        current->keys_end = at.argument + 1;
    return RF_OK;
}

COLD static rf_code refuse_count(const rf_command_rewrite *c, rf_error *error)
{
    return command_refuse(c, NULL, "wrong number of arguments", error);
}

rf_code command_select(rf_command_rewrite *c, rf_error *error)
{
    struct command_key_walk walk;
    struct command_key at;
    int64_t db;
    c->keys.len = 0;
    arena_reset(&c->names);
    command_keys_begin(&walk, c->current.row, c->current.command);
    for (size_t i = 0; command_keys_next(&walk, &at); i++) {
        TRY(key_db(c, i, &db, error));
        TRY(add_key(c, at, db, error));
    }
    return walk.wrong ? refuse_count(c, error) : check_apart(c, error);
}

/* There is room for one key always. */
rf_code command_select_one(rf_command_rewrite *c, rf_error *error)
{
    struct current_command *current = &c->current;
    const struct key_term *term = current->row->terms;
    const size_t argument = (size_t)term->first;
    struct selected_key *key = (struct selected_key *)(void *)c->keys.data;
    if (argument >= current->command->argc)
        return refuse_count(c, error);
    *key = (struct selected_key){.at = {argument, (enum key_role)term->role, 1},
                                 .db = current->source_db,
                                 .new_db = current->source_db};
    TRY(select_key(c, key, error));
    current->keys = key;
    current->key_count = 1;
    current->keys_end = argument + 1;
    return RF_OK;
}
