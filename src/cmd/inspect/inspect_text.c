/* SPDX-License-Identifier: MIT */
/* The report for people: one section after the other, without empty ones. */
#include "cmd/inspect/inspect.h"
#include "cmd/inspect/inspect_log_text.h"
#include "cmd/term/table.h"
#include "cmd/term/text.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { NAME_SHOWN = 64, INPUT_SHOWN = 19 };

/* --- tables of keys ------------------------------------------------------------------------------------ */

static const struct table_column totals_columns[] = {{TABLE_NAME, NULL},
                                                     {TABLE_NUMBER, "keys"},
                                                     {TABLE_NUMBER, "expiring"},
                                                     {TABLE_NUMBER, "elements"},
                                                     {TABLE_SIZE, "in dump"},
                                                     {TABLE_SIZE, "in memory"},
                                                     {0, NULL}};

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
    table_bar(table, totals.memory, total.memory, table_bar_width(table, totals_columns));
}

/* Of several. */
static void put_inputs(const struct table *table, const struct inspection *inspection,
                       struct key_totals total)
{
    const struct session *session = &inspection->session;
    char name[INPUT_SHOWN];
    if (session->input_count < 2)
        return;
    puts("");
    for (size_t i = 0; i < session->input_count; i++)
        inspect_put_input(&session->inputs[i], log_file_of(&inspection->extras.log, &session->inputs[i]));
    if (total.keys == 0)
        return;
    table_heading(table, "Inputs", totals_columns);
    for (size_t i = 0; i < session->input_count; i++) {
        const char *last = path_last_part(input_name(&session->inputs[i]));
        if (session->inputs[i].opened)
            put_row(table, text_readable(slice_of(last, strlen(last)), name, sizeof name),
                    inspection->by_input[i], total);
    }
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
        table_bar(table, histogram->in[i].keys, most, table_bar_width(table, columns));
    }
}

/* --- top lists ---------------------------------------------------------------------------------------- */

static void put_top(const struct table *table, const char *title, const struct top *top, size_t most)
{
    static const struct table_column columns[] = {{TABLE_SIZE, "in memory"},
                                                  {TABLE_NUMBER, "elements"},
                                                  {TABLE_SIZE, "longest"},
                                                  {TABLE_NUMBER, "db"},
                                                  {TABLE_NAME, "type"},
                                                  {TABLE_TEXT, "key"},
                                                  {0, NULL}};
    if (top->count == 0 || most == 0)
        return;
    table_heading(table, title, columns);
    char key[KEY_SHOWN], name[NAME_SHOWN];
    for (size_t i = 0; i < top->count && i < most; i++) {
        const struct key_row *row = &top->heap[i].row;
        table_size(row->measure.memory, true);
        table_number(row->measure.elements, false);
        table_size(row->measure.longest, false);
        table_number((uint64_t)row->db, false);
        table_name(encoding_name(row->encoding, name));
        table_text(text_readable(row->key, key, table_text_size(table, columns, sizeof key)));
        table_end_line();
    }
}

/* The first bytes of a name, cut to a width. */
static const char *name_text(const struct sketch_name *name, char out[KEY_SHOWN], size_t width)
{
    text_readable(sketch_name_text(name), out, width);
    if (name->length > SKETCH_NAME_KEPT && strlen(out) + sizeof "..." <= width)
        strcat(out, "...");
    return out;
}

void inspect_put_names(const struct table *table, const struct table_column *columns,
                       const struct sketch *sketch, size_t most)
{
    const struct sketch_name *names[TOP_MOST];
    size_t count = sketch_top(sketch, false, names, most);
    char text[KEY_SHOWN];
    for (size_t i = 0; i < count; i++) {
        bool is_exact = sketch_is_exact(names[i]);
        table_number(names[i]->sum.count, !is_exact);
        table_size(names[i]->sum.weight, !is_exact);
        table_text(name_text(names[i], text, table_text_size(table, columns, sizeof text)));
        table_end_line();
    }
}

static const struct table_column prefix_columns[] = {{TABLE_NUMBER, "keys"},
                                                     {TABLE_SIZE, "in memory"},
                                                     {TABLE_NUMBER, "no TTL"},
                                                     {TABLE_NUMBER, "expired"},
                                                     {TABLE_DURATION, "median TTL"},
                                                     {TABLE_TEXT, "prefix"},
                                                     {0, NULL}};

static void put_prefix(struct sketch_sum sum, const struct expiries *expiries, bool is_exact,
                       const char *name)
{
    table_number(sum.count, !is_exact);
    table_size(sum.weight, true);
    table_number(expiries->persistent, !is_exact);
    table_number(expiries->expired, !is_exact);
    table_duration(expiries_median(expiries));
    table_text(name);
    table_end_line();
}

static void put_prefixes_by(const struct table *table, const char *title, const struct inspection *inspection,
                            bool by_memory)
{
    const struct prefixes *prefixes = &inspection->prefixes;
    const struct sketch_name *names[TOP_MOST];
    size_t count = sketch_top(&prefixes->sketch, by_memory, names, inspection->options->top);
    size_t width = table_text_size(table, prefix_columns, KEY_SHOWN);
    char text[KEY_SHOWN];
    table_heading(table, title, prefix_columns);
    for (size_t i = 0; i < count; i++)
        put_prefix(names[i]->sum, names[i]->figures, sketch_is_exact(names[i]),
                   name_text(names[i], text, width));
    if (prefixes->rest.count > 0)
        put_prefix(prefixes->rest, prefixes->rest_figures, true, "(no prefix)");
}

static void put_prefixes(const struct table *table, const struct inspection *inspection)
{
    const struct prefixes *prefixes = &inspection->prefixes;
    if (prefixes->sketch.count == 0 || inspection->options->top == 0)
        return;
    put_prefixes_by(table, "Prefixes by keys", inspection, false);
    put_prefixes_by(table, "Prefixes by memory", inspection, true);
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
        table_bar(table, slot->memory, slots->of[top[0]].memory, table_bar_width(table, columns));
    }
    fputs("  ", stdout);
    inspect_put_slot_use(slots, total);
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
    struct key_totals total = tables_total(&inspection->counts.tables);
    struct table table = table_begin();
    inspect_put_summary(&table, inspection);
    if (inspection->options->summary)
        return;
    put_inputs(&table, inspection, total);
    if (total.keys > 0) {
        put_databases(&table, &inspection->counts.tables, total);
        put_types(&table, &inspection->counts.tables, total);
        put_encodings(&table, &inspection->counts.tables, total);
        put_histogram(&table, &inspection->counts.expiries, &expiry_ranges);
        put_histogram(&table, &inspection->counts.memories, &memory_ranges);
        put_histogram(&table, &inspection->counts.elements, &element_ranges);
        put_histogram(&table, &inspection->counts.longest, &longest_ranges);
        put_top(&table, "Keys by memory", &inspection->counts.by_memory, inspection->options->top);
        put_top(&table, "Keys by elements", &inspection->counts.by_elements, inspection->options->top);
        put_prefixes(&table, inspection);
        put_slots(&table, inspection, total);
    }
    put_libraries(&table, &inspection->extras);
    put_modules(&table, &inspection->extras);
    put_log_text(&table, inspection);
    put_aux(&table, &inspection->extras);
}
