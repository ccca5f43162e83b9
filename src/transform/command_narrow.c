/* SPDX-License-Identifier: MIT */
/* What is written of a command, by its class: all of it with new names, a command for the selected keys
 * alone, nothing, or it is refused. */
#include "base/bytes.h"
#include "base/fail.h"
#include "base/number.h"
#include "transform/command_rewrite.h"
#include "transform/filter.h"
#include "transform/rewrite_dbs.h"
#include <stdio.h>

/* --- building ----------------------------------------------------------------------------------------- */

static rf_code put_text(rf_command_rewrite *c, const char *word, rf_error *error)
{
    return command_argument(c, slice_of(word, strlen(word)), error);
}

/* `which`: of the numbers of this command. */
static rf_code put_number(rf_command_rewrite *c, size_t which, int64_t number, rf_error *error)
{
    uint8_t *digits = c->digits[which];
    return command_argument(c, slice_of(digits, number_print_i64(digits, number)), error);
}

/* "<word> <key>", for the part of a command that is left. */
static rf_code put_instead(rf_command_rewrite *c, const char *word, const struct selected_key *key,
                           const rf_slice *rest, rf_error *error)
{
    c->counts.narrowed++;
    TRY(put_text(c, word, error));
    TRY(command_argument(c, key->name, error));
    if (rest)
        TRY(command_argument(c, *rest, error));
    return command_end(c, key->new_db, error);
}

static bool flattens(const rf_command_rewrite *c)
{
    return c->options.rewrite && rewrite_has_rules(c->options.rewrite, RULE_FLATTEN);
}

/* --- several keys ------------------------------------------------------------------------------------- */

/* `key` is not selected: by the filter, or because it is in another shard than those that are. The error goes
 * on with "in key ...". */
static rf_code refuse_parted(const rf_command_rewrite *c, const struct selected_key *key, const char *why,
                             rf_error *error)
{
    const struct selected_key *other = c->current.keys;
    char text[160];
    if (key->flushed)
        return command_refuse(c, key, "it needs data that a later FLUSHDB removes: they are", error);
    if (!key->accepted)
        return command_refuse(c, key, why, error);
    while (!other->selected || other->at.role == KEY_PATTERN)
        other++;
    snprintf(text, sizeof text,
             "its keys are in slots %u and %u%s (a hash tag can keep them together): the first is", key->slot,
             other->slot, c->options.by_slot ? "" : ", of different shards");
    return command_refuse(c, key, text, error);
}

static const struct selected_key *first_not_selected(const struct current_command *current)
{
    const struct selected_key *key = current->keys;
    while (key->selected)
        key++;
    return key;
}

static rf_code refuse_some(rf_command_rewrite *c, rf_error *error)
{
    return refuse_parted(c, first_not_selected(&c->current),
                         "it concerns selected data and others that are not: they are", error);
}

/* A key and the arguments that belong to it. */
static rf_code put_with_value(rf_command_rewrite *c, const struct selected_key *key, rf_error *error)
{
    TRY(command_argument(c, key->name, error));
    for (size_t i = 1; i < key->at.stride; i++)
        TRY(command_argument(c, c->current.command->argv[key->at.argument + i], error));
    return RF_OK;
}

/* The keys are the last arguments, except for the options of MSETEX. Their conditions held for all keys. */
static rf_code narrow_each(rf_command_rewrite *c, rf_error *error)
{
    const struct current_command *current = &c->current;
    const rf_entry *command = current->command;
    bool counted = slice_is_word(command->argv[0], "MSETEX");
    size_t end = current->keys[current->key_count - 1].at.argument + current->keys[0].at.stride;
    c->counts.narrowed++;
    if (slice_is_word(command->argv[0], "MSETNX"))
        TRY(put_text(c, "MSET", error));
    else
        TRY(command_argument(c, command->argv[0], error));
    if (counted)
        TRY(put_number(c, 0, (int64_t)current->selected, error));
    for (size_t i = 0; i < current->key_count; i++)
        if (current->keys[i].selected)
            TRY(put_with_value(c, &current->keys[i], error));
    for (size_t i = end; i < command->argc; i++)
        if (!slice_is_word(command->argv[i], "NX") && !slice_is_word(command->argv[i], "XX"))
            TRY(command_argument(c, command->argv[i], error));
    return command_end(c, current->db, error);
}

static rf_code narrow_destination(rf_command_rewrite *c, rf_error *error)
{
    const struct current_command *current = &c->current;
    for (size_t i = 0; i < current->key_count; i++)
        if (current->keys[i].at.role < KEY_READ && current->keys[i].selected)
            return refuse_parted(c, first_not_selected(current),
                                 "it computes a selected key from data that are not selected: they are",
                                 error);
    return RF_OK;
}

/* --- from one key to another -------------------------------------------------------------------------- */

static rf_code refuse_moved(rf_command_rewrite *c, rf_error *error)
{
    return refuse_parted(c, &c->current.keys[0],
                         "it gives a selected key data that are not selected: they are", error);
}

static rf_code narrow_rename(rf_command_rewrite *c, rf_error *error)
{
    const struct selected_key *from = &c->current.keys[0];
    return from->selected ? put_instead(c, "DEL", from, NULL, error) : refuse_moved(c, error);
}

static rf_code narrow_copy(rf_command_rewrite *c, rf_error *error)
{
    return c->current.keys[0].selected ? RF_OK : refuse_moved(c, error);
}

/* The other end is given by LMOVE's third argument. */
static rf_code narrow_list_move(rf_command_rewrite *c, rf_error *error)
{
    const rf_entry *command = c->current.command;
    const struct selected_key *from = &c->current.keys[0];
    bool by_word = slice_is_word(command->argv[0], "LMOVE") || slice_is_word(command->argv[0], "BLMOVE");
    if (!from->selected)
        return refuse_moved(c, error);
    if (by_word && command->argc > 3)
        return put_instead(c, slice_is_word(command->argv[3], "LEFT") ? "LPOP" : "RPOP", from, NULL, error);
    if (slice_is_word(command->argv[0], "RPOPLPUSH") || slice_is_word(command->argv[0], "BRPOPLPUSH"))
        return put_instead(c, "RPOP", from, NULL, error);
    return refuse_some(c, error);
}

static rf_code narrow_set_move(rf_command_rewrite *c, rf_error *error)
{
    const struct current_command *current = &c->current;
    bool from = current->keys[0].selected;
    if (current->command->argc != 4)
        return refuse_some(c, error);
    return put_instead(c, from ? "SREM" : "SADD", &current->keys[from ? 0 : 1], &current->command->argv[3],
                       error);
}

/* Under one database, MOVE is RENAME: it was in the log because the second database had no such key. */
static rf_code put_db_move(rf_command_rewrite *c, rf_error *error)
{
    const struct selected_key *from = &c->current.keys[0], *to = &c->current.keys[1];
    if (from->new_db == to->new_db) {
        TRY(put_text(c, "RENAME", error));
        TRY(command_argument(c, from->name, error));
        TRY(command_argument(c, to->name, error));
        return command_end(c, from->new_db, error);
    }
    TRY(command_argument(c, c->current.command->argv[0], error));
    TRY(command_argument(c, from->name, error));
    TRY(put_number(c, 0, to->new_db, error));
    return command_end(c, from->new_db, error);
}

/* COPY had an effect: REPLACE changes nothing, and lets it be without the DB that no longer differs. */
static rf_code put_copy(rf_command_rewrite *c, rf_error *error)
{
    const struct selected_key *from = &c->current.keys[0], *to = &c->current.keys[1];
    TRY(command_argument(c, c->current.command->argv[0], error));
    TRY(command_argument(c, from->name, error));
    TRY(command_argument(c, to->name, error));
    if (to->new_db != from->new_db) {
        TRY(put_text(c, "DB", error));
        TRY(put_number(c, 0, to->new_db, error));
    }
    TRY(put_text(c, "REPLACE", error));
    return command_end(c, from->new_db, error);
}

/* --- databases ---------------------------------------------------------------------------------------- */

/* Whether keys of another database are put there, too. */
static bool is_shared(const rf_command_rewrite *c, int64_t db)
{
    return c->options.rewrite && rewrite_merges(c->options.rewrite, db);
}

static bool has_db(const rf_command_rewrite *c, int64_t db)
{
    return !c->options.filter || rf_filter_accepts_db(c->options.filter, db);
}

static rf_code flush_db(rf_command_rewrite *c, rf_error *error)
{
    int64_t db = c->current.source_db;
    if (!has_db(c, db))
        return RF_OK;
    if (flush_stays(c->options.rewrite, db))
        return command_put_whole(c, error);
    if (c->options.history)
        return RF_OK; /* what was written before has been left out */
    if (flattens(c))
        return command_refuse(
            c, NULL, "with flatten-dbs it would have to remove the keys of one database only", error);
    return command_refuse(c, NULL, "it would remove keys of other databases that are mapped to the same",
                          error);
}

static rf_code swap_dbs(rf_command_rewrite *c, rf_error *error)
{
    const rf_entry *command = c->current.command;
    int64_t dbs[2];
    if (c->options.history)
        return RF_OK; /* it has changed what databases are called */
    if (!swapped_dbs(command, dbs))
        return command_refuse(c, NULL, "invalid database numbers", error);
    if (!has_db(c, dbs[0]) && !has_db(c, dbs[1]))
        return RF_OK;
    if (!has_db(c, dbs[0]) || !has_db(c, dbs[1]))
        return command_refuse(c, NULL, "only one of the databases is selected", error);
    if (flattens(c))
        return command_refuse(c, NULL, "with flatten-dbs the names of all keys would have to change", error);
    TRY(command_argument(c, command->argv[0], error));
    for (int i = 0; i < 2; i++) {
        int64_t db = c->options.rewrite ? rewrite_new_db(c->options.rewrite, dbs[i]) : dbs[i];
        if (is_shared(c, db))
            return command_refuse(c, NULL, "other databases are mapped to the same", error);
        TRY(put_number(c, (size_t)i, db, error));
    }
    return command_end(c, c->current.db, error);
}

/* --- all classes -------------------------------------------------------------------------------------- */

static rf_code put_nothing(rf_command_rewrite *c, rf_error *error)
{
    (void)c, (void)error;
    return RF_OK;
}

static rf_code refuse_unknown(rf_command_rewrite *c, rf_error *error)
{
    return command_refuse(c, NULL, "its keys are not known", error);
}

/* What is done if all keys are selected, and if only some are. After FLUSHALL the result is empty, too: it
 * has nothing but what was written before. */
static const struct {
    size_t names; /* the least number of keys */
    rf_code (*whole)(rf_command_rewrite *c, rf_error *error);
    rf_code (*some)(rf_command_rewrite *c, rf_error *error);
} classes[] = {
    [CLASS_ONE] = {1, command_put_whole, refuse_some},
    [CLASS_EACH] = {1, command_put_whole, narrow_each},
    [CLASS_DESTINATION] = {1, command_put_whole, narrow_destination},
    [CLASS_RENAME] = {2, command_put_whole, narrow_rename},
    [CLASS_COPY] = {2, put_copy, narrow_copy},
    [CLASS_LIST_MOVE] = {2, command_put_whole, narrow_list_move},
    [CLASS_SET_MOVE] = {2, command_put_whole, narrow_set_move},
    [CLASS_DB_MOVE] = {2, put_db_move, narrow_rename},
    [CLASS_FLUSH_DB] = {0, flush_db, NULL},
    [CLASS_FLUSH_ALL] = {0, command_put_whole, NULL},
    [CLASS_SWAP_DBS] = {0, swap_dbs, NULL},
    [CLASS_KEEP] = {0, command_put_whole, NULL},
    [CLASS_DROP] = {0, put_nothing, NULL},
    [CLASS_REFUSE] = {0, refuse_unknown, NULL},
};

rf_code command_narrow(rf_command_rewrite *c, rf_error *error)
{
    const struct current_command *current = &c->current;
    enum command_class kind = current->row->kind;
    if (current->names < classes[kind].names)
        return command_refuse(c, NULL, "wrong number of arguments", error);
    return current->selected == current->names || !classes[kind].some ? classes[kind].whole(c, error)
                                                                      : classes[kind].some(c, error);
}
