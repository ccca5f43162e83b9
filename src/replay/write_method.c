/* SPDX-License-Identifier: MIT */
/* The methods of writing a key, and the commands that each requires:
 *
 *   SET                        SET; PXAT if the key expires
 *   RESTORE                    RESTORE, and a known server version
 *   commands, then a rename    RENAMENX, or RENAME if keys are replaced; PEXPIREAT, BLESS
 *   a transaction              MULTI, and WATCH and EXISTS if keys are not replaced; PEXPIREAT, BLESS */
#include "replay/write_method.h"

#include "base/fail.h"
#include "command/ability.h"
#include "rdb/dump_payload.h"
#include "rdb/value.h"

enum { BIG_KEY = 1024 * 1024 };

const char method_needs_restore[] = "only RESTORE can write it, and RESTORE is not available";
const char method_too_large[] = "it is too large for a transaction, and RENAMENX is not available";

static rf_server since(int major, int minor)
{
    return (rf_server){RF_REDIS, major, minor};
}

bool method_can_restore(const rf_abilities *target)
{
    return rf_accepts(target, RF_COMMAND_RESTORE) && !target->assumed;
}

bool method_can_rename(const rf_abilities *target, rf_on_exists on_exists)
{
    return rf_accepts(target, on_exists == RF_ON_EXISTS_REPLACE ? RF_COMMAND_RENAME : RF_COMMAND_RENAMENX);
}

/* Whether a transaction without a staging key can be used. */
static bool method_can_transact(const rf_abilities *target, rf_on_exists on_exists)
{
    if (!rf_accepts(target, RF_COMMAND_MULTI))
        return false;
    return on_exists == RF_ON_EXISTS_REPLACE
               ? rf_accepts(target, RF_COMMAND_DEL)
               : rf_accepts(target, RF_COMMAND_WATCH) && rf_accepts(target, RF_COMMAND_EXISTS);
}

bool method_has_commands(const rf_abilities *target, rf_type type)
{
    static const uint8_t commands[RF_TYPE_COUNT] = {
        [RF_STRING] = RF_COMMAND_SET,   [RF_LIST] = RF_COMMAND_RPUSH,  [RF_SET] = RF_COMMAND_SADD,
        [RF_ZSET] = RF_COMMAND_ZADD,    [RF_HASH] = RF_COMMAND_HMSET,  [RF_STREAM] = RF_COMMAND_XADD,
        [RF_MODULE] = RF_COMMAND_COUNT, [RF_ARRAY] = RF_COMMAND_COUNT, [RF_PATH_HASH] = RF_COMMAND_COUNT};
    return commands[type] == RF_COMMAND_COUNT || rf_accepts(target, (rf_command)commands[type]);
}

bool method_is_set(const rf_abilities *target, const rf_entry *key)
{
    return key->type == RF_STRING && !key->no_evict &&
           (key->expire_ms == RF_NO_EXPIRY || rf_server_at_least(target->server, since(6, 2)));
}

const char *method_obstacle(const rf_abilities *target, rf_on_exists on_exists, const rf_entry *key)
{
    if (!method_has_commands(target, key->type))
        return "the command for its type is not available";
    if (method_is_set(target, key))
        return NULL;
    if (key->expire_ms != RF_NO_EXPIRY && !rf_accepts(target, RF_COMMAND_PEXPIREAT))
        return "PEXPIREAT is not available";
    if (!method_can_rename(target, on_exists) && !method_can_transact(target, on_exists))
        return on_exists == RF_ON_EXISTS_REPLACE ? "neither RENAME nor MULTI is available"
                                                 : "neither RENAMENX nor MULTI with WATCH is available";
    return NULL;
}

/* --- checks in advance --------------------------------------------------------------------------------- */

/* With old servers RESTORE may need a staging key, and then a transaction. */
static bool restores(const rf_abilities *target, const rf_replay_options *options, const rf_entry *key)
{
    bool expires = key->expire_ms != RF_NO_EXPIRY;
    bool at_once = !key->no_evict && (!expires || rf_server_at_least(target->server, since(5, 0))) &&
                   (options->on_exists != RF_ON_EXISTS_REPLACE ||
                    rf_server_at_least(target->server, since(3, 0)));
    return method_can_restore(target) &&
           (at_once || (method_can_rename(target, options->on_exists) &&
                        ((!expires && !key->no_evict) || rf_accepts(target, RF_COMMAND_MULTI))));
}

static rf_code find_obstacle(const rf_abilities *target, const rf_replay_options *options, rf_entry *key,
                             const char **why, rf_error *error)
{
    uint64_t size = 0;
    *why = method_obstacle(target, options->on_exists, key);
    if (*why || method_can_rename(target, options->on_exists) || key->type == RF_STRING)
        return RF_OK;
    rf_code code = rf_value_hold(key->value, &size, error);
    if (size > (options->big_key ? options->big_key : BIG_KEY))
        *why = method_too_large;
    return code;
}

static rf_code find_ways(const rf_abilities *target, const rf_replay_options *options, rf_entry *key,
                         unsigned *ways, const char **why, rf_error *error)
{
    const char *obstacle;
    *why = NULL;
    rf_code code = rf_server_write_modes(target->server, key, ways, error);
    if (code == RF_OK)
        code = find_obstacle(target, options, key, &obstacle, error);
    if (code != RF_OK)
        return code;
    if (*ways & RF_WRITE_RESTORE && !restores(target, options, key)) {
        *ways &= ~(unsigned)RF_WRITE_RESTORE;
        *why = method_needs_restore;
    }
    if (!options->drop_detail || obstacle)
        *ways &= ~(unsigned)RF_WRITE_PARTIAL;
    if (options->mode == RF_REPLAY_RESTORE)
        *ways &= RF_WRITE_RESTORE;
    if (*ways & RF_WRITE_COMMANDS && obstacle) {
        *ways &= ~(unsigned)RF_WRITE_COMMANDS;
        *why = obstacle;
    }
    return RF_OK;
}

/* As the replay does before it chooses the method. */
static void drop_attributes(const rf_abilities *target, const rf_replay_options *options, rf_entry *key)
{
    if (!dump_payload_accepted(key, target->server) || !restores(target, options, key))
        key->metadata.len = 0;
    if (!server_can(target->server, CAN_NO_EVICT))
        key->no_evict = false;
}

rf_code rf_replay_write_modes(const rf_abilities *target, const rf_replay_options *options, rf_entry *key,
                              unsigned *ways, const char **why, rf_error *error)
{
    rf_entry written = *key;
    if (options->drop_detail)
        drop_attributes(target, options, &written);
    TRY(find_ways(target, options, &written, ways, why, error));
    bool is_whole = written.metadata.len == key->metadata.len && written.no_evict == key->no_evict;
    if (!is_whole && *ways)
        *ways = RF_WRITE_PARTIAL;
    return RF_OK;
}
