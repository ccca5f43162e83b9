/* SPDX-License-Identifier: MIT */
/* Rewrites the commands of an AOF: selects and renames their keys, and regroups transactions. What is written
 * of a command is decided in transform/command_narrow.c. */
#include "transform/command_rewrite.h"
#include "base/bytes.h"
#include "base/fail.h"
#include "base/number.h"
#include "transform/filter.h"
#include "transform/rewrite_dbs.h"
#include <rdbferry/slot.h>
#include <stdio.h>
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
    return RF_OK;
}

void rf_command_rewrite_close(rf_command_rewrite *c)
{
    if (!c)
        return;
    buffer_free(&c->keys);
    buffer_free(&c->names);
    buffer_free(&c->arguments);
    buffer_free(&c->sorted);
    buffer_free(&c->transaction.bytes);
    buffer_free(&c->transaction.arguments);
    free(c);
}

rf_command_rewrite_counts rf_command_rewrite_counts_get(const rf_command_rewrite *c)
{
    return c->counts;
}

rf_code command_refuse(const rf_command_rewrite *c, const struct selected_key *key, const char *why,
                       rf_error *error)
{
    const rf_entry *command = c->current.entry;
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

static rf_code out_of_memory(rf_error *error)
{
    return fail(error, RF_E_MEMORY, "out of memory for an AOF command");
}

/* --- results and transactions --------------------------------------------------------------------------- */

static void add_result(rf_command_rewrite *c, const rf_entry *entry)
{
    c->results.entries[c->results.count++] = *entry;
}

static void add_word(rf_command_rewrite *c, const rf_slice *word, uint64_t offset, int64_t db)
{
    const rf_entry entry = {.kind = RF_ENTRY_COMMAND,
                            .offset = offset,
                            .db = db,
                            .slot = -1,
                            .expire_ms = RF_NO_EXPIRY,
                            .argv = word,
                            .argc = 1};
    add_result(c, &entry);
}

/* Keeps a copy of the first command of a transaction. */
static rf_code hold(rf_command_rewrite *c, const rf_entry *command, rf_error *error)
{
    struct buffer *bytes = &c->transaction.bytes, *arguments = &c->transaction.arguments;
    bytes->len = arguments->len = 0;
    for (size_t i = 0; i < command->argc; i++)
        if (!buffer_append(bytes, command->argv[i]))
            return out_of_memory(error);
    const uint8_t *at = bytes->data;
    for (size_t i = 0; i < command->argc; at += command->argv[i++].len) {
        const rf_slice argument = {at, command->argv[i].len};
        if (!buffer_append(arguments, slice_of(&argument, sizeof argument)))
            return out_of_memory(error);
    }
    c->transaction.first = *command;
    c->transaction.first.argv = (const rf_slice *)(const void *)arguments->data;
    return RF_OK;
}

static rf_code put_result(rf_command_rewrite *c, const rf_entry *command, rf_error *error)
{
    static const rf_slice multi = {(const uint8_t *)"MULTI", 5};
    uint64_t number = c->transaction.open ? c->transaction.results++ : UINT64_MAX;
    if (number == 0)
        return hold(c, command, error);
    if (number == 1) {
        add_word(c, &multi, c->transaction.offset, c->transaction.first.db);
        add_result(c, &c->transaction.first);
    }
    add_result(c, command);
    return RF_OK;
}

static void end_transaction(rf_command_rewrite *c, const rf_entry *exec)
{
    static const rf_slice word = {(const uint8_t *)"EXEC", 4};
    if (c->transaction.results == 1)
        add_result(c, &c->transaction.first);
    else if (c->transaction.results > 1)
        add_word(c, &word, exec->offset, c->current.db);
    c->transaction.open = false;
}

static void control(rf_command_rewrite *c, const rf_entry *command)
{
    if (command_word_is(command->argv[0], "EXEC")) {
        end_transaction(c, command);
        return;
    }
    c->transaction.open = true;
    c->transaction.results = 0;
    c->transaction.offset = command->offset;
}

rf_code command_argument(rf_command_rewrite *c, rf_slice argument, rf_error *error)
{
    return buffer_append(&c->arguments, slice_of(&argument, sizeof argument)) ? RF_OK : out_of_memory(error);
}

rf_code command_end(rf_command_rewrite *c, int64_t db, rf_error *error)
{
    const rf_entry entry = {.kind = RF_ENTRY_COMMAND,
                            .offset = c->current.entry->offset,
                            .db = db,
                            .slot = -1,
                            .expire_ms = RF_NO_EXPIRY,
                            .argv = (const rf_slice *)(const void *)c->arguments.data,
                            .argc = c->arguments.len / sizeof(rf_slice)};
    return put_result(c, &entry, error);
}

bool rf_command_rewrite_next(rf_command_rewrite *c, rf_entry *out)
{
    if (c->results.next == c->results.count)
        return false;
    *out = c->results.entries[c->results.next++];
    return true;
}

/* --- keys ------------------------------------------------------------------------------------------------
 */

/* The database of a key: the second one of MOVE and COPY ... DB may be in another one. */
static rf_code key_db(const rf_command_rewrite *c, size_t number, int64_t *db, rf_error *error)
{
    const rf_entry *command = c->current.entry;
    enum command_class kind = c->current.row->kind;
    size_t at = 0;
    *db = command->db;
    if (kind == CLASS_DB_MOVE && number == 1)
        at = 2;
    for (size_t i = 3; kind == CLASS_COPY && number == 1 && i + 1 < command->argc; i++)
        if (command_word_is(command->argv[i], "DB"))
            at = i + 1;
    if (at > 0 && (at >= command->argc || !number_parse_i64(command->argv[at], db) || *db < 0))
        return command_refuse(c, NULL, "invalid database number", error);
    return RF_OK;
}

/* Only rules that put something before every name of a database. */
static bool only_prefixes(const rf_rewrite *rewrite)
{
    return !rewrite ||
           (!rewrite_has_rules(rewrite, RULE_RENAME) && !rewrite_has_rules(rewrite, RULE_HASH_TAG));
}

/* Whether one of the keys so far is written and selected; patterns come last. */
static bool writes_selected(const rf_command_rewrite *c)
{
    const struct selected_key *keys = (const struct selected_key *)(const void *)c->keys.data;
    bool writes = false;
    for (size_t i = 0; i < c->keys.len / sizeof *keys && !writes; i++)
        writes = keys[i].selected && keys[i].at.role < KEY_READ;
    return writes;
}

/* A pattern stands for the names of keys that the command reads. "#", and one without "*", are no names. */
static rf_code check_pattern(const rf_command_rewrite *c, struct selected_key *key, rf_slice pattern,
                             rf_error *error)
{
    const rf_filter *filter = c->options.filter;
    bool names = pattern.len > 0 && memchr(pattern.ptr, '*', pattern.len);
    key->selected = true;
    if (!names || !writes_selected(c))
        return RF_OK;
    if (filter && (filter->pattern_count > 0 || filter->uses_slots))
        return command_refuse(c, key, "its pattern may refer to keys that are not selected", error);
    if (!only_prefixes(c->options.rewrite))
        return command_refuse(c, key, "rules for names cannot be applied to its pattern", error);
    if (c->options.rewrite && rewrite_merges(c->options.rewrite, c->current.db))
        return command_refuse(
            c, key, "its pattern may refer to keys of other databases that are mapped to the same", error);
    return RF_OK;
}

static rf_code store_name(rf_command_rewrite *c, struct selected_key *key, rf_slice name, rf_error *error)
{
    key->name = c->names.len;
    key->name_length = name.len;
    return buffer_append(&c->names, name) ? RF_OK : out_of_memory(error);
}

/* `name` is the key's argument. */
static rf_code rename_key(rf_command_rewrite *c, struct selected_key *key, rf_slice name, rf_error *error)
{
    const rf_filter *filter = c->options.filter;
    rf_entry entry = {
        .kind = RF_ENTRY_KEY, .db = key->db, .key = name, .slot = -1, .expire_ms = RF_NO_EXPIRY};
    bool ambiguous = false;
    entry.offset = c->current.entry->offset;
    if (c->options.rewrite)
        TRY(rf_rewrite_apply(c->options.rewrite, &entry, &ambiguous, error));
    key->new_db = entry.db;
    if (key->at.role == KEY_PATTERN)
        return store_name(c, key, entry.key, error);
    if (filter && filter->uses_slots)
        entry.slot = (int)rf_slot_of(entry.key);
    key->selected = !filter || rf_filter_accepts_slot(filter, (unsigned)(entry.slot < 0 ? 0 : entry.slot));
    if (!key->selected)
        return RF_OK;
    if (c->options.written)
        TRY(c->options.written(c->options.ctx, &entry, key->db, name, ambiguous, error));
    return store_name(c, key, entry.key, error);
}

static rf_code select_key(rf_command_rewrite *c, struct selected_key *key, rf_error *error)
{
    const rf_entry *command = c->current.entry;
    rf_slice name = command->argv[key->at.argument];
    if (key->at.role == KEY_PATTERN) {
        TRY(check_pattern(c, key, name, error));
        bool is_name = name.len > 0 && memchr(name.ptr, '*', name.len);
        return is_name ? rename_key(c, key, name, error) : store_name(c, key, name, error);
    }
    rf_drop_reason drop = RF_DROP_NONE;
    const rf_entry entry = {.kind = RF_ENTRY_KEY, .db = key->db, .key = name, .expire_ms = RF_NO_EXPIRY};
    if (c->options.filter)
        TRY(rf_filter_match(c->options.filter, &entry, &drop, error));
    return drop == RF_DROP_NONE ? rename_key(c, key, name, error) : RF_OK;
}

/* Two keys that were different must not become the same: a RENAME of a key to itself does nothing. */

struct apart {
    rf_slice name, source;
    int64_t db, source_db;
    const struct selected_key *key;
};

static int compare_slices(rf_slice a, rf_slice b)
{
    size_t shorter = a.len < b.len ? a.len : b.len;
    int order = shorter > 0 ? memcmp(a.ptr, b.ptr, shorter) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

/* By new name, and then in the order of the command. */
static int compare_apart(const void *one, const void *other)
{
    const struct apart *a = one, *b = other;
    int order = a->db == b->db ? compare_slices(a->name, b->name) : (a->db > b->db) - (a->db < b->db);
    return order ? order : (a->key > b->key) - (a->key < b->key);
}

static rf_code sort_apart(rf_command_rewrite *c, rf_error *error)
{
    const struct current_command *current = &c->current;
    c->sorted.len = 0;
    for (size_t i = 0; i < current->key_count; i++) {
        const struct selected_key *key = &current->keys[i];
        const struct apart apart = {selected_name(c, key), current->entry->argv[key->at.argument],
                                    key->new_db, key->db, key};
        if (key->selected && key->at.role != KEY_PATTERN &&
            !buffer_append(&c->sorted, slice_of(&apart, sizeof apart)))
            return out_of_memory(error);
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
    command_refuse(c, found->key, "two of its keys map to the same name", error);
    return error->code = RF_E_COLLISION;
}

static rf_code select_keys(rf_command_rewrite *c, rf_error *error)
{
    struct current_command *current = &c->current;
    struct command_key_walk walk;
    struct selected_key key = {0};
    c->keys.len = c->names.len = 0;
    command_keys_begin(&walk, current->row, current->entry);
    for (size_t i = 0; command_keys_next(&walk, &key.at); i++) {
        key.selected = false;
        TRY(key_db(c, i, &key.db, error));
        key.new_db = key.db;
        TRY(select_key(c, &key, error));
        if (!buffer_append(&c->keys, slice_of(&key, sizeof key)))
            return out_of_memory(error);
    }
    if (walk.wrong)
        return command_refuse(c, NULL, "wrong number of arguments", error);
    current->keys = (const struct selected_key *)(const void *)c->keys.data;
    current->key_count = c->keys.len / sizeof key;
    current->selected = 0;
    for (size_t i = 0; i < current->key_count; i++) {
        const struct selected_key *each = &current->keys[i];
        current->selected += each->selected && each->at.role != KEY_PATTERN;
    }
    return check_apart(c, error);
}

/* --- commands --------------------------------------------------------------------------------------------
 */

static rf_code put_unknown(rf_command_rewrite *c, rf_error *error)
{
    if (c->options.unknown == RF_UNKNOWN_FAIL)
        return command_refuse(c, NULL, "an unknown command, whose keys are not known", error);
    if (c->options.unknown == RF_UNKNOWN_DROP) {
        c->counts.dropped++;
        return RF_OK;
    }
    rf_entry copy = *c->current.entry;
    copy.db = c->current.db;
    return put_result(c, &copy, error);
}

rf_code rf_command_rewrite_put(rf_command_rewrite *c, const rf_entry *command, rf_error *error)
{
    struct current_command *current = &c->current;
    c->results.count = c->results.next = 0;
    c->arguments.len = 0;
    *current = (struct current_command){
        .entry = command,
        .row = command_row_find(command),
        .db = c->options.rewrite ? rewrite_new_db(c->options.rewrite, command->db) : command->db};
    if (!current->row)
        return put_unknown(c, error);
    if (current->row->kind == CLASS_CONTROL) {
        control(c, command);
        return RF_OK;
    }
    TRY(select_keys(c, error));
    return command_narrow(c, error);
}
