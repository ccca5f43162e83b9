/* SPDX-License-Identifier: MIT */
/* A table with one row per kind of expectation: how its argument is parsed and how it is checked. */
#include "cmd/verify/expectations.h"
#include "cmd/options/parse.h"
#include "cmd/term/text.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct expectation_kind {
    const char *name;
    bool (*read)(struct expectation *e, const char *argument);
    bool (*check)(struct expectation *e, const struct data_totals *totals);
};

void module_names_add(struct module_names *modules, const char name[10])
{
    for (size_t i = 0; i < modules->count; i++)
        if (strcmp(modules->names[i], name) == 0)
            return;
    if (modules->count < MODULES_MAX)
        snprintf(modules->names[modules->count++], sizeof *modules->names, "%s", name);
}

/* --- arguments ---------------------------------------------------------------------------------------- */

static bool read_least(struct expectation *e, const char *argument)
{
    return parse_count(argument, &e->least);
}

static bool read_most(struct expectation *e, const char *argument)
{
    return parse_count(argument, &e->most);
}

static bool read_least_size(struct expectation *e, const char *argument)
{
    return parse_size(argument, &e->least);
}

static bool read_most_size(struct expectation *e, const char *argument)
{
    return parse_size(argument, &e->most);
}

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

static bool read_database(struct expectation *e, const char *argument)
{
    char name[32];
    uint64_t db;
    const char *range = split(argument, name, sizeof name);
    if (!range || !parse_count(name, &db) || db >= STATS_DATABASES)
        return false;
    e->of = (int64_t)db;
    return parse_range(range, &e->least, &e->most);
}

static bool find_type(const char *name, int64_t *type)
{
    rf_type found;
    if (!rf_type_parse((rf_slice){(const uint8_t *)name, strlen(name)}, &found))
        return false;
    *type = found;
    return true;
}

static bool read_type(struct expectation *e, const char *argument)
{
    char name[32];
    const char *range = split(argument, name, sizeof name);
    return range && find_type(name, &e->of) && parse_range(range, &e->least, &e->most);
}

static bool read_forbidden_type(struct expectation *e, const char *argument)
{
    e->most = 0;
    return find_type(argument, &e->of);
}

static bool read_module(struct expectation *e, const char *argument)
{
    e->text = argument;
    return *argument != '\0';
}

static bool read_age(struct expectation *e, const char *argument)
{
    int64_t ms;
    if (!parse_duration(argument, &ms))
        return false;
    e->most = (uint64_t)ms;
    return true;
}

static bool read_share(const char *argument, double *share)
{
    char *end;
    *share = strtod(argument, &end);
    return end != argument && *end == '\0' && *share >= 0 && *share <= 1;
}

static bool read_least_share(struct expectation *e, const char *argument)
{
    return read_share(argument, &e->least_share);
}

static bool read_most_share(struct expectation *e, const char *argument)
{
    return read_share(argument, &e->most_share);
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
    for (size_t i = 0; i < totals->modules->count; i++) {
        if (strcmp(totals->modules->names[i], e->text) == 0) {
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
    int64_t oldest = INT64_MAX, seconds;
    for (size_t i = 0; i < totals->input_count; i++)
        if (totals->inputs[i].info.rdb_version > 0 && totals->inputs[i].info.saved_at < oldest)
            oldest = totals->inputs[i].info.saved_at;
    if (oldest < 0 || oldest == INT64_MAX) {
        snprintf(e->found, sizeof e->found, "an input has no save time");
        return false;
    }
    seconds = totals->now / 1000 - oldest;
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
    return check_record(e, &totals->largest, "bytes");
}

static bool check_longest(struct expectation *e, const struct data_totals *totals)
{
    return check_record(e, &totals->longest, "elements");
}

/* --- the table ---------------------------------------------------------------------------------------- */

static const struct expectation_kind kinds[] = {
    {"min-keys", read_least, check_keys},
    {"max-keys", read_most, check_keys},
    {"expect-db", read_database, check_database},
    {"expect-type", read_type, check_type},
    {"min-size", read_least_size, check_size},
    {"max-size", read_most_size, check_size},
    {"max-age", read_age, check_age},
    {"min-ttl-share", read_least_share, check_share},
    {"max-ttl-share", read_most_share, check_share},
    {"max-key-size", read_most_size, check_largest},
    {"max-elements", read_most, check_longest},
    {"forbid-type", read_forbidden_type, check_type},
    {"forbid-module", read_module, check_module},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

bool expectations_add(struct expectations *expectations, const char *name, const char *argument)
{
    struct expectation *e = &expectations->all[expectations->count];
    if (expectations->count == EXPECTATIONS_MAX)
        return false;
    for (size_t i = 0; i < KINDS; i++) {
        if (strcmp(kinds[i].name, name) != 0)
            continue;
        *e = (struct expectation){
            .kind = &kinds[i], .argument = argument, .most = UINT64_MAX, .most_share = 1};
        snprintf(e->option, sizeof e->option, "--%s %s", name, argument);
        expectations->count++;
        return e->kind->read(e, argument);
    }
    return false;
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
