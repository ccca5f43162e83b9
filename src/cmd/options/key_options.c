/* SPDX-License-Identifier: MIT */
/* Turns options into a filter and a rewrite, which are created by the first option that needs them. */
#include "cmd/options/key_options.h"
#include "base/fail.h"
#include "cmd/options/parse.h"
#include "cmd/run/slurp.h"
#include "cmd/term/message.h"
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

/* clang-format off */
#define DEFINE_FILTER_OPT(id, name, call)                                         \
    rf_code opt_##id(const char *argument, void *into, rf_error *error)        \
    {                                                                           \
        rf_filter *filter = filter_of(into);                                    \
        rf_code code = filter ? call : out_of_memory(error);                    \
                                                                                \
        return code == RF_OK ? note_choice(into, name, argument, error) : code; \
    }

#define DEFINE_REWRITE_OPT(name, function)                                        \
    rf_code opt_##name(const char *argument, void *into, rf_error *error)      \
    {                                                                           \
        rf_rewrite *rewrite = rewrite_of(into);                                 \
                                                                                \
        return rewrite ? function(rewrite, argument, error) : out_of_memory(error); \
    }
/* clang-format on */

DEFINE_FILTER_OPT(db, "db", rf_filter_dbs(filter, RF_INCLUDE, argument, error))
DEFINE_FILTER_OPT(no_db, "no-db", rf_filter_dbs(filter, RF_EXCLUDE, argument, error))
DEFINE_FILTER_OPT(match, "match", rf_filter_glob(filter, RF_INCLUDE, argument, error))
DEFINE_FILTER_OPT(no_match, "no-match", rf_filter_glob(filter, RF_EXCLUDE, argument, error))
DEFINE_FILTER_OPT(regex, "key-regex", rf_filter_regex(filter, RF_INCLUDE, argument, error))
DEFINE_FILTER_OPT(no_regex, "no-key-regex", rf_filter_regex(filter, RF_EXCLUDE, argument, error))
DEFINE_FILTER_OPT(type, "type", rf_filter_types(filter, RF_INCLUDE, argument, error))
DEFINE_FILTER_OPT(no_type, "no-type", rf_filter_types(filter, RF_EXCLUDE, argument, error))
DEFINE_FILTER_OPT(only_slots, "only-slots", rf_filter_slots(filter, argument, error))
DEFINE_FILTER_OPT(shard, "shard", rf_filter_shard(filter, argument, error))

DEFINE_REWRITE_OPT(rename, rf_rewrite_rename)
DEFINE_REWRITE_OPT(hash_tag, rf_rewrite_hash_tag)
DEFINE_REWRITE_OPT(map_db, rf_rewrite_map_db)
DEFINE_REWRITE_OPT(flatten, rf_rewrite_flatten)

/* --- a file of rules ---------------------------------------------------------------------------------- */

enum { RULES_MOST = 1024 * 1024 };

rf_code opt_rules(const char *argument, void *into, rf_error *error)
{
    rf_rewrite *rewrite = rewrite_of(into);
    char *text;
    size_t size;
    rf_code code;
    if (!rewrite)
        return out_of_memory(error);
    code = slurp(argument, RULES_MOST, &text, &size, error);
    if (code != RF_OK)
        return code;
    code = rf_rewrite_rules(rewrite, (rf_slice){(const uint8_t *)text, size}, argument, error);
    free(text);
    return code;
}

/* --- expiries ----------------------------------------------------------------------------------------- */

rf_code opt_shift(const char *argument, void *into, rf_error *error)
{
    struct key_options *keys = into;
    bool back = *argument == '-';
    keys->shift = SHIFT_AUTO;
    if (strcmp(argument, "auto") == 0)
        return RF_OK;
    keys->shift = SHIFT_BY;
    if (!parse_duration(argument + back, &keys->shift_ms))
        return fail(error, RF_E_ARGUMENT, "'%s' is neither a duration such as 26h nor auto", argument);
    if (back)
        keys->shift_ms = -keys->shift_ms;
    return RF_OK;
}

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
