/* SPDX-License-Identifier: MIT */
/* Keys and differences are events, of which each group of keys counts its own. An event is a number, so that
 * it can be counted when the prefix of its key is known. */
#include "cmd/diff/growth.h"
#include "cmd/compare/differences_json.h"
#include "cmd/run/report.h"
#include "cmd/term/text.h"
#include <stdlib.h>
#include <string.h>

enum { DEPTH = 3, PREFIXES_LISTED = 500, KEY_SHOWN = 300 };

/* --- events ------------------------------------------------------------------------------------------- */

/* What has happened, and the bytes of a key. */
enum event_kind { IN_BEFORE, IN_AFTER, DIFFERS /* and the kinds of differences from here on */ };

enum { KIND_BITS = 3 };

static uint64_t event_of(unsigned kind, uint64_t bytes)
{
    return bytes << KIND_BITS | kind;
}

static void count_event(void *figures, uint64_t event)
{
    struct growth_sum *sum = figures;
    unsigned kind = event & ((1u << KIND_BITS) - 1);
    if (kind >= DIFFERS) {
        sum->differences[kind - DIFFERS]++;
    } else {
        sum->keys[kind]++;
        sum->bytes[kind] += event >> KIND_BITS;
    }
}

static bool add_event(struct growth *growth, int64_t db, rf_type type, rf_slice key, uint64_t event)
{
    count_event(&growth->total, event);
    count_event(&growth->types[type], event);
    count_event(&growth->databases[tables_place_of_db(db)], event);
    return prefixes_add(&growth->prefixes, key, event >> KIND_BITS, event);
}

/* --- keys --------------------------------------------------------------------------------------------- */

bool growth_end_keys(struct growth *growth)
{
    if (!growth->has_last)
        return true;
    growth->has_last = false;
    return add_event(growth, growth->last_db, growth->last_type,
                     (rf_slice){growth->last_key, growth->last_length},
                     event_of(growth->last_is_after ? IN_AFTER : IN_BEFORE, growth->last_bytes));
}

bool growth_add(struct growth *growth, const rf_key_record *key, bool is_after, uint64_t **size)
{
    bool good = growth_end_keys(growth);
    growth->has_last = true;
    growth->last_is_after = is_after;
    growth->last_db = key->db;
    growth->last_type = key->type;
    growth->last_length = key->key.len < GROWTH_KEY_KEPT ? key->key.len : GROWTH_KEY_KEPT;
    growth->last_bytes = 0;
    if (growth->last_length > 0)
        memcpy(growth->last_key, key->key.ptr, growth->last_length);
    *size = &growth->last_bytes;
    return good;
}

/* --- differences -------------------------------------------------------------------------------------- */

static bool add_example(struct growth *growth, const rf_difference *difference, const rf_key_record *record,
                        unsigned changes)
{
    char key[KEY_SHOWN];
    size_t *count = &growth->example_count[difference->kind];
    if (*count == GROWTH_EXAMPLES)
        return true;
    struct growth_example *example = &growth->examples[difference->kind][(*count)++];
    *example = (struct growth_example){
        .changes = changes,
        .db = record->db,
        .type = record->db == RF_LIBRARY ? RF_TYPE_COUNT : record->type,
        .key = strdup(text_readable(record->key, key, sizeof key)),
    };
    return example->key != NULL;
}

bool growth_add_difference(struct growth *growth, const rf_difference *difference, unsigned changes)
{
    const rf_key_record *record = difference->after ? difference->after : difference->before;
    if (!add_example(growth, difference, record, changes))
        return false;
    return record->db == RF_LIBRARY ||
           add_event(growth, record->db, record->type, record->key, event_of(DIFFERS + difference->kind, 0));
}

/* --- setup and end ------------------------------------------------------------------------------------ */

struct growth *growth_new(const char *before, const char *after)
{
    static const struct prefix_figures figures = {sizeof(struct growth_sum), count_event};
    struct growth *growth = calloc(1, sizeof *growth);
    if (!growth)
        return NULL;
    growth->before = before;
    growth->after = after;
    if (prefixes_open(&growth->prefixes, NULL, DEPTH, &figures))
        return growth;
    growth_free(growth);
    return NULL;
}

bool growth_end(struct growth *growth)
{
    return prefixes_end(&growth->prefixes);
}

void growth_free(struct growth *growth)
{
    if (!growth)
        return;
    for (size_t kind = 0; kind < GROWTH_DIFFERENCES; kind++)
        for (size_t i = 0; i < growth->example_count[kind]; i++)
            free(growth->examples[kind][i].key);
    prefixes_close(&growth->prefixes);
    free(growth);
}

/* --- JSON --------------------------------------------------------------------------------------------- */

static const char *const kinds[] = {
    [RF_ADDED] = "added", [RF_REMOVED] = "removed", [RF_CHANGED] = "changed", [RF_DUPLICATE] = "duplicate"};

static void put_sum(struct json *json, const struct growth_sum *sum)
{
    json_number(json, "keys_before", sum->keys[IN_BEFORE]);
    json_number(json, "keys_after", sum->keys[IN_AFTER]);
    json_number(json, "bytes_before", sum->bytes[IN_BEFORE]);
    json_number(json, "bytes_after", sum->bytes[IN_AFTER]);
    for (size_t i = 0; i < GROWTH_DIFFERENCES; i++)
        json_number(json, kinds[i], sum->differences[i]);
}

static bool is_empty(const struct growth_sum *sum)
{
    static const struct growth_sum empty;
    return memcmp(sum, &empty, sizeof empty) == 0;
}

static void put_databases(struct json *json, const struct growth *growth)
{
    json_array(json, "databases");
    for (size_t db = 0; db <= STATS_DATABASES; db++) {
        if (is_empty(&growth->databases[db]))
            continue;
        json_object(json, NULL);
        report_put_db(json, db);
        put_sum(json, &growth->databases[db]);
        json_end_object(json);
    }
    json_end_array(json);
}

static void put_types(struct json *json, const struct growth *growth)
{
    json_array(json, "types");
    for (int type = 0; type < RF_TYPE_COUNT; type++) {
        if (is_empty(&growth->types[type]))
            continue;
        json_object(json, NULL);
        json_string(json, "type", rf_type_name((rf_type)type));
        put_sum(json, &growth->types[type]);
        json_end_object(json);
    }
    json_end_array(json);
}

/* What was missed of one data set only would look like growth. */
static bool is_sure(const struct sketch_name *name)
{
    return 10 * name->missed.count <= name->sum.count && 10 * name->missed.weight <= name->sum.weight;
}

static void put_prefixes(struct json *json, const struct growth *growth)
{
    size_t count = 0;
    const struct sketch_name **names = sketch_largest(&growth->prefixes.sketch, PREFIXES_LISTED, &count);
    char text[KEY_SHOWN];
    json_string(json, "delimiters", growth->prefixes.delimiters);
    json_array(json, "prefixes");
    for (size_t i = 0; i < count; i++) {
        if (!is_sure(names[i]))
            continue;
        json_object(json, NULL);
        json_string(json, "prefix", text_readable(sketch_name_text(names[i]), text, sizeof text));
        json_number(json, "length", names[i]->length);
        put_sum(json, names[i]->figures);
        json_bool(json, "estimate", !sketch_is_exact(names[i]));
        json_end_object(json);
    }
    json_end_array(json);
    json_object(json, "rest");
    put_sum(json, growth->prefixes.rest_figures);
    json_end_object(json);
    free(names);
}

static void put_example(struct json *json, const char *kind, const struct growth_example *example)
{
    json_object(json, NULL);
    json_string(json, "difference", kind);
    json_signed(json, "db", example->db);
    json_string(json, "key", example->key);
    json_string(json, "type", example->type < RF_TYPE_COUNT ? rf_type_name(example->type) : NULL);
    differences_put_changes(json, example->changes);
    json_end_object(json);
}

static void put_examples(struct json *json, const struct growth *growth)
{
    json_array(json, "examples");
    for (size_t kind = 0; kind < GROWTH_DIFFERENCES; kind++)
        for (size_t i = 0; i < growth->example_count[kind]; i++)
            put_example(json, kinds[kind], &growth->examples[kind][i]);
    json_end_array(json);
}

void growth_put(struct json *json, const struct growth *growth)
{
    json_object(json, "growth");
    json_string(json, "before", growth->before);
    json_string(json, "after", growth->after);
    json_object(json, "total");
    put_sum(json, &growth->total);
    json_end_object(json);
    put_databases(json, growth);
    put_types(json, growth);
    put_prefixes(json, growth);
    put_examples(json, growth);
    json_end_object(json);
}
