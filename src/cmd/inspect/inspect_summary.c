/* SPDX-License-Identifier: MIT */
/* The first lines of the report for people: what is in the inputs, on one screen. */
#include "cmd/inspect/inspect.h"
#include "cmd/inspect/inspect_log_text.h"
#include "cmd/term/text.h"
#include <inttypes.h>
#include <stdio.h>

enum { DATABASES_SHOWN = 4, LINE_MOST = 160 };

/* --- lines -------------------------------------------------------------------------------------------- */

static void put_keys(const struct tables *tables, struct key_totals total)
{
    size_t databases = 0, shown = 0;
    for (size_t db = 0; db <= STATS_DATABASES; db++)
        databases += tables->databases[db] != NULL;
    table_name("Keys");
    printf("%" PRIu64 " in %zu database%s", total.keys, databases, text_plural(databases));
    for (size_t db = 0; db < STATS_DATABASES && shown < DATABASES_SHOWN; db++) {
        if (tables->databases[db])
            printf("%s db %zu: %" PRIu64, shown++ ? "," : ":", db, tables_of_database(tables, db).keys);
    }
    puts(databases > shown ? ", ..." : "");
}

static void put_memory(const struct tables *tables, struct key_totals total)
{
    char all[SIZE_TEXT], part[SIZE_TEXT];
    uint64_t overhead = tables_overhead(tables);
    table_name("Server memory");
    printf("~%s (estimate), including ~%s for hash tables\n", text_size(total.memory + overhead, all),
           text_size(overhead, part));
    table_name("In the dump");
    printf("%s, %" PRIu64 " elements\n", text_size(total.bytes, all), total.elements);
}

/* In descending order. */
static void put_types(const struct tables *tables, struct key_totals total)
{
    bool shown[RF_TYPE_COUNT] = {false};
    const char *separator = "";
    table_name("Memory by type");
    for (;;) {
        int most = -1;
        uint64_t memory = 0;
        for (int type = 0; type < RF_TYPE_COUNT; type++) {
            uint64_t of_type = tables_of_type(tables, (rf_type)type).memory;
            if (!shown[type] && of_type > memory) {
                memory = of_type;
                most = type;
            }
        }
        if (most < 0)
            break;
        shown[most] = true;
        printf("%s%s %.0f%%", separator, rf_type_name((rf_type)most), text_percent(memory, total.memory));
        separator = ", ";
    }
    putchar('\n');
}

static void put_expiries(const struct expiries *expiries, struct key_totals total)
{
    char text[DURATION_TEXT];
    uint64_t median = expiries_median(expiries);
    table_name("Time to live");
    printf("%" PRIu64 " keys (%.1f%%) have none", expiries->persistent,
           text_percent(expiries->persistent, total.keys));
    if (median != UINT64_MAX)
        printf("; median of the others ~%s", text_duration(median, text));
    putchar('\n');
    if (expiries->expired == 0)
        return;
    table_name("Expired");
    printf("%" PRIu64 " keys (%.1f%%), still present\n", expiries->expired,
           text_percent(expiries->expired, total.keys));
}

static void put_largest(const struct table *table, const struct inspection *inspection)
{
    static const struct table_column columns[] = {{TABLE_NAME, NULL}, {TABLE_NUMBER, ""}, {TABLE_NUMBER, ""},
                                                  {TABLE_NUMBER, ""}, {TABLE_TEXT, ""},   {0, NULL}};
    const struct sketch *sketch = &inspection->prefixes.sketch;
    const struct sketch_name *prefix;
    char size[SIZE_TEXT], name[LINE_MOST];
    size_t room = table_text_size(table, columns, KEY_SHOWN);
    if (inspection->counts.by_memory.count > 0) {
        const struct key_row *row = &inspection->counts.by_memory.heap[0].row;
        table_name("Largest key");
        printf("~%s, %s, db %" PRId64 ": %s\n", text_size(row->measure.memory, size), rf_type_name(row->type),
               row->db, text_readable(row->key, name, room));
    }
    if (sketch_top(sketch, true, &prefix, 1) == 1) {
        table_name("Largest prefix");
        printf("~%s, %" PRIu64 " keys: %s\n", text_size(prefix->sum.weight, size), prefix->sum.count,
               text_readable(sketch_name_text(prefix), name, room));
    }
}

void inspect_put_slot_use(const struct slots *slots, struct key_totals total)
{
    printf("%u of %u used; %.1f%% of the keys have a hash tag\n", slots_used(slots), (unsigned)RF_SLOTS,
           text_percent(slots->tagged, total.keys));
}

static void put_times(const struct workload *work)
{
    char converted[SECONDS_TEXT], loaded[SECONDS_TEXT], replayed[SECONDS_TEXT];
    table_name("Estimated time");
    printf("convert %s, load by a server %s, replay %s\n", estimate_format(estimate_convert(work), converted),
           estimate_format(estimate_load(work), loaded),
           estimate_format(estimate_replay(work, 1, 0), replayed));
}

/* --- why a server counts other keys -------------------------------------------------------------------- */

static void put_notes(const struct inspection *inspection, struct key_totals total)
{
    uint64_t expired = inspection->counts.times_left.expired, dropped = session_dropped(&inspection->session);
    if (expired > 0)
        printf("  A server has %" PRIu64 " keys after it has loaded this: expired keys are deleted.\n",
               total.keys - expired);
    if (dropped > 0)
        printf("  %" PRIu64 " key%s excluded by options.\n", dropped, dropped == 1 ? " was" : "s were");
    if (inspection->session.input_count > 1)
        puts("  The inputs are counted as one data set, a key in two of them twice.");
    if (inspection->extras.log.commands > 0)
        puts("  A server counts other keys: it applies the commands of the log. --server does so, too.");
}

/* --- inputs ------------------------------------------------------------------------------------------- */

void inspect_put_input(const struct input *input, const struct log_file *log)
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
    if (info->product)
        printf(", saved by %s", info->product);
    if (inspect_saved_ms(input) != RF_NO_EXPIRY)
        printf(", saved %s", format_time(inspect_saved_ms(input), saved));
    printf(", %s%s%s\n", text_size(input->read, size), *input->layers ? ", " : "", input->layers);
    if (log->commands > 0)
        put_log_file(log);
}

static void put_inputs(const struct inspection *inspection)
{
    const struct session *session = &inspection->session;
    uint64_t bytes = 0;
    char size[SIZE_TEXT];
    for (size_t i = 0; i < session->input_count; i++)
        bytes += session->inputs[i].read;
    if (session->input_count == 1)
        inspect_put_input(session->inputs, log_file_of(&inspection->extras.log, session->inputs));
    else
        printf("%zu inputs, %s\n", session->input_count, text_size(bytes, size));
    if (inspection->error)
        puts("Incomplete: the inputs could not be read to the end.");
}

void inspect_put_summary(const struct table *table, const struct inspection *inspection)
{
    static const struct table_column columns[] = {{TABLE_NAME, NULL}, {0, NULL}};
    struct key_totals total = tables_total(&inspection->counts.tables);
    put_inputs(inspection);
    if (total.keys == 0 && inspection->extras.log.commands > 0)
        return;
    table_heading(table, "Summary", columns);
    put_keys(&inspection->counts.tables, total);
    put_memory(&inspection->counts.tables, total);
    if (total.keys > 0) {
        put_types(&inspection->counts.tables, total);
        put_expiries(&inspection->counts.times_left, total);
        put_largest(table, inspection);
        table_name("Cluster slots");
        inspect_put_slot_use(&inspection->slots, total);
        put_times(&inspection->counts.work);
    }
    put_notes(inspection, total);
}
