/* SPDX-License-Identifier: MIT */
/* The report for people: one section after the other, without empty ones. */
#include "cmd/inspect/inspect.h"
#include "cmd/inspect/inspect_log_text.h"
#include "cmd/term/table.h"
#include "cmd/term/text.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { KEY_SHOWN = 100, NAME_SHOWN = 64 };

/* --- inputs and total --------------------------------------------------------------------------------- */

static void put_input(const struct input *input, const struct log_file *log)
{
    const rf_reader_info *info = &input->info;
    if (!input->opened)
        return;
    text_put(stdout, input_name(input));
    printf(": %s", info->format);
    if (info->rdb_version > 0)
        printf(" version %d", info->rdb_version);
    char writer[32], saved[TIME_TEXT], size[SIZE_TEXT];
    rf_server_format(info->writer, writer, sizeof writer);
    if (info->writer.major > 0)
        printf(", written by %s", writer);
    if (inspect_saved_ms(input) != RF_NO_EXPIRY)
        printf(", saved %s", format_time(inspect_saved_ms(input), saved));
    printf(", %s%s%s\n", text_size(input->read, size), *input->layers ? ", " : "", input->layers);
    if (log->commands > 0)
        put_log_file(log);
}

static void put_totals(const char *name, struct key_totals totals)
{
    table_name(name);
    table_number(totals.keys, false);
    table_number(totals.expiring, false);
    table_number(totals.elements, false);
    table_size(totals.bytes, false);
    table_size(totals.memory, true);
}

static void put_row(const struct table *table, const char *name, struct key_totals totals,
                    struct key_totals total)
{
    put_totals(name, totals);
    table_bar(table, totals.memory, total.memory, TABLE_BAR);
}

static const struct table_column totals_columns[] = {{TABLE_NAME, NULL},
                                                     {TABLE_NUMBER, "keys"},
                                                     {TABLE_NUMBER, "expiring"},
                                                     {TABLE_NUMBER, "elements"},
                                                     {TABLE_SIZE, "in dump"},
                                                     {TABLE_SIZE, "in memory"},
                                                     {0, NULL}};

static void put_times(const struct workload *work)
{
    char converted[SECONDS_TEXT], loaded[SECONDS_TEXT], replayed[SECONDS_TEXT];
    printf("  Estimated time: convert %s, load by a server %s, replay %s.\n",
           estimate_format(estimate_convert(work), converted), estimate_format(estimate_load(work), loaded),
           estimate_format(estimate_replay(work, 1, 0), replayed));
}

static void put_total(const struct table *table, const struct inspection *inspection, struct key_totals total)
{
    uint64_t overhead = tables_overhead(&inspection->tables);
    table_heading(table, "Total", totals_columns);
    put_totals("keys", total);
    char size[SIZE_TEXT];
    printf("\n\n  Estimated server memory: ~%s", text_size(total.memory + overhead, size));
    printf(", including ~%s for hash tables.\n", text_size(overhead, size));
    put_times(&inspection->work);
}

static void put_databases(const struct table *table, const struct tables *tables, struct key_totals total)
{
    table_heading(table, "Databases", totals_columns);
    char name[32];
    for (size_t db = 0; db <= STATS_DATABASES; db++) {
        if (!tables->databases[db])
            continue;
        snprintf(name, sizeof name, db < STATS_DATABASES ? "%zu" : "%zu and above", db);
        put_row(table, name, tables_of_database(tables, db), total);
    }
}

static void put_types(const struct table *table, const struct tables *tables, struct key_totals total)
{
    table_heading(table, "Types", totals_columns);
    for (int type = 0; type < RF_TYPE_COUNT; type++) {
        struct key_totals totals = tables_of_type(tables, (rf_type)type);
        if (totals.keys > 0)
            put_row(table, rf_type_name((rf_type)type), totals, total);
    }
}

static const char *encoding_name(const rf_encoding *encoding, char out[NAME_SHOWN])
{
    const char *type = rf_type_name(encoding->type);
    bool prints_more = strcmp(type, encoding->name) != 0;
    snprintf(out, NAME_SHOWN, "%s%s%s", type, prints_more ? " " : "", prints_more ? encoding->name : "");
    return out;
}

static void put_encodings(const struct table *table, const struct tables *tables, struct key_totals total)
{
    table_heading(table, "Encodings", totals_columns);
    char name[NAME_SHOWN];
    for (size_t i = 0; i < STATS_ENCODINGS; i++) {
        if (tables->encodings[i])
            put_row(table, encoding_name(tables->encodings[i], name), tables_of_encoding(tables, i), total);
    }
}

static void put_histogram(const struct table *table, const struct histogram *histogram,
                          const struct ranges *ranges)
{
    static const struct table_column columns[] = {{TABLE_NAME, NULL},
                                                  {TABLE_NUMBER, "keys"},
                                                  {TABLE_SHARE, "share"},
                                                  {TABLE_SIZE, "in memory"},
                                                  {0, NULL}};
    uint64_t keys = 0, most = 0;
    for (size_t i = 0; i < ranges->count; i++) {
        keys += histogram->in[i].keys;
        most = histogram->in[i].keys > most ? histogram->in[i].keys : most;
    }
    if (keys == 0)
        return;
    table_heading(table, ranges->title, columns);
    for (size_t i = 0; i < ranges->count; i++) {
        if (histogram->in[i].keys == 0)
            continue;
        table_name(ranges->all[i].label);
        table_number(histogram->in[i].keys, false);
        table_share(histogram->in[i].keys, keys);
        table_size(histogram->in[i].memory, true);
        table_bar(table, histogram->in[i].keys, most, TABLE_BAR);
    }
}

/* --- top lists ---------------------------------------------------------------------------------------- */

static void put_top(const struct table *table, const char *title, const struct top *top)
{
    static const struct table_column columns[] = {{TABLE_SIZE, "in memory"},
                                                  {TABLE_NUMBER, "elements"},
                                                  {TABLE_SIZE, "longest"},
                                                  {TABLE_NUMBER, "db"},
                                                  {TABLE_NAME, "type"},
                                                  {TABLE_TEXT, "key"},
                                                  {0, NULL}};
    if (top->count == 0)
        return;
    table_heading(table, title, columns);
    char key[KEY_SHOWN], name[NAME_SHOWN];
    for (size_t i = 0; i < top->count; i++) {
        const struct key_row *row = &top->heap[i].row;
        table_size(row->measure.memory, true);
        table_number(row->measure.elements, false);
        table_size(row->measure.longest, false);
        table_number((uint64_t)row->db, false);
        table_name(encoding_name(row->encoding, name));
        table_text(text_readable(row->key, key, sizeof key));
        table_end_line();
    }
}

void inspect_put_names(const struct sketch *sketch, bool by_weight, size_t most, bool weight_is_estimate)
{
    const struct sketch_name *names[TOP_MOST];
    size_t count = sketch_top(sketch, by_weight, names, most);
    char text[KEY_SHOWN];
    for (size_t i = 0; i < count; i++) {
        bool is_exact = sketch_is_exact(names[i]);
        table_number(names[i]->sum.count, !is_exact);
        table_size(names[i]->sum.weight, !is_exact || weight_is_estimate);
        table_text(text_readable(sketch_name_text(names[i]), text, sizeof text));
        puts(names[i]->length > SKETCH_NAME_KEPT ? "..." : "");
    }
}

static void put_prefixes(const struct table *table, const struct inspection *inspection)
{
    static const struct table_column columns[] = {
        {TABLE_NUMBER, "keys"}, {TABLE_SIZE, "in memory"}, {TABLE_TEXT, "prefix"}, {0, NULL}};
    const struct prefixes *prefixes = &inspection->prefixes;
    size_t most = inspection->options->top;
    if (prefixes->sketch.count == 0 || most == 0)
        return;
    table_heading(table, "Prefixes by keys", columns);
    inspect_put_names(&prefixes->sketch, false, most, true);
    table_heading(table, "Prefixes by memory", columns);
    inspect_put_names(&prefixes->sketch, true, most, true);
    if (!prefixes->user_given)
        printf("  Key separators (detected): %s\n", prefixes->delimiters);
}

static void put_slots(const struct table *table, const struct inspection *inspection, struct key_totals total)
{
    static const struct table_column columns[] = {{TABLE_NAME, NULL},
                                                  {TABLE_NUMBER, "keys"},
                                                  {TABLE_SIZE, "in dump"},
                                                  {TABLE_SIZE, "in memory"},
                                                  {0, NULL}};
    const struct slots *slots = &inspection->slots;
    unsigned top[TOP_MOST];
    size_t count = slots_top(slots, top, inspection->options->top);
    table_heading(table, "Slots", columns);
    char name[NAME_SHOWN];
    for (size_t i = 0; i < count; i++) {
        const struct slot_totals *slot = &slots->of[top[i]];
        snprintf(name, sizeof name, "%u", top[i]);
        table_name(name);
        table_number(slot->keys, false);
        table_size(slot->bytes, false);
        table_size(slot->memory, true);
        table_bar(table, slot->memory, slots->of[top[0]].memory, TABLE_BAR);
    }
    printf("  %u of %u slots have keys; %.1f%% of the keys have a hash tag.\n", slots_used(slots),
           (unsigned)RF_SLOTS, 100.0 * (double)slots->tagged / (double)total.keys);
}

/* --- data besides keys -------------------------------------------------------------------------------- */

void inspect_put_more(uint64_t all, size_t shown)
{
    if (all > shown)
        printf("  ... and %" PRIu64 " more\n", all - shown);
}

static void put_libraries(const struct table *table, const struct extras *extras)
{
    static const struct table_column columns[] = {
        {TABLE_NAME, NULL}, {TABLE_SIZE, "code"}, {TABLE_TEXT, "library"}, {0, NULL}};
    if (extras->library_count == 0)
        return;
    table_heading(table, "Function libraries", columns);
    for (size_t i = 0; i < extras->libraries_kept; i++) {
        table_name(extras->libraries[i].engine);
        table_size(extras->libraries[i].bytes, false);
        table_text(extras->libraries[i].name);
        table_end_line();
    }
    inspect_put_more(extras->library_count, extras->libraries_kept);
}

static void put_modules(const struct table *table, const struct extras *extras)
{
    static const struct table_column columns[] = {{TABLE_NAME, NULL},
                                                  {TABLE_NUMBER, "keys"},
                                                  {TABLE_SIZE, "in dump"},
                                                  {TABLE_SIZE, "in memory"},
                                                  {TABLE_NUMBER, "records"},
                                                  {TABLE_SIZE, "in dump"},
                                                  {0, NULL}};
    if (extras->modules_kept == 0)
        return;
    table_heading(table, "Modules", columns);
    for (size_t i = 0; i < extras->modules_kept; i++) {
        const struct module *module = &extras->modules[i];
        table_name(module->name);
        table_number(module->keys, false);
        table_size(module->bytes, false);
        table_size(module->memory, true);
        table_number(module->records, false);
        table_size(module->record_bytes, false);
        table_end_line();
    }
}

static void put_aux(const struct table *table, const struct extras *extras)
{
    static const struct table_column columns[] = {{TABLE_NAME, NULL}, {0, NULL}};
    if (extras->aux_count == 0)
        return;
    table_heading(table, "AUX fields", columns);
    for (size_t i = 0; i < extras->aux_kept; i++) {
        table_name(extras->aux[i].name);
        table_text(extras->aux[i].value);
        table_end_line();
    }
    inspect_put_more(extras->aux_count, extras->aux_kept);
}

/* --- the report --------------------------------------------------------------------------------------- */

void inspect_put_text(const struct inspection *inspection)
{
    const struct session *session = &inspection->session;
    struct key_totals total = tables_total(&inspection->tables);
    struct table table = table_begin();
    for (size_t i = 0; i < session->input_count; i++)
        put_input(&session->inputs[i], log_file_of(&inspection->extras.log, &session->inputs[i]));
    if (inspection->error)
        puts("Incomplete: the inputs could not be read to the end.");
    if (total.keys > 0 || inspection->extras.log.commands == 0)
        put_total(&table, inspection, total);
    if (total.keys > 0) {
        put_databases(&table, &inspection->tables, total);
        put_types(&table, &inspection->tables, total);
        put_encodings(&table, &inspection->tables, total);
        put_histogram(&table, &inspection->expiries, &expiry_ranges);
        put_histogram(&table, &inspection->memories, &memory_ranges);
        put_histogram(&table, &inspection->elements, &element_ranges);
        put_histogram(&table, &inspection->longest, &longest_ranges);
        put_top(&table, "Keys by memory", &inspection->by_memory);
        put_top(&table, "Keys by elements", &inspection->by_elements);
        put_prefixes(&table, inspection);
        put_slots(&table, inspection, total);
    }
    put_libraries(&table, &inspection->extras);
    put_modules(&table, &inspection->extras);
    put_log_text(&table, inspection);
    put_aux(&table, &inspection->extras);
}
