/* SPDX-License-Identifier: MIT */
/* The inspection as JSON, for programs: members are added, never changed. A member named "memory" is always
 * an estimate; the "keys" of a name are one if its "estimate" is true. */
#include "base/json.h"
#include "cmd/inspect/inspect.h"
#include "cmd/run/report.h"
#include "cmd/term/text.h"
#include <stdlib.h>
#include <string.h>

enum {
    TEXT_SHOWN = 1200,     /* more than is kept of a key, with every byte escaped */
    PREFIXES_LISTED = 500, /* of each order */
};

/* --- totals ------------------------------------------------------------------------------------------- */

static void put_totals(struct json *json, struct key_totals totals)
{
    json_number(json, "keys", totals.keys);
    json_number(json, "expiring", totals.expiring);
    json_number(json, "elements", totals.elements);
    json_number(json, "longest_element", totals.longest);
    json_number(json, "bytes", totals.bytes);
    json_number(json, "memory", totals.memory);
}

/* `median` is null if no key is going to expire. */
static void put_expiries(struct json *json, const struct expiries *expiries)
{
    uint64_t median = expiries_median(expiries);
    json_number(json, "persistent", expiries->persistent);
    json_number(json, "expired", expiries->expired);
    if (median == UINT64_MAX)
        json_string(json, "median_ttl", NULL);
    else
        json_number(json, "median_ttl", median);
}

/* --- the inputs --------------------------------------------------------------------------------------- */

/* RF_NO_EXPIRY is null. */
static void put_time(struct json *json, const char *name, int64_t ms)
{
    char text[TIME_TEXT];
    json_string(json, name, ms == RF_NO_EXPIRY ? NULL : format_time(ms, text));
}

/* 0 is null. */
static void put_second(struct json *json, const char *name, int64_t seconds)
{
    char text[TIME_TEXT];
    json_string(json, name, seconds > 0 ? format_time(seconds * 1000, text) : NULL);
}

static void put_aux(struct json *json, const struct extras *extras, const struct input *input)
{
    json_array(json, "aux");
    for (size_t i = 0; i < extras->aux_kept; i++) {
        if (extras->aux[i].input != input)
            continue;
        json_object(json, NULL);
        json_string(json, "name", extras->aux[i].name);
        json_string(json, "value", extras->aux[i].value);
        json_end_object(json);
    }
    json_end_array(json);
}

static void put_input(struct json *json, const struct inspection *inspection, size_t number)
{
    const struct extras *extras = &inspection->extras;
    const struct input *input = &inspection->session.inputs[number];
    const rf_reader_info *info = &input->info;
    json_object(json, NULL);
    json_string(json, "path", input->path);
    if (input->opened) {
        json_string(json, "format", info->format);
        report_put_layers(json, input->layers);
        json_signed(json, "rdb_version", info->rdb_version);
        report_put_writer(json, info);
        put_time(json, "saved", inspect_saved_ms(input));
        json_number(json, "bytes_read", input->read);
        json_number(json, "bytes_decoded", input->decoded);
        put_aux(json, extras, input);
        const struct log_file *log = log_file_of(&extras->log, input);
        json_number(json, "commands", log->commands);
        put_second(json, "first_time", log->first_time);
        put_second(json, "last_time", log->last_time);
        json_object(json, "total");
        put_totals(json, inspection->by_input[number]);
        json_end_object(json);
    }
    json_end_object(json);
}

/* --- tables ------------------------------------------------------------------------------------------- */

static void put_total(struct json *json, const struct inspection *inspection)
{
    const struct tables *tables = &inspection->counts.tables;
    struct key_totals total = tables_total(tables);
    json_object(json, "total");
    put_totals(json, total);
    put_expiries(json, &inspection->counts.times_left);
    json_number(json, "dropped", session_dropped(&inspection->session));
    json_end_object(json);
    uint64_t overhead = tables_overhead(tables);
    json_object(json, "memory");
    json_bool(json, "estimate", true);
    json_number(json, "keys", total.memory);
    json_number(json, "hash_tables", overhead);
    json_number(json, "total", total.memory + overhead);
    json_end_object(json);
}

static void put_times(struct json *json, const struct workload *work)
{
    json_object(json, "time");
    json_bool(json, "estimate", true);
    json_number(json, "convert_ms", (uint64_t)(estimate_convert(work) * 1000));
    json_number(json, "load_ms", (uint64_t)(estimate_load(work) * 1000));
    json_number(json, "replay_ms", (uint64_t)(estimate_replay(work, 1, 0) * 1000));
    json_end_object(json);
}

static void put_histogram(struct json *json, const struct histogram *histogram, const struct ranges *ranges)
{
    json_array(json, ranges->name);
    for (size_t i = 0; i < ranges->count; i++) {
        json_object(json, NULL);
        json_string(json, "range", ranges->all[i].label);
        if (ranges->all[i].below < UINT64_MAX - 1)
            json_number(json, "below", ranges->all[i].below);
        json_number(json, "keys", histogram->in[i].keys);
        json_number(json, "memory", histogram->in[i].memory);
        json_end_object(json);
    }
    json_end_array(json);
}

/* --- top lists ---------------------------------------------------------------------------------------- */

static void put_key(struct json *json, const struct key_row *row)
{
    json_object(json, NULL);
    json_number(json, "db", (uint64_t)row->db);
    char key[TEXT_SHOWN];
    json_string(json, "key", text_readable(row->key, key, sizeof key));
    json_number(json, "key_length", row->length);
    json_string(json, "type", rf_type_name(row->type));
    json_string(json, "encoding", row->encoding->name);
    json_number(json, "elements", row->measure.elements);
    json_number(json, "longest_element", row->measure.longest);
    json_number(json, "bytes", row->measure.stored);
    json_number(json, "memory", row->measure.memory);
    put_time(json, "expiry", row->expire_ms);
    json_end_object(json);
}

static void put_top(struct json *json, const char *name, const struct top *top, size_t most)
{
    json_array(json, name);
    for (size_t i = 0; i < top->count && i < most; i++)
        put_key(json, &top->heap[i].row);
    json_end_array(json);
}

/* Names with their counts, which may be too low by what was missed. */
struct name_terms {
    const char *name, *count, *weight, *missed_count, *missed_weight;
    bool expires; /* their figures are expiries */
};

static void put_name(struct json *json, const struct sketch_name *name, const struct name_terms *terms)
{
    json_object(json, NULL);
    char text[TEXT_SHOWN];
    json_string(json, terms->name, text_readable(sketch_name_text(name), text, sizeof text));
    json_number(json, "length", name->length);
    if (terms->expires)
        put_expiries(json, name->figures);
    json_number(json, terms->count, name->sum.count);
    json_number(json, terms->weight, name->sum.weight);
    json_bool(json, "estimate", !sketch_is_exact(name));
    json_number(json, terms->missed_count, name->missed.count);
    json_number(json, terms->missed_weight, name->missed.weight);
    json_end_object(json);
}

static void put_names(struct json *json, const char *list, const struct sketch *sketch, bool by_weight,
                      size_t most, const struct name_terms *terms)
{
    const struct sketch_name *names[TOP_MOST];
    size_t count = sketch_top(sketch, by_weight, names, most);
    json_array(json, list);
    for (size_t i = 0; i < count; i++)
        put_name(json, names[i], terms);
    json_end_array(json);
}

static void put_largest(struct json *json, const struct sketch *sketch, const struct name_terms *terms)
{
    size_t count = 0;
    const struct sketch_name **names = sketch_largest(sketch, PREFIXES_LISTED, &count);
    json_array(json, "largest");
    for (size_t i = 0; i < count; i++)
        put_name(json, names[i], terms);
    json_end_array(json);
    free(names);
}

static void put_prefixes(struct json *json, const struct inspection *inspection)
{
    static const struct name_terms terms = {"prefix", "keys", "memory", "keys_missed", "memory_missed", true};
    const struct prefixes *prefixes = &inspection->prefixes;
    size_t most = inspection->options->top;
    json_object(json, "prefixes");
    json_string(json, "delimiters", prefixes->delimiters);
    json_bool(json, "delimiters_given", prefixes->user_given);
    json_number(json, "depth", prefixes->depth);
    put_names(json, "by_keys", &prefixes->sketch, false, most, &terms);
    put_names(json, "by_memory", &prefixes->sketch, true, most, &terms);
    put_largest(json, &prefixes->sketch, &terms);
    json_object(json, "rest");
    json_number(json, "keys", prefixes->rest.count);
    json_number(json, "memory", prefixes->rest.weight);
    put_expiries(json, prefixes->rest_figures);
    json_end_object(json);
    json_end_object(json);
}

static void put_slot(struct json *json, const struct slots *slots, unsigned slot)
{
    const struct slot_totals *totals = &slots->of[slot];
    json_numbers(json, NULL, (const uint64_t[]){slot, totals->keys, totals->bytes, totals->memory}, 4);
}

static void put_slots(struct json *json, const struct inspection *inspection)
{
    const struct slots *slots = &inspection->slots;
    unsigned top[TOP_MOST];
    size_t count = slots_top(slots, top, inspection->options->top);
    json_object(json, "slots");
    json_number(json, "used", slots_used(slots));
    json_number(json, "tagged_keys", slots->tagged);
    json_string(json, "columns", "slot, keys, bytes, memory");
    json_array(json, "largest");
    for (size_t i = 0; i < count; i++)
        put_slot(json, slots, top[i]);
    json_end_array(json);
    json_array(json, "all");
    for (unsigned slot = 0; slot < RF_SLOTS; slot++)
        if (slots->of[slot].keys > 0)
            put_slot(json, slots, slot);
    json_end_array(json);
    json_end_object(json);
}

/* --- data besides keys -------------------------------------------------------------------------------- */

static void put_libraries(struct json *json, const struct extras *extras)
{
    json_object(json, "functions");
    json_number(json, "libraries", extras->library_count);
    json_number(json, "bytes", extras->library_bytes);
    json_array(json, "all");
    for (size_t i = 0; i < extras->libraries_kept; i++) {
        json_object(json, NULL);
        json_string(json, "name", extras->libraries[i].name);
        json_string(json, "engine", extras->libraries[i].engine);
        json_number(json, "bytes", extras->libraries[i].bytes);
        json_end_object(json);
    }
    json_end_array(json);
    json_end_object(json);
}

static void put_modules(struct json *json, const struct extras *extras)
{
    json_array(json, "modules");
    for (size_t i = 0; i < extras->modules_kept; i++) {
        const struct module *module = &extras->modules[i];
        json_object(json, NULL);
        json_string(json, "name", module->name);
        json_number(json, "keys", module->keys);
        json_number(json, "bytes", module->bytes);
        json_number(json, "memory", module->memory);
        json_number(json, "records", module->records);
        json_number(json, "record_bytes", module->record_bytes);
        json_end_object(json);
    }
    json_end_array(json);
}

static void put_event(struct json *json, const char *name, const struct log_event *event)
{
    json_object(json, name);
    json_string(json, "path", event->input->path);
    json_number(json, "offset", event->offset);
    put_second(json, "time", event->time);
    json_signed(json, "db", event->db);
    json_string(json, "command", event->name);
    json_bool(json, "all", strcmp(event->name, "FLUSHALL") == 0);
    json_end_object(json);
}

static void put_events(struct json *json, const char *name, const struct log_events *events)
{
    json_array(json, name);
    for (size_t i = 0; i < log_events_kept(events); i++)
        put_event(json, NULL, &events->first[i]);
    json_end_array(json);
}

static void put_command_databases(struct json *json, const struct log_facts *log)
{
    json_array(json, "databases");
    for (size_t db = 0; db <= STATS_DATABASES; db++) {
        if (log->dbs[db].commands == 0)
            continue;
        json_object(json, NULL);
        report_put_db(json, db);
        json_number(json, "count", log->dbs[db].commands);
        json_number(json, "bytes", log->dbs[db].bytes);
        json_end_object(json);
    }
    json_end_array(json);
}

static void put_commands(struct json *json, const struct inspection *inspection)
{
    static const struct name_terms names = {"name", "count", "bytes", "count_missed", "bytes_missed", false};
    static const struct name_terms prefixes = {"prefix",       "count",        "bytes",
                                               "count_missed", "bytes_missed", false};
    const struct log_facts *log = &inspection->extras.log;
    size_t most = inspection->options->top;
    json_object(json, "commands");
    json_number(json, "count", log->commands);
    put_names(json, "by_name", &log->by_name, false, most, &names);
    put_second(json, "first_time", log->first_time);
    put_second(json, "last_time", log->last_time);
    json_number(json, "flush_count", log->flushes.count);
    put_events(json, "flushes", &log->flushes);
    if (log->flushes.count > 0)
        put_event(json, "last_flush", &log->flushes.last);
    json_number(json, "swap_count", log->swaps.count);
    put_events(json, "swaps", &log->swaps);
    json_number(json, "transactions", log->transactions);
    put_command_databases(json, log);
    json_string(json, "delimiters", log->prefixes->delimiters);
    put_names(json, "by_prefix", &log->prefixes->sketch, false, most, &prefixes);
    put_names(json, "unknown", &log->unknown, false, most, &names);
    json_end_object(json);
}

/* --- the whole object --------------------------------------------------------------------------------- */

void inspect_put_json(struct json *json, const struct inspection *inspection, size_t keys_listed)
{
    json_object(json, NULL);
    json_string(json, "rdbferry", RDBFERRY_VERSION);
    json_string(json, "command", "inspect");
    json_string(json, "result", inspection->error ? "error" : "ok");
    if (inspection->error)
        report_put_error(json, "error", inspection->error);
    put_time(json, "now", inspection->session.now);
    json_array(json, "inputs");
    for (size_t i = 0; i < inspection->session.input_count; i++)
        put_input(json, inspection, i);
    json_end_array(json);
    put_total(json, inspection);
    put_times(json, &inspection->counts.work);
    report_put_tables(json, &inspection->counts.tables, put_totals, put_totals);
    json_object(json, "histograms");
    put_histogram(json, &inspection->counts.expiries, &expiry_ranges);
    put_histogram(json, &inspection->counts.memories, &memory_ranges);
    put_histogram(json, &inspection->counts.elements, &element_ranges);
    put_histogram(json, &inspection->counts.longest, &longest_ranges);
    json_end_object(json);
    json_object(json, "top");
    put_top(json, "by_memory", &inspection->counts.by_memory, keys_listed);
    put_top(json, "by_elements", &inspection->counts.by_elements, keys_listed);
    json_end_object(json);
    put_prefixes(json, inspection);
    put_slots(json, inspection);
    put_libraries(json, &inspection->extras);
    put_modules(json, &inspection->extras);
    put_commands(json, inspection);
    json_end_object(json);
}
