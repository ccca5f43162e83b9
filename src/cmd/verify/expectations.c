/* SPDX-License-Identifier: MIT */
/* One row per kind of expectation says how its argument is parsed and how it is checked. */
#include "cmd/verify/expectations.h"
#include "cmd/options/parse.h"
#include "cmd/term/text.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum argument_kind {
    ARGUMENT_COUNT,
    ARGUMENT_SIZE,
    ARGUMENT_AGE,
    ARGUMENT_SHARE,
    ARGUMENT_DATABASE, /* and a range */
    ARGUMENT_TYPE,     /* and a range */
    ARGUMENT_FORBIDDEN_TYPE,
    ARGUMENT_MODULE,
};

struct expectation_kind {
    const char *name;
    enum argument_kind argument;
    bool is_upper_bound;
    bool (*check)(struct expectation *e, const struct data_totals *totals);
};

/* --- arguments ---------------------------------------------------------------------------------------- */

/* Copies the text before the '='; returns the text after it. */
static const char *split(const char *argument, char *name, size_t size)
{
    const char *equals = strchr(argument, '=');
    if (!equals || (size_t)(equals - argument) >= size)
        return NULL;
    memcpy(name, argument, (size_t)(equals - argument));
    name[equals - argument] = '\0';
    return equals + 1;
}

static bool find_type(const char *name, int64_t *type)
{
    rf_type found;
    if (!rf_type_parse((rf_slice){(const uint8_t *)name, strlen(name)}, &found))
        return false;
    *type = found;
    return true;
}

static bool read_share(const char *argument, double *share)
{
    char *end;
    *share = strtod(argument, &end);
    return end != argument && *end == '\0' && *share >= 0 && *share <= 1;
}

static bool read_argument(struct expectation *e, const char *argument)
{
    uint64_t *bound = e->kind->is_upper_bound ? &e->most : &e->least;
    double *share = e->kind->is_upper_bound ? &e->most_share : &e->least_share;
    char name[32];
    const char *range;
    uint64_t number;
    int64_t ms;
    switch (e->kind->argument) {
    case ARGUMENT_COUNT: return parse_count(argument, bound);
    case ARGUMENT_SIZE: return parse_size(argument, bound);
    case ARGUMENT_AGE:
        if (!parse_duration(argument, &ms))
            return false;
        e->most = (uint64_t)ms;
        return true;
    case ARGUMENT_SHARE: return read_share(argument, share);
    case ARGUMENT_DATABASE:
        range = split(argument, name, sizeof name);
        if (!range || !parse_count(name, &number) || number >= STATS_DATABASES)
            return false;
        e->of = (int64_t)number;
        return parse_range(range, &e->least, &e->most);
    case ARGUMENT_TYPE:
        range = split(argument, name, sizeof name);
        return range && find_type(name, &e->of) && parse_range(range, &e->least, &e->most);
    case ARGUMENT_FORBIDDEN_TYPE: e->most = 0; return find_type(argument, &e->of);
    case ARGUMENT_MODULE: e->text = argument; return *argument != '\0';
    }
    return false;
}

/* --- checks ------------------------------------------------------------------------------------------- */

static bool within(const struct expectation *e, uint64_t number)
{
    return number >= e->least && number <= e->most;
}

static bool check_number(struct expectation *e, uint64_t keys)
{
    snprintf(e->found, sizeof e->found, "%" PRIu64 " key%s", keys, text_plural(keys));
    return within(e, keys);
}

static bool check_keys(struct expectation *e, const struct data_totals *totals)
{
    return check_number(e, tables_total(&totals->stats->tables).keys);
}

static bool check_database(struct expectation *e, const struct data_totals *totals)
{
    return check_number(e, tables_of_database(&totals->stats->tables, (size_t)e->of).keys);
}

static bool check_type(struct expectation *e, const struct data_totals *totals)
{
    return check_number(e, tables_of_type(&totals->stats->tables, (rf_type)e->of).keys);
}

static bool check_module(struct expectation *e, const struct data_totals *totals)
{
    for (size_t i = 0; i < totals->keys->modules.count; i++) {
        if (strcmp(totals->keys->modules.names[i], e->text) == 0) {
            snprintf(e->found, sizeof e->found, "values of it found");
            return false;
        }
    }
    snprintf(e->found, sizeof e->found, "no values of it");
    return true;
}

enum { CLOCKS_APART = 5 * 60 /* seconds, the largest accepted clock difference between two machines */ };

/* Each input has a save time; the oldest one counts. */
static bool check_age(struct expectation *e, const struct data_totals *totals)
{
    int64_t oldest = INT64_MAX;
    for (size_t i = 0; i < totals->input_count; i++)
        if (totals->inputs[i].info.rdb_version > 0 && totals->inputs[i].info.saved_at < oldest)
            oldest = totals->inputs[i].info.saved_at;
    if (oldest < 0 || oldest == INT64_MAX) {
        snprintf(e->found, sizeof e->found, "an input has no save time");
        return false;
    }
    int64_t seconds = totals->now / 1000 - oldest;
    if (seconds < -CLOCKS_APART) {
        snprintf(e->found, sizeof e->found, "saved %" PRId64 " h in the future", -seconds / 3600);
        return false;
    }
    snprintf(e->found, sizeof e->found, "saved %" PRId64 " h %" PRId64 " min ago", seconds / 3600,
             seconds / 60 % 60);
    return seconds < 0 || (uint64_t)seconds * 1000 <= e->most;
}

static bool check_size(struct expectation *e, const struct data_totals *totals)
{
    uint64_t size = 0;
    for (size_t i = 0; i < totals->input_count; i++)
        size += totals->inputs[i].read;
    snprintf(e->found, sizeof e->found, "%" PRIu64 " bytes", size);
    return within(e, size);
}

static bool check_share(struct expectation *e, const struct data_totals *totals)
{
    struct key_totals total = tables_total(&totals->stats->tables);
    double share = total.keys > 0 ? (double)total.expiring / (double)total.keys : 0;
    snprintf(e->found, sizeof e->found, "%.3f of the keys expire", share);
    return share >= e->least_share && share <= e->most_share;
}

static bool check_record(struct expectation *e, const struct record_key *record, const char *unit)
{
    if (record->size == 0)
        snprintf(e->found, sizeof e->found, "no key");
    else
        snprintf(e->found, sizeof e->found, "%" PRIu64 " %s in key '%s' (db %d)", record->size, unit,
                 record->key, record->db);
    return within(e, record->size);
}

static bool check_largest(struct expectation *e, const struct data_totals *totals)
{
    return check_record(e, &totals->keys->largest, "bytes");
}

static bool check_longest(struct expectation *e, const struct data_totals *totals)
{
    return check_record(e, &totals->keys->longest, "elements");
}

/* --- the tables --------------------------------------------------------------------------------------- */

static const struct expectation_kind kinds[] = {
    {"min-keys", ARGUMENT_COUNT, false, check_keys},
    {"max-keys", ARGUMENT_COUNT, true, check_keys},
    {"expect-db", ARGUMENT_DATABASE, false, check_database},
    {"expect-type", ARGUMENT_TYPE, false, check_type},
    {"min-size", ARGUMENT_SIZE, false, check_size},
    {"max-size", ARGUMENT_SIZE, true, check_size},
    {"max-age", ARGUMENT_AGE, true, check_age},
    {"min-ttl-share", ARGUMENT_SHARE, false, check_share},
    {"max-ttl-share", ARGUMENT_SHARE, true, check_share},
    {"max-key-size", ARGUMENT_SIZE, true, check_largest},
    {"max-elements", ARGUMENT_COUNT, true, check_longest},
    {"forbid-type", ARGUMENT_FORBIDDEN_TYPE, true, check_type},
    {"forbid-module", ARGUMENT_MODULE, false, check_module},
};

static rf_code opt_expectation(const struct option_row *row, const char *argument, void *into,
                               rf_error *error)
{
    (void)error;
    struct expectations *expectations = into;
    if (expectations->count == EXPECTATIONS_MAX)
        return RF_E_ARGUMENT;
    const struct expectation_kind *kind = kinds;
    while (strcmp(kind->name, row->name) != 0)
        kind++;
    struct expectation *e = &expectations->all[expectations->count++];
    *e = (struct expectation){.kind = kind, .argument = argument, .most = UINT64_MAX, .most_share = 1};
    snprintf(e->option, sizeof e->option, "--%s %s", row->name, argument);
    return read_argument(e, argument) ? RF_OK : RF_E_ARGUMENT;
}

/* clang-format off */
const struct option_row expectation_rows[] = {
    {OPTION_HANDLER, 0, "min-keys", "N", "at least N keys", .handle = opt_expectation},
    {OPTION_HANDLER, 0, "max-keys", "N", "at most N keys", .handle = opt_expectation},
    {OPTION_HANDLER, 0, "expect-db", "DB=RANGE", "number of keys in a database: 0=90000.., 1=..500, 2=7",
     .handle = opt_expectation},
    {OPTION_HANDLER, 0, "expect-type", "TYPE=RANGE", "number of keys of a type: hash=1..",
     .handle = opt_expectation},
    {OPTION_HANDLER, 0, "min-size", "SIZE", "input of at least SIZE", .handle = opt_expectation},
    {OPTION_HANDLER, 0, "max-size", "SIZE", "input of at most SIZE", .handle = opt_expectation},
    {OPTION_HANDLER, 0, "max-age", "DURATION", "saved at most this long ago, by the time in the RDB: 26h",
     .handle = opt_expectation},
    {OPTION_HANDLER, 0, "min-ttl-share", "SHARE", "at least this share of keys has an expiry: 0.2",
     .handle = opt_expectation},
    {OPTION_HANDLER, 0, "max-ttl-share", "SHARE", "at most this share of keys has an expiry",
     .handle = opt_expectation},
    {OPTION_HANDLER, 0, "max-key-size", "SIZE", "no key with more than SIZE in its elements",
     .handle = opt_expectation},
    {OPTION_HANDLER, 0, "max-elements", "N", "no key with more than N elements", .handle = opt_expectation},
    {OPTION_HANDLER, 0, "forbid-type", "TYPE", "no key of this type", .handle = opt_expectation},
    {OPTION_HANDLER, 0, "forbid-module", "NAME", "no value of this module", .handle = opt_expectation},
    {.kind = OPTION_END},
};
/* clang-format on */

const char *expectations_of_files(const struct expectations *expectations)
{
    for (size_t i = 0; i < expectations->count; i++) {
        const struct expectation *e = &expectations->all[i];
        if (e->kind->check == check_age || e->kind->check == check_size)
            return e->option;
    }
    return NULL;
}

size_t expectations_check(struct expectations *expectations, const struct data_totals *totals)
{
    size_t unmet = 0;
    for (size_t i = 0; i < expectations->count; i++) {
        struct expectation *e = &expectations->all[i];
        e->met = e->kind->check(e, totals);
        unmet += !e->met;
    }
    return unmet;
}

void expectations_report(struct json *json, const struct expectations *expectations)
{
    json_array(json, "expectations");
    for (size_t i = 0; i < expectations->count; i++) {
        const struct expectation *e = &expectations->all[i];
        json_object(json, NULL);
        json_string(json, "expectation", e->kind->name);
        json_string(json, "argument", e->argument);
        json_bool(json, "met", e->met);
        json_string(json, "found", e->found);
        json_end_object(json);
    }
    json_end_array(json);
}
