/* SPDX-License-Identifier: MIT */
/* Turns options into a filter and a rewrite, which are created by the first option that needs them. */
#include "cmd/options/key_options.h"
#include "base/fail.h"
#include "cmd/options/parse.h"
#include "cmd/run/files.h"
#include "cmd/term/message.h"
#include <inttypes.h>
#include <rdbferry/slot.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct option_choice expired_choices[] = {
    {"keep", RF_EXPIRED_KEEP}, {"drop", RF_EXPIRED_DROP}, {"only", RF_EXPIRED_ONLY}, {NULL, 0}};

static rf_filter *filter_of(struct key_options *keys)
{
    if (!keys->filter)
        keys->filter = rf_filter_new();
    return keys->filter;
}

static rf_rewrite *rewrite_of(struct key_options *keys)
{
    if (!keys->rewrite)
        keys->rewrite = rf_rewrite_new();
    return keys->rewrite;
}

static rf_code out_of_memory(rf_error *error)
{
    return fail(error, RF_E_MEMORY, "out of memory");
}

/* Records an option that the filter has accepted. */
static rf_code note_choice(struct key_options *keys, const char *name, const char *argument, rf_error *error)
{
    char *chosen;
    if (asprintf(&chosen, "%s%s--%s %s", keys->chosen ? keys->chosen : "", keys->chosen ? "\n" : "", name,
                 argument) < 0)
        return out_of_memory(error);
    free(keys->chosen);
    keys->chosen = chosen;
    return RF_OK;
}

static rf_code opt_filter(const struct option_row *row, const char *argument, void *into, rf_error *error)
{
    static const struct {
        const char *name;
        rf_code (*add)(rf_filter *filter, rf_side side, const char *argument, rf_error *error);
    } kinds[] = {{"db", rf_filter_dbs},
                 {"match", rf_filter_glob},
                 {"key-regex", rf_filter_regex},
                 {"type", rf_filter_types}};
    rf_filter *filter = filter_of(into);
    if (!filter)
        return out_of_memory(error);
    bool excludes = strncmp(row->name, "no-", 3) == 0;
    size_t i = 0;
    while (strcmp(kinds[i].name, row->name + (excludes ? 3 : 0)) != 0)
        i++;
    TRY(kinds[i].add(filter, excludes ? RF_EXCLUDE : RF_INCLUDE, argument, error));
    return note_choice(into, row->name, argument, error);
}

static rf_code opt_slots(const struct option_row *row, const char *argument, void *into, rf_error *error)
{
    rf_filter *filter = filter_of(into);
    if (!filter)
        return out_of_memory(error);
    bool is_shard = strcmp(row->name, "shard") == 0;
    TRY(is_shard ? rf_filter_shard(filter, argument, error) : rf_filter_slots(filter, argument, error));
    return note_choice(into, row->name, argument, error);
}

static bool chose_shard(const struct key_options *keys)
{
    static const char head[] = "--shard ";
    for (const char *line = keys->chosen; line; line = strchr(line, '\n'), line += line != NULL)
        if (strncmp(line, head, sizeof head - 1) == 0)
            return true;
    return false;
}

bool key_options_shard(struct key_options *keys, uint64_t index, uint64_t shards, const char *command)
{
    char argument[64];
    rf_error error;
    if (index == OPT_UNSET && shards == OPT_UNSET)
        return true;
    if (chose_shard(keys))
        return message_usage(command, "--shard cannot be combined with --shard-index and --shards");
    if (index == OPT_UNSET || shards == OPT_UNSET)
        return message_usage(command, "--shard-index and --shards must be given together");
    if (shards == 0 || shards > RF_SLOTS || index >= shards)
        return message_usage(command, "--shard-index must be less than --shards, which is at most %d",
                             RF_SLOTS);
    snprintf(argument, sizeof argument, "%" PRIu64 "/%" PRIu64, index + 1, shards);
    const struct option_row row = {.name = "shard"};
    return opt_slots(&row, argument, keys, &error) == RF_OK || message_usage(command, "%s", error.message);
}

static rf_code opt_rule(const struct option_row *row, const char *argument, void *into, rf_error *error)
{
    static const struct {
        const char *name;
        rf_code (*add)(rf_rewrite *rewrite, const char *argument, rf_error *error);
    } kinds[] = {{"map-db", rf_rewrite_map_db},
                 {"rename", rf_rewrite_rename},
                 {"hash-tag", rf_rewrite_hash_tag},
                 {"flatten-dbs", rf_rewrite_flatten}};
    rf_rewrite *rewrite = rewrite_of(into);
    if (!rewrite)
        return out_of_memory(error);
    size_t i = 0;
    while (strcmp(kinds[i].name, row->name) != 0)
        i++;
    return kinds[i].add(rewrite, argument, error);
}

enum { RULES_MOST = 1024 * 1024 };

static rf_code opt_rules(const struct option_row *row, const char *argument, void *into, rf_error *error)
{
    (void)row;
    rf_rewrite *rewrite = rewrite_of(into);
    if (!rewrite)
        return out_of_memory(error);
    char *text;
    size_t size;
    TRY(slurp(argument, RULES_MOST, &text, &size, error));
    rf_code code = rf_rewrite_rules(rewrite, (rf_slice){(const uint8_t *)text, size}, argument, error);
    free(text);
    return code;
}

static rf_code opt_shift(const struct option_row *row, const char *argument, void *into, rf_error *error)
{
    (void)row;
    struct key_options *keys = into;
    keys->shift = SHIFT_AUTO;
    if (strcmp(argument, "auto") == 0)
        return RF_OK;
    keys->shift = SHIFT_BY;
    bool is_negative = *argument == '-';
    if (!parse_duration(argument + is_negative, &keys->shift_ms))
        return fail(error, RF_E_ARGUMENT, "'%s' is neither a duration such as 26h nor auto", argument);
    if (is_negative)
        keys->shift_ms = -keys->shift_ms;
    return RF_OK;
}

/* --- the tables --------------------------------------------------------------------------------------- */

#define AT(member) .offset = offsetof(struct key_options, member)

/* clang-format off */
const struct option_row filter_rows[] = {
    {OPTION_HEADING, .help = "Filtering keys (options combine; exclusions win)"},
    {OPTION_HANDLER, 'd', "db", "LIST", "only these databases: 0,5-7", .handle = opt_filter},
    {OPTION_HANDLER, 'D', "no-db", "LIST", "not these databases", .handle = opt_filter},
    {OPTION_HANDLER, 'k', "match", "GLOB", "only keys that match, as in KEYS: 'user:*'",
     .handle = opt_filter},
    {OPTION_HANDLER, 'K', "no-match", "GLOB", "no keys that match", .handle = opt_filter},
    {OPTION_HANDLER, 0, "key-regex", "RE",
     "only keys that contain a match of this\n"
     "Perl-compatible regular expression", .handle = opt_filter},
    {OPTION_HANDLER, 0, "no-key-regex", "RE", "no keys that contain a match", .handle = opt_filter},
    {OPTION_HANDLER, 't', "type", "LIST",
     "only these types: string, list, set, zset, hash,\n"
     "stream, module, array, path-hash", .handle = opt_filter},
    {OPTION_HANDLER, 'T', "no-type", "LIST", "not these types", .handle = opt_filter},
    {OPTION_CHOICE, 0, "expired", "POLICY", "expired keys: keep, drop, or only these (keep)", AT(expired),
     .choices = expired_choices},
    {OPTION_HANDLER, 0, "only-slots", "LIST", "only these cluster slots, after renaming: 0-5460",
     .handle = opt_slots},
    {OPTION_HANDLER, 0, "shard", "I/N", "only the slots of the I-th of N equal ranges", .handle = opt_slots},
    {.kind = OPTION_END},
};

const struct option_row rewrite_rows[] = {
    {OPTION_HEADING, .help = "Rewriting keys, in this order (see 'rdbferry help rules')"},
    {OPTION_HANDLER, 0, "map-db", "FROM=TO", "move keys to another database: 5=0,6=0", .handle = opt_rule},
    {OPTION_HANDLER, 0, "rename", "s/RE/REPL/",
     "rename keys; \\1 is the match of the first group;\n"
     "flags: g, i", .handle = opt_rule},
    {OPTION_HANDLER, 0, "hash-tag", "GLOB",
     "add a hash tag: '{user:*}:*' turns user:1:cart into\n"
     "{user:1}:cart; the first match wins", .handle = opt_rule},
    {OPTION_HANDLER, 0, "flatten-dbs", "PREFIX",
     "move all keys to database 0; prefix the names of\n"
     "those in other databases (db%d:)", .handle = opt_rule, .optional = true},
    {OPTION_FLAG, 0, "prefix-db0", .help = "prefix the names in database 0 as well", AT(prefix_db0)},
    {OPTION_HANDLER, 0, "rules", "FILE", "read such rules from FILE, one per line", .handle = opt_rules},
    {OPTION_HANDLER, 0, "shift-expiry", "DURATION",
     "extend expiries of keys and fields by DURATION, or by\n"
     "the age of the input: auto", .handle = opt_shift},
    {.kind = OPTION_END},
};
/* clang-format on */

/* --- checks ------------------------------------------------------------------------------------------- */

static bool has_rule(const rf_rewrite *rewrite, const char *name)
{
    rf_rule_info info;
    for (size_t i = 0; rf_rewrite_rule(rewrite, i, &info); i++)
        if (strncmp(info.rule, name, strlen(name)) == 0)
            return true;
    return false;
}

bool key_options_finalize(struct key_options *keys, const char *command)
{
    if (!filter_of(keys) || ((keys->prefix_db0 || keys->shift) && !rewrite_of(keys))) {
        message_error("out of memory");
        return false;
    }
    if (!keys->rewrite)
        return true;
    if (keys->prefix_db0)
        rf_rewrite_prefix_db0(keys->rewrite);
    if (has_rule(keys->rewrite, "prefix-db0") && !has_rule(keys->rewrite, "flatten-dbs")) {
        message_usage(command, "prefix-db0 requires flatten-dbs");
        return false;
    }
    rf_rewrite_expect(keys->rewrite, keys->filter);
    return true;
}

void key_options_free(struct key_options *keys)
{
    rf_filter_free(keys->filter);
    rf_rewrite_free(keys->rewrite);
    free(keys->chosen);
}
