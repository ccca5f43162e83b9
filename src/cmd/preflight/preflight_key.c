/* SPDX-License-Identifier: MIT */
/* Checks whether an entry can be written, and whether it exists on the target. */
#include "base/escape.h"
#include "base/fail.h"
#include "cmd/preflight/preflight.h"
#include "cmd/term/text.h"
#include <ctype.h>
#include <rdbferry/measure.h>
#include <rdbferry/replay.h>
#include <rdbferry/slot.h>
#include <rdbferry/value.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { USUAL_LONGEST = 512 * 1024 * 1024 }; /* the default of the server's setting, used if that is unknown */

static void find(struct preflight *preflight, enum preflight_finding_kind kind, int64_t db, rf_slice name,
                 const char *detail)
{
    struct preflight_finding *finding = &preflight->findings[kind];
    size_t index = finding->named;
    finding->count++;
    if (index == PREFLIGHT_NAMED)
        return;
    finding->named++;
    finding->names[index].db = db;
    escape_name(name, finding->names[index].name, PREFLIGHT_NAME);
    snprintf(finding->names[index].detail, PREFLIGHT_NAME, "%s", detail);
}

/* --- databases ---------------------------------------------------------------------------------------- */

/* Most keys are in the same database as the one before. */
static rf_code find_database(struct preflight *preflight, int64_t db, bool *is_there, rf_error *error)
{
    for (size_t i = preflight->database_count; i-- > 0;)
        if (preflight->databases[i].db == db) {
            *is_there = preflight->databases[i].is_there;
            return RF_OK;
        }
    TRY(rf_live_has_db(preflight->live, db, is_there, error));
    struct preflight_database *grown = realloc(preflight->databases,
                                               (preflight->database_count + 1) * sizeof *grown);
    if (!grown)
        return fail(error, RF_E_MEMORY, "out of memory");
    grown[preflight->database_count++] = (struct preflight_database){db, *is_there};
    preflight->databases = grown;
    return RF_OK;
}

/* --- what the target's version supports ---------------------------------------------------------------- */

/* A value that can only be written with RESTORE is a single argument. */
static uint64_t longest_argument(const rf_entry *key, const rf_measure *measure, unsigned modes)
{
    uint64_t longest = modes & RF_WRITE_COMMANDS ? measure->longest : measure->stored;
    return key->key.len > longest ? key->key.len : longest;
}

static bool is_too_long(struct preflight *preflight, const struct preflight_node *node, const rf_entry *key,
                        uint64_t longest)
{
    int64_t limit = node->info.longest_argument;
    if (longest <= (uint64_t)(limit == RF_UNKNOWN ? USUAL_LONGEST : limit))
        return false;
    char size[SIZE_TEXT];
    find(preflight, PREFLIGHT_TOO_LONG, key->db, key->key, text_size(longest, size));
    return true;
}

/* Whether the node lacks the module that owns the value. If that is unknown, it is a warning, and the key is
 * taken to be writable. Vector sets are built into Redis, from 8.0 on. */
static rf_code lacks_module(struct preflight *preflight, const struct preflight_node *node,
                            const rf_entry *key, bool *lacks, rf_error *error)
{
    static const enum preflight_finding_kind kinds[] = {
        [RF_MODULE_LACKING] = PREFLIGHT_NO_MODULE, [RF_MODULE_UNSURE] = PREFLIGHT_UNSURE_MODULE};
    *lacks = false;
    if (key->type != RF_MODULE)
        return RF_OK;
    char module[10], detail[32];
    TRY(rf_value_module(key->value, module, error));
    rf_module_presence presence = rf_module_presence_of(node->info.server, module, node->info.modules);
    *lacks = presence == RF_MODULE_LACKING;
    snprintf(detail, sizeof detail, "type %s", module);
    if (presence != RF_MODULE_THERE)
        find(preflight, kinds[presence], key->db, key->key, detail);
    return RF_OK;
}

/* Sets *modes to how the key can be written; 0: not at all, which has been recorded as a finding. */
static rf_code find_modes(struct preflight *preflight, const struct preflight_node *node, rf_entry *key,
                          unsigned *modes, rf_error *error)
{
    const rf_replay_options options = {.on_exists = (rf_on_exists)preflight->options->on_exists,
                                       .mode = (rf_replay_mode)preflight->options->mode,
                                       .big_key = preflight->options->big_key,
                                       .drop_detail = preflight->options->drop_detail};
    bool lacks;
    *modes = 0;
    TRY(lacks_module(preflight, node, key, &lacks, error));
    if (lacks)
        return RF_OK;
    const char *why = NULL;
    TRY(rf_replay_write_modes(&node->info.abilities, &options, key, modes, &why, error));
    if (!*modes)
        find(preflight, why ? PREFLIGHT_REJECTED : PREFLIGHT_UNSUPPORTED, key->db, key->key,
             why ? why : rf_type_name(key->type));
    if (*modes == RF_WRITE_PARTIAL) {
        find(preflight, PREFLIGHT_IN_PART, key->db, key->key, rf_type_name(key->type));
        *modes = options.mode == RF_REPLAY_RESTORE ? RF_WRITE_RESTORE : RF_WRITE_COMMANDS;
    }
    return RF_OK;
}

/* --- keys --------------------------------------------------------------------------------------------- */

static rf_code check_modes(struct preflight *preflight, const struct preflight_node *node, rf_entry *key,
                           unsigned modes, rf_error *error)
{
    rf_measure measure;
    TRY(rf_measure_key(key, &measure, error));
    if (measure.elements == 0 && !rf_may_be_empty(key->type)) {
        find(preflight, PREFLIGHT_EMPTY, key->db, key->key, rf_type_name(key->type));
        return RF_OK;
    }
    if (is_too_long(preflight, node, key, longest_argument(key, &measure, modes)))
        return RF_OK;
    preflight->types[key->type].keys++;
    preflight->types[key->type].expiring += key->expire_ms != RF_NO_EXPIRY;
    preflight->types[key->type].memory += measure.memory;
    workload_add(&preflight->work, &measure);
    rf_key_record record; /* holds the memory estimate in place of a digest */
    rf_key_record_of(key, (rf_digest){.low = measure.memory}, 0, &record);
    return rf_live_check(preflight->live, &record, error);
}

static const struct preflight_node *node_of(const struct preflight *preflight, rf_slice key)
{
    size_t index = rf_live_node_of(preflight->live, key);
    return &preflight->nodes[index < preflight->node_count ? index : 0];
}

static rf_code examine_key(struct preflight *preflight, rf_entry *key, rf_error *error)
{
    const struct preflight_node *node = node_of(preflight, key->key);
    if (session_has_expired(&preflight->session, key)) {
        find(preflight, PREFLIGHT_EXPIRED, key->db, key->key, "");
        return RF_OK;
    }
    if (rf_live_node_of(preflight->live, key->key) == RF_NO_NODE) {
        char slot[16];
        snprintf(slot, sizeof slot, "slot %u", rf_slot_of(key->key));
        find(preflight, PREFLIGHT_NO_NODE, key->db, key->key, slot);
        return RF_OK;
    }
    bool is_there;
    TRY(find_database(preflight, key->db, &is_there, error));
    if (!is_there) {
        find(preflight, PREFLIGHT_NO_DATABASE, key->db, key->key, "");
        return RF_OK;
    }
    unsigned modes;
    TRY(find_modes(preflight, node, key, &modes, error));
    return modes ? check_modes(preflight, node, key, modes, error) : RF_OK;
}

static rf_code examine_library(struct preflight *preflight, const rf_entry *entry, rf_error *error)
{
    const rf_server server = preflight->nodes[0].info.abilities.server;
    rf_key_record record;
    rf_key_record_of(entry, rf_digest_keyed(entry->text), 0, &record);
    if (!rf_server_at_least(server, (rf_server){RF_REDIS, 7, 0})) {
        find(preflight, PREFLIGHT_NO_LIBRARIES, RF_LIBRARY, record.key, "");
        return RF_OK;
    }
    preflight->libraries++;
    return rf_live_check(preflight->live, &record, error);
}

/* --- commands ----------------------------------------------------------------------------------------- */

/* NULL: the table is full. */
static const struct preflight_command *find_command(struct preflight *preflight, rf_slice word,
                                                    rf_error *error)
{
    struct preflight_command command = {.has = RF_UNKNOWN};
    rf_slice name = {(const uint8_t *)command.name, word.len};
    for (size_t i = 0; i < word.len && word.len < PREFLIGHT_COMMAND; i++)
        command.name[i] = (char)toupper(word.ptr[i]);
    for (size_t i = 0; i < preflight->command_count; i++)
        if (strcmp(preflight->commands[i].name, command.name) == 0)
            return &preflight->commands[i];
    if (word.len >= PREFLIGHT_COMMAND || preflight->command_count == PREFLIGHT_COMMANDS)
        return NULL;
    struct preflight_command *grown = realloc(preflight->commands,
                                              (preflight->command_count + 1) * sizeof *grown);
    if (!grown) {
        fail(error, RF_E_MEMORY, "out of memory");
        return NULL;
    }
    preflight->commands = grown;
    if (rf_live_has_command(preflight->live, name, &command.has, error) != RF_OK)
        return NULL;
    if (command.has == 0)
        find(preflight, PREFLIGHT_NO_COMMAND, 0, name, "");
    preflight->findings[PREFLIGHT_NO_COMMAND].count -= command.has == 0;
    grown[preflight->command_count] = command;
    return &grown[preflight->command_count++];
}

static rf_code examine_command(struct preflight *preflight, const rf_entry *entry, rf_error *error)
{
    error->code = RF_OK;
    const struct preflight_command *command = find_command(preflight, entry->argv[0], error);
    preflight->findings[PREFLIGHT_NO_COMMAND].count += command && command->has == 0;
    return error->code;
}

static void examine_foreign(struct preflight *preflight, const rf_entry *entry)
{
    char what[64];
    snprintf(what, sizeof what, "%.*s of %.*s", (int)entry->text.len, (const char *)entry->text.ptr,
             (int)entry->name.len, (const char *)entry->name.ptr);
    find(preflight, preflight->options->drop_detail ? PREFLIGHT_IN_PART : PREFLIGHT_UNSUPPORTED, entry->db,
         entry->key, what);
}

rf_code preflight_examine(struct preflight *preflight, rf_entry *entry, rf_error *error)
{
    if (entry->kind == RF_ENTRY_KEY)
        return examine_key(preflight, entry, error);
    if (entry->kind == RF_ENTRY_COMMAND)
        return examine_command(preflight, entry, error);
    if (entry->kind == RF_ENTRY_FOREIGN || entry->kind == RF_ENTRY_FOREIGN_DETAIL)
        examine_foreign(preflight, entry);
    return entry->kind == RF_ENTRY_FUNCTION ? examine_library(preflight, entry, error) : RF_OK;
}

/* --- replies ------------------------------------------------------------------------------------------- */

rf_code preflight_on_found(void *ctx, const rf_key_record *record, rf_error *error)
{
    (void)error;
    find(ctx, PREFLIGHT_EXISTING, record->db, record->key, "");
    return RF_OK;
}

/* Also called for libraries that exist with different code. */
rf_code preflight_on_missing(void *ctx, const rf_difference *difference, rf_error *error)
{
    struct preflight *preflight = ctx;
    const rf_key_record *record = difference->before;
    (void)error;
    if (difference->kind == RF_CHANGED)
        find(preflight, PREFLIGHT_OTHER_LIBRARY, RF_LIBRARY, record->key, "");
    if (record->db == RF_LIBRARY)
        return RF_OK;
    struct preflight_node *node = &preflight->nodes[node_of(preflight, record->key) - preflight->nodes];
    node->keys++;
    node->expiring += record->expire_ms != RF_NO_EXPIRY;
    node->memory += record->value.low;
    return RF_OK;
}

/* --- deletions ------------------------------------------------------------------------------------------ */

static void find_deleted(struct preflight *preflight, const rf_key_record *record)
{
    find(preflight, record->db == RF_LIBRARY ? PREFLIGHT_DELETED_LIBRARY : PREFLIGHT_DELETED, record->db,
         record->key, "");
}

rf_code preflight_on_removed(void *ctx, const rf_difference *difference, rf_error *error)
{
    (void)error;
    find_deleted(ctx, difference->before);
    return RF_OK;
}

rf_code preflight_on_extra(void *ctx, const rf_difference *difference, rf_error *error)
{
    (void)error;
    if (extra_keys_is_deletable(difference))
        find_deleted(ctx, difference->after);
    return RF_OK;
}
