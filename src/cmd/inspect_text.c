/* SPDX-License-Identifier: MIT */
/* The report for people: one section after the other, without empty ones. */
#include "inspect.h"
#include "page.h"
#include "show.h"
#include "text.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { KEY_SHOWN = 100, NAME_SHOWN = 64 };

/* --- inputs and total --------------------------------------------------------------------------------- */

static void put_input(const struct input *input)
{
    const rf_reader_info *info = &input->info;
    char writer[32], saved[TIME_TEXT], size[SIZE_TEXT];

    if (!input->opened)
        return;
    text_put(stdout, input_name(input));
    printf(": %s", info->format);
    if (info->rdb_version > 0)
        printf(" version %d", info->rdb_version);
    rf_server_format(info->writer, writer, sizeof writer);
    if (info->writer.major > 0)
        printf(", written by %s", writer);
    if (inspect_saved_ms(input) != RF_NO_EXPIRY)
        printf(", saved %s", show_time(inspect_saved_ms(input), saved));
    printf(", %s%s%s\n", text_size(input->read, size), *input->layers ? ", " : "", input->layers);
}

static void put_tally(const char *name, struct tally tally)
{
    page_name(name);
    page_number(tally.keys, false);
    page_number(tally.expiring, false);
    page_number(tally.elements, false);
    page_size(tally.bytes, false);
    page_size(tally.memory, true);
}

static void put_row(const struct page *page, const char *name, struct tally tally, struct tally total)
{
    put_tally(name, tally);
    page_bar(page, tally.memory, total.memory, PAGE_BAR);
}

static const struct page_column tally_columns[] = {{PAGE_NAME, NULL},
                                                   {PAGE_NUMBER, "keys"},
                                                   {PAGE_NUMBER, "expiring"},
                                                   {PAGE_NUMBER, "elements"},
                                                   {PAGE_SIZE, "in dump"},
                                                   {PAGE_SIZE, "in memory"},
                                                   {0, NULL}};

static void put_total(const struct page *page, const struct inspection *inspection, struct tally total)
{
    uint64_t overhead = tables_overhead(&inspection->tables);
    char size[SIZE_TEXT];

    page_heading(page, "Total", tally_columns);
    put_tally("keys", total);
    printf("\n\n  Estimated server memory: ~%s", text_size(total.memory + overhead, size));
    printf(", including ~%s for hash tables.\n", text_size(overhead, size));
}

static void put_databases(const struct page *page, const struct tables *tables, struct tally total)
{
    char name[32];

    page_heading(page, "Databases", tally_columns);
    for (size_t db = 0; db <= STATS_DATABASES; db++) {
        if (!tables->databases[db])
            continue;
        snprintf(name, sizeof name, db < STATS_DATABASES ? "%zu" : "%zu and above", db);
        put_row(page, name, tables_of_database(tables, db), total);
    }
}

static void put_types(const struct page *page, const struct tables *tables, struct tally total)
{
    page_heading(page, "Types", tally_columns);
    for (int type = 0; type < RF_TYPE_COUNT; type++) {
        struct tally tally = tables_of_type(tables, (rf_type)type);

        if (tally.keys > 0)
            put_row(page, text_type((rf_type)type), tally, total);
    }
}

static const char *encoding_name(const rf_encoding *encoding, char out[NAME_SHOWN])
{
    const char *type = text_type(encoding->type);
    bool says_more = strcmp(type, encoding->name) != 0;

    snprintf(out, NAME_SHOWN, "%s%s%s", type, says_more ? " " : "", says_more ? encoding->name : "");
    return out;
}

static void put_encodings(const struct page *page, const struct tables *tables, struct tally total)
{
    char name[NAME_SHOWN];

    page_heading(page, "Encodings", tally_columns);
    for (size_t i = 0; i < STATS_ENCODINGS; i++) {
        if (tables->encodings[i])
            put_row(page, encoding_name(tables->encodings[i], name), tables_of_encoding(tables, i), total);
    }
}

static void put_histogram(const struct page *page, const struct histogram *histogram,
                          const struct ranges *ranges)
{
    static const struct page_column columns[] = {
        {PAGE_NAME, NULL}, {PAGE_NUMBER, "keys"}, {PAGE_SHARE, "share"}, {PAGE_SIZE, "in memory"}, {0, NULL}};
    uint64_t keys = 0, most = 0;

    for (size_t i = 0; i < ranges->count; i++) {
        keys += histogram->in[i].keys;
        most = histogram->in[i].keys > most ? histogram->in[i].keys : most;
    }
    if (keys == 0)
        return;
    page_heading(page, ranges->title, columns);
    for (size_t i = 0; i < ranges->count; i++) {
        if (histogram->in[i].keys == 0)
            continue;
        page_name(ranges->all[i].label);
        page_number(histogram->in[i].keys, false);
        page_share(histogram->in[i].keys, keys);
        page_size(histogram->in[i].memory, true);
        page_bar(page, histogram->in[i].keys, most, PAGE_BAR);
    }
}

/* --- top lists ---------------------------------------------------------------------------------------- */

static void put_top(const struct page *page, const char *title, const struct top *top)
{
    static const struct page_column columns[] = {{PAGE_SIZE, "in memory"},
                                                 {PAGE_NUMBER, "elements"},
                                                 {PAGE_SIZE, "longest"},
                                                 {PAGE_NUMBER, "db"},
                                                 {PAGE_NAME, "type"},
                                                 {PAGE_TEXT, "key"},
                                                 {0, NULL}};
    char key[KEY_SHOWN], name[NAME_SHOWN];

    if (top->count == 0)
        return;
    page_heading(page, title, columns);
    for (size_t i = 0; i < top->count; i++) {
        const struct key_row *row = &top->heap[i].row;

        page_size(row->measure.memory, true);
        page_number(row->measure.elements, false);
        page_size(row->measure.longest, false);
        page_number((uint64_t)row->db, false);
        page_name(encoding_name(row->encoding, name));
        page_text(text_readable(row->key, key, sizeof key));
        page_end_line();
    }
}

static void put_names(const struct sketch *sketch, bool by_weight, size_t most, bool weight_is_estimate)
{
    const struct sketch_name *names[TOP_MOST];
    size_t count = sketch_greatest(sketch, by_weight, names, most);
    char text[KEY_SHOWN];

    for (size_t i = 0; i < count; i++) {
        bool is_exact = sketch_is_exact(names[i]);

        page_number(names[i]->sum.count, !is_exact);
        page_size(names[i]->sum.weight, !is_exact || weight_is_estimate);
        page_text(text_readable(sketch_name_text(names[i]), text, sizeof text));
        puts(names[i]->length > SKETCH_NAME_KEPT ? "..." : "");
    }
}

static void put_prefixes(const struct page *page, const struct inspection *inspection)
{
    static const struct page_column columns[] = {
        {PAGE_NUMBER, "keys"}, {PAGE_SIZE, "in memory"}, {PAGE_TEXT, "prefix"}, {0, NULL}};
    const struct prefixes *prefixes = &inspection->prefixes;
    size_t most = inspection->options->top;

    if (prefixes->sketch.count == 0 || most == 0)
        return;
    page_heading(page, "Prefixes by keys", columns);
    put_names(&prefixes->sketch, false, most, true);
    page_heading(page, "Prefixes by memory", columns);
    put_names(&prefixes->sketch, true, most, true);
    if (!prefixes->told)
        printf("  Key separators (detected): %s\n", prefixes->delimiters);
}

static void put_slots(const struct page *page, const struct inspection *inspection, struct tally total)
{
    static const struct page_column columns[] = {{PAGE_NAME, NULL},
                                                 {PAGE_NUMBER, "keys"},
                                                 {PAGE_SIZE, "in dump"},
                                                 {PAGE_SIZE, "in memory"},
                                                 {0, NULL}};
    const struct slots *slots = &inspection->slots;
    unsigned heaviest[TOP_MOST];
    size_t count = slots_heaviest(slots, heaviest, inspection->options->top);
    char name[NAME_SHOWN];

    page_heading(page, "Slots", columns);
    for (size_t i = 0; i < count; i++) {
        const struct slot_tally *slot = &slots->of[heaviest[i]];

        snprintf(name, sizeof name, "%u", heaviest[i]);
        page_name(name);
        page_number(slot->keys, false);
        page_size(slot->bytes, false);
        page_size(slot->memory, true);
        page_bar(page, slot->memory, slots->of[heaviest[0]].memory, PAGE_BAR);
    }
    printf("  %u of %u slots have keys; %.1f%% of the keys have a hash tag.\n", slots_used(slots),
           (unsigned)RF_SLOTS, 100.0 * (double)slots->tagged / (double)total.keys);
}

/* --- data besides keys -------------------------------------------------------------------------------- */

static void put_more(uint64_t all, size_t shown)
{
    if (all > shown)
        printf("  ... and %" PRIu64 " more\n", all - shown);
}

static void put_libraries(const struct page *page, const struct beside *beside)
{
    static const struct page_column columns[] = {
        {PAGE_NAME, NULL}, {PAGE_SIZE, "code"}, {PAGE_TEXT, "library"}, {0, NULL}};

    if (beside->library_count == 0)
        return;
    page_heading(page, "Function libraries", columns);
    for (size_t i = 0; i < beside->libraries_kept; i++) {
        page_name(beside->libraries[i].engine);
        page_size(beside->libraries[i].bytes, false);
        page_text(beside->libraries[i].name);
        page_end_line();
    }
    put_more(beside->library_count, beside->libraries_kept);
}

static void put_modules(const struct page *page, const struct beside *beside)
{
    static const struct page_column columns[] = {{PAGE_NAME, NULL},
                                                 {PAGE_NUMBER, "keys"},
                                                 {PAGE_SIZE, "in dump"},
                                                 {PAGE_SIZE, "in memory"},
                                                 {PAGE_NUMBER, "records"},
                                                 {PAGE_SIZE, "in dump"},
                                                 {0, NULL}};

    if (beside->modules_kept == 0)
        return;
    page_heading(page, "Modules", columns);
    for (size_t i = 0; i < beside->modules_kept; i++) {
        const struct module *module = &beside->modules[i];

        page_name(module->name);
        page_number(module->keys, false);
        page_size(module->bytes, false);
        page_size(module->memory, true);
        page_number(module->records, false);
        page_size(module->record_bytes, false);
        page_end_line();
    }
}

static void put_commands(const struct page *page, const struct inspection *inspection)
{
    static const struct page_column columns[] = {
        {PAGE_NUMBER, "commands"}, {PAGE_SIZE, "arguments"}, {PAGE_TEXT, "name"}, {0, NULL}};
    const struct beside *beside = &inspection->beside;

    if (beside->commands == 0)
        return;
    page_heading(page, "Commands", columns);
    put_names(&beside->by_name, false, inspection->options->top, false);
    printf("  %" PRIu64 " commands; their effects on keys are not evaluated.\n", beside->commands);
}

static void put_aux(const struct page *page, const struct beside *beside)
{
    static const struct page_column columns[] = {{PAGE_NAME, NULL}, {0, NULL}};

    if (beside->aux_count == 0)
        return;
    page_heading(page, "AUX fields", columns);
    for (size_t i = 0; i < beside->aux_kept; i++) {
        page_name(beside->aux[i].name);
        page_text(beside->aux[i].value);
        page_end_line();
    }
    put_more(beside->aux_count, beside->aux_kept);
}

/* --- the report --------------------------------------------------------------------------------------- */

static void put_keys(const struct page *page, const struct inspection *inspection, struct tally total)
{
    const struct tables *tables = &inspection->tables;

    put_databases(page, tables, total);
    put_types(page, tables, total);
    put_encodings(page, tables, total);
    put_histogram(page, &inspection->expiries, &expiry_ranges);
    put_histogram(page, &inspection->memories, &memory_ranges);
    put_histogram(page, &inspection->elements, &element_ranges);
    put_histogram(page, &inspection->longest, &longest_ranges);
    put_top(page, "Keys by memory", &inspection->heaviest);
    put_top(page, "Keys by elements", &inspection->largest);
    put_prefixes(page, inspection);
    put_slots(page, inspection, total);
}

void inspect_put_text(const struct inspection *inspection)
{
    const struct session *session = &inspection->session;
    struct tally total = tables_total(&inspection->tables);
    struct page page = page_begin();

    for (size_t i = 0; i < session->input_count; i++)
        put_input(&session->inputs[i]);
    if (inspection->error)
        puts("Incomplete: the inputs could not be read to the end.");
    if (total.keys > 0 || inspection->beside.commands == 0)
        put_total(&page, inspection, total);
    if (total.keys > 0)
        put_keys(&page, inspection, total);
    put_libraries(&page, &inspection->beside);
    put_modules(&page, &inspection->beside);
    put_commands(&page, inspection);
    put_aux(&page, &inspection->beside);
}
