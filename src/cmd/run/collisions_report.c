/* SPDX-License-Identifier: MIT */
/* What is said about collisions: the errors, and the report. */
#include "base/escape.h"
#include "base/fail.h"
#include "cmd/run/collisions.h"
#include "cmd/term/message.h"
#include "cmd/term/text.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* --- errors --- */

static void format_source(const struct collisions *c, const struct collision_source *source, char *out,
                          size_t size)
{
    bool many = c->session->input_count > 1;
    snprintf(out, size, "'%s' (db %" PRId64 "%s%s)", source->key, source->db, many ? ", " : "",
             many ? source->input : "");
}

static bool same_key(const struct collision_source *a, const struct collision_source *b)
{
    return a->db == b->db && a->digest.low == b->digest.low && a->digest.high == b->digest.high &&
           strcmp(a->key, b->key) == 0;
}

/* Whether the key keeps its name. */
static bool keeps_name(const struct collision_source *source, int64_t db, const char *key)
{
    return source->db == db && strcmp(source->key, key) == 0;
}

static rf_code fail_duplicate(const struct collisions *c, const struct collision_source *source,
                              rf_error *error)
{
    char count[80] = "";
    if (c->names > 1)
        snprintf(count, sizeof count, ", one of %" PRIu64 " names that occur more than once", c->names);
    fail(error, RF_E_DUPLICATE, "duplicate%s (see --on-collision)", count);
    snprintf(error->input, sizeof error->input, "%s", source->input);
    snprintf(error->key, sizeof error->key, "%s", source->key);
    error->db = (int)source->db;
    error->offset = (int64_t)source->offset;
    return RF_E_DUPLICATE;
}

static void format_both(const struct collision_source *a, const struct collision_source *b, char *out,
                        size_t size)
{
    if (a->input == b->input)
        snprintf(out, size, "key '%s' (db %" PRId64 ") occurs twice in %s", a->key, a->db, a->input);
    else
        snprintf(out, size, "key '%s' (db %" PRId64 ") is in both %s and %s", a->key, a->db, a->input,
                 b->input);
}

/* How many names collide; comes first, as long names may fill the message. */
static void format_count(const struct collisions *c, char *out, size_t size)
{
    char number[32] = "";
    if (c->names > 0)
        snprintf(number, sizeof number, "%" PRIu64 " ", c->names);
    snprintf(out, size, "%sname%s (see --on-collision): ", number,
             c->names == 0   ? " collision"
             : c->names == 1 ? " collides"
                             : "s collide");
}

rf_code collisions_fail_pair(const struct collisions *c, rf_error *error)
{
    const struct collision_example *pair = &c->example[0];
    const struct collision_source *a = &pair->sources[0], *b = &pair->sources[1];
    char first[640], second[300], count[80];
    if (pair->known < 2)
        return fail(error, RF_E_COLLISION,
                    "two keys map to the same name, but the inputs have changed since");
    format_count(c, count, sizeof count);
    if (pair->db < 0)
        return fail(error, RF_E_COLLISION, "%sfunction library '%s' has different code in %s than in %s",
                    count, pair->key, b->input, a->input);
    if (same_key(a, b) && a->input == b->input)
        return fail_duplicate(c, b, error);
    if (same_key(a, b) && keeps_name(a, pair->db, pair->key)) {
        format_both(a, b, first, sizeof first);
        return fail(error, RF_E_COLLISION, "%s%s", count, first);
    }
    format_source(c, a, first, sizeof first);
    format_source(c, b, second, sizeof second);
    return fail(error, RF_E_COLLISION, "%s%s and %s both map to '%s' (db %" PRId64 ")", count, first, second,
                pair->key, pair->db);
}

rf_code collisions_fail_second(const struct collisions *c, const rf_entry *entry, rf_error *error)
{
    const struct collision_source *source = &c->example[0].sources[0];
    const rf_rewrite *rewrite = c->session->options->keys.rewrite;
    bool keeps = !rewrite || rf_rewrite_keeps_names(rewrite);
    char name[128];
    escape_name(collision_name(entry), name, sizeof name);
    if (entry->kind == RF_ENTRY_FUNCTION)
        return fail(error, RF_E_COLLISION,
                    "%s: function library '%s' already seen with different code; see --on-collision",
                    source->input, name);
    if (keeps && c->session->options->operand_count == 1)
        return fail_duplicate(c, source, error);
    if (keeps_name(source, entry->db, name))
        return fail(error, RF_E_COLLISION, "%s: key '%s' (db %" PRId64 ") already seen; see --on-collision",
                    source->input, name, source->db);
    return fail(error, RF_E_COLLISION,
                "%s: '%s' (db %" PRId64 ") maps to '%s' (db %" PRId64
                "), like an earlier key; see --on-collision",
                source->input, source->key, source->db, name, entry->db);
}

/* --- discarded entries --- */

/* The first entry that was discarded. */
static void format_first(const struct collisions *c, char *out, size_t size)
{
    const struct collision_example *first = &c->example[0];
    const struct collision_source *a = &first->sources[0], *b = &first->sources[1], *left_out;
    size_t dropped = 0;
    char source[300];
    while (dropped + 1 < first->known && first->sources[dropped].kept)
        dropped++;
    left_out = &first->sources[dropped];
    format_source(c, left_out, source, sizeof source);
    if (first->db < 0)
        snprintf(out, size, "function library '%s' of %s", first->key, left_out->input);
    else if (first->known > 1 && same_key(a, b) && keeps_name(a, first->db, first->key))
        format_both(a, b, out, size);
    else
        snprintf(out, size, "%s maps to '%s' (db %" PRId64 ")", source, first->key, first->db);
}

void collisions_summarize(const struct collisions *c)
{
    char first[512], keys[64] = "", libraries[64] = "";
    if (c->dropped == 0)
        return;
    format_first(c, first, sizeof first);
    if (c->dropped_keys > 0)
        snprintf(keys, sizeof keys, "%" PRIu64 " key%s", c->dropped_keys, text_plural(c->dropped_keys));
    if (c->dropped_libraries > 0)
        snprintf(libraries, sizeof libraries, "%" PRIu64 " function librar%s", c->dropped_libraries,
                 c->dropped_libraries == 1 ? "y" : "ies");
    message_warning("%s%s%s discarded: name already used by another (first: %s)", keys,
                    *keys && *libraries ? " and " : "", libraries, first);
}

static void report_example(struct json *json, const struct collision_example *example)
{
    json_object(json, NULL);
    if (example->db >= 0)
        json_signed(json, "db", example->db);
    json_string(json, example->db >= 0 ? "key" : "library", example->key);
    json_array(json, "sources");
    for (size_t i = 0; i < example->known; i++) {
        const struct collision_source *source = &example->sources[i];
        json_object(json, NULL);
        json_string(json, "input", source->input);
        json_number(json, "offset", source->offset);
        if (source->db >= 0) {
            json_signed(json, "db", source->db);
            json_string(json, "key", source->key);
        }
        json_bool(json, "kept", source->kept);
        json_end_object(json);
    }
    json_end_array(json);
    json_end_object(json);
}

void collisions_report(struct json *json, const struct collisions *c)
{
    json_object(json, "collisions");
    if (c->resolved || !c->set)
        json_number(json, "names", c->names);
    else
        json_string(json, "names", NULL);
    json_number(json, "discarded", c->dropped);
    json_array(json, "examples");
    for (size_t i = 0; i < c->examples; i++)
        report_example(json, &c->example[i]);
    json_end_array(json);
    json_end_object(json);
}
