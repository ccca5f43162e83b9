/* SPDX-License-Identifier: MIT */
/* Checks an entry: can it be written, and does it exist on the target? */
#include "dry_run.h"
#include "failure.h"
#include "text.h"
#include <ctype.h>
#include <rdbferry/measure.h>
#include <rdbferry/replay.h>
#include <rdbferry/slot.h>
#include <rdbferry/value.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { USUAL_LONGEST = 512 * 1024 * 1024 }; /* the default of the server's setting, used if that is unknown */

static void find(struct dry_run *dry, enum dry_finding_kind kind, int64_t db, rf_slice name,
                 const char *detail)
{
    struct dry_finding *finding = &dry->findings[kind];
    size_t place = finding->named;

    finding->count++;
    if (place == DRY_NAMED)
        return;
    finding->named++;
    finding->names[place].db = db;
    text_escape(name, finding->names[place].name, DRY_NAME);
    snprintf(finding->names[place].detail, DRY_NAME, "%s", detail);
}

/* --- databases ---------------------------------------------------------------------------------------- */

/* Most keys are in the same database as the one before. */
static rf_code find_database(struct dry_run *dry, int64_t db, bool *is_there, rf_error *error)
{
    struct dry_database *grown;
    rf_code code;

    for (size_t i = dry->database_count; i-- > 0;)
        if (dry->databases[i].db == db) {
            *is_there = dry->databases[i].is_there;
            return RF_OK;
        }
    code = rf_live_has_db(dry->live, db, is_there, error);
    if (code != RF_OK)
        return code;
    grown = realloc(dry->databases, (dry->database_count + 1) * sizeof *grown);
    if (!grown)
        return failure(error, RF_E_MEMORY, "out of memory");
    grown[dry->database_count++] = (struct dry_database){db, *is_there};
    dry->databases = grown;
    return RF_OK;
}

/* --- what the target's version supports ---------------------------------------------------------------- */

static bool is_empty(const rf_entry *key, const rf_measure *measure)
{
    return measure->elements == 0 && key->type != RF_STRING && key->type != RF_STREAM &&
           key->type != RF_MODULE;
}

/* A value that can only be written with RESTORE is a single argument. */
static uint64_t longest_argument(const rf_entry *key, const rf_measure *measure, unsigned ways)
{
    uint64_t longest = ways & RF_BY_COMMANDS ? measure->longest : measure->stored;

    return key->key.len > longest ? key->key.len : longest;
}

static bool is_too_long(struct dry_run *dry, const struct dry_node *node, const rf_entry *key,
                        uint64_t longest)
{
    int64_t limit = node->told.longest_argument;
    char size[SIZE_TEXT];

    if (longest <= (uint64_t)(limit == RF_UNTOLD ? USUAL_LONGEST : limit))
        return false;
    find(dry, DRY_TOO_LONG, key->db, key->key, text_size(longest, size));
    return true;
}

/* If it is unknown, this is a warning: the key is then taken to be writable. */
static rf_code lacks_module(struct dry_run *dry, const struct dry_node *node, const rf_entry *key,
                            bool *lacks, rf_error *error)
{
    static const enum dry_finding_kind kinds[] = {
        [DRY_LACKING] = DRY_NO_MODULE, [DRY_UNSURE] = DRY_UNSURE_MODULE};
    enum dry_presence presence;
    char module[10], detail[32];
    rf_code code;

    *lacks = false;
    if (key->type != RF_MODULE)
        return RF_OK;
    code = rf_value_module(key->value, module, error);
    if (code != RF_OK)
        return code;
    presence = dry_find_module(&node->told, module);
    *lacks = presence == DRY_LACKING;
    snprintf(detail, sizeof detail, "type %s", module);
    if (presence != DRY_THERE)
        find(dry, kinds[presence], key->db, key->key, detail);
    return RF_OK;
}

/* Sets *ways to how the key can be written; 0: not at all, which has been recorded. */
static rf_code find_ways(struct dry_run *dry, const struct dry_node *node, rf_entry *key, unsigned *ways,
                         rf_error *error)
{
    const rf_replay_options options = {.on_exists = (rf_on_exists)dry->options->on_exists,
                                       .mode = (rf_replay_mode)dry->options->mode,
                                       .big_key = dry->options->big_key,
                                       .drop_detail = dry->options->drop_detail};
    const char *why = NULL;
    bool lacks;
    rf_code code = lacks_module(dry, node, key, &lacks, error);

    *ways = 0;
    if (code == RF_OK && !lacks)
        code = rf_replay_takes(&node->told.abilities, &options, key, ways, &why, error);
    if (code == RF_OK && !lacks && !*ways)
        find(dry, why ? DRY_REFUSED : DRY_UNSAYABLE, key->db, key->key, why ? why : text_type(key->type));
    if (*ways == RF_IN_PART) {
        find(dry, DRY_IN_PART, key->db, key->key, text_type(key->type));
        *ways = RF_BY_COMMANDS;
    }
    if (lacks)
        *ways = 0;
    return code;
}

/* --- keys --------------------------------------------------------------------------------------------- */

/* The record holds the memory estimate in place of a digest. */
static rf_code ask_for_key(struct dry_run *dry, const rf_entry *key, uint64_t memory, rf_error *error)
{
    rf_key_record record;

    rf_key_record_of(key, (rf_digest){.low = memory}, 0, &record);
    return rf_live_check(dry->live, &record, error);
}

static rf_code take_key(struct dry_run *dry, const struct dry_node *node, rf_entry *key, unsigned ways,
                        rf_error *error)
{
    rf_measure measure;
    rf_code code = rf_measure_key(key, &measure, error);

    if (code != RF_OK)
        return code;
    if (is_empty(key, &measure)) {
        find(dry, DRY_EMPTY, key->db, key->key, text_type(key->type));
        return RF_OK;
    }
    if (is_too_long(dry, node, key, longest_argument(key, &measure, ways)))
        return RF_OK;
    dry->types[key->type].keys++;
    dry->types[key->type].expiring += key->expire_ms != RF_NO_EXPIRY;
    dry->types[key->type].memory += measure.memory;
    return ask_for_key(dry, key, measure.memory, error);
}

static const struct dry_node *node_of(const struct dry_run *dry, rf_slice key)
{
    size_t index = rf_live_node_of(dry->live, key);

    return &dry->nodes[index < dry->node_count ? index : 0];
}

static rf_code examine_key(struct dry_run *dry, rf_entry *key, rf_error *error)
{
    const struct dry_node *node = node_of(dry, key->key);
    char slot[16];
    bool is_there;
    unsigned ways;
    rf_code code;

    if (session_has_expired(&dry->session, key)) {
        find(dry, DRY_EXPIRED, key->db, key->key, "");
        return RF_OK;
    }
    if (rf_live_node_of(dry->live, key->key) == RF_NO_NODE) {
        snprintf(slot, sizeof slot, "slot %u", rf_slot_of(key->key));
        find(dry, DRY_NO_NODE, key->db, key->key, slot);
        return RF_OK;
    }
    code = find_database(dry, key->db, &is_there, error);
    if (code == RF_OK && !is_there)
        find(dry, DRY_NO_DATABASE, key->db, key->key, "");
    if (code != RF_OK || !is_there)
        return code;
    code = find_ways(dry, node, key, &ways, error);
    return code == RF_OK && ways ? take_key(dry, node, key, ways, error) : code;
}

static rf_code examine_library(struct dry_run *dry, const rf_entry *entry, rf_error *error)
{
    const rf_server server = dry->nodes[0].told.abilities.server;
    rf_key_record record;

    rf_key_record_of(entry, rf_digest_keyed(entry->text), 0, &record);
    if (!rf_server_at_least(server, (rf_server){RF_REDIS, 7, 0})) {
        find(dry, DRY_NO_LIBRARIES, RF_LIBRARY, record.key, "");
        return RF_OK;
    }
    dry->libraries++;
    return rf_live_check(dry->live, &record, error);
}

/* --- commands ----------------------------------------------------------------------------------------- */

/* NULL: the table is full. */
static const struct dry_command *find_command(struct dry_run *dry, rf_slice word, rf_error *error)
{
    struct dry_command *grown, command = {.has = RF_UNTOLD};
    rf_slice name = {(const uint8_t *)command.name, word.len};

    for (size_t i = 0; i < word.len && word.len < DRY_COMMAND; i++)
        command.name[i] = (char)toupper(word.ptr[i]);
    for (size_t i = 0; i < dry->command_count; i++)
        if (strcmp(dry->commands[i].name, command.name) == 0)
            return &dry->commands[i];
    if (word.len >= DRY_COMMAND || dry->command_count == DRY_COMMANDS)
        return NULL;
    grown = realloc(dry->commands, (dry->command_count + 1) * sizeof *grown);
    if (!grown) {
        failure(error, RF_E_MEMORY, "out of memory");
        return NULL;
    }
    dry->commands = grown;
    if (rf_live_has_command(dry->live, name, &command.has, error) != RF_OK)
        return NULL;
    if (command.has == 0)
        find(dry, DRY_NO_COMMAND, 0, name, "");
    dry->findings[DRY_NO_COMMAND].count -= command.has == 0;
    grown[dry->command_count] = command;
    return &grown[dry->command_count++];
}

static rf_code examine_command(struct dry_run *dry, const rf_entry *entry, rf_error *error)
{
    const struct dry_command *command;

    error->code = RF_OK;
    command = find_command(dry, entry->argv[0], error);
    dry->findings[DRY_NO_COMMAND].count += command && command->has == 0;
    return error->code;
}

static void examine_foreign(struct dry_run *dry, const rf_entry *entry)
{
    char what[64];

    snprintf(what, sizeof what, "%.*s of %.*s", (int)entry->text.len, (const char *)entry->text.ptr,
             (int)entry->name.len, (const char *)entry->name.ptr);
    find(dry, dry->options->drop_detail ? DRY_IN_PART : DRY_UNSAYABLE, entry->db, entry->key, what);
}

rf_code dry_examine(struct dry_run *dry, rf_entry *entry, rf_error *error)
{
    if (entry->kind == RF_ENTRY_KEY)
        return examine_key(dry, entry, error);
    if (entry->kind == RF_ENTRY_COMMAND)
        return examine_command(dry, entry, error);
    if (entry->kind == RF_ENTRY_FOREIGN || entry->kind == RF_ENTRY_FOREIGN_DETAIL)
        examine_foreign(dry, entry);
    return entry->kind == RF_ENTRY_FUNCTION ? examine_library(dry, entry, error) : RF_OK;
}

/* --- replies ------------------------------------------------------------------------------------------- */

rf_code dry_take_found(void *ctx, const rf_key_record *record, rf_error *error)
{
    (void)error;
    find(ctx, DRY_EXISTING, record->db, record->key, "");
    return RF_OK;
}

/* Also called for libraries that exist with different code. */
rf_code dry_take_missing(void *ctx, const rf_difference *difference, rf_error *error)
{
    struct dry_run *dry = ctx;
    const rf_key_record *record = difference->before;
    struct dry_node *node;

    (void)error;
    if (difference->kind == RF_CHANGED)
        find(dry, DRY_OTHER_LIBRARY, RF_LIBRARY, record->key, "");
    if (record->db == RF_LIBRARY)
        return RF_OK;
    node = &dry->nodes[node_of(dry, record->key) - dry->nodes];
    node->keys++;
    node->expiring += record->expire_ms != RF_NO_EXPIRY;
    node->memory += record->value.low;
    return RF_OK;
}
