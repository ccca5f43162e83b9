/* SPDX-License-Identifier: MIT */
/* Commands by name, database and prefix; flushes, and what to do about the last one. */
#include "cmd/inspect/inspect_log_text.h"
#include "cmd/inspect/inspect_log.h"
#include "cmd/run/paths.h"
#include "cmd/term/text.h"
#include <inttypes.h>
#include <string.h>

void put_log_file(const struct log_file *file)
{
    char first[TIME_TEXT], last[TIME_TEXT];
    printf("  %" PRIu64 " command%s", file->commands, text_plural(file->commands));
    if (file->first_time > 0)
        printf(", %s to %s", format_time(file->first_time * 1000, first),
               format_time(file->last_time * 1000, last));
    putchar('\n');
}

/* --- tables ------------------------------------------------------------------------------------------- */

static void put_databases(const struct table *table, const struct log_facts *log)
{
    static const struct table_column columns[] = {
        {TABLE_NAME, NULL}, {TABLE_NUMBER, "commands"}, {TABLE_SIZE, "arguments"}, {0, NULL}};
    char name[32];
    table_heading(table, "Commands by database", columns);
    for (size_t db = 0; db <= STATS_DATABASES; db++) {
        if (log->dbs[db].commands == 0)
            continue;
        snprintf(name, sizeof name, db < STATS_DATABASES ? "%zu" : "%zu and above", db);
        table_name(name);
        table_number(log->dbs[db].commands, false);
        table_size(log->dbs[db].bytes, false);
        table_bar(table, log->dbs[db].commands, log->commands, table_bar_width(table, columns));
    }
}

static void put_sketch(const struct table *table, const char *title, const char *counted, const char *what,
                       const struct sketch *sketch, size_t most)
{
    const struct table_column columns[] = {
        {TABLE_NUMBER, counted}, {TABLE_SIZE, "arguments"}, {TABLE_TEXT, what}, {0, NULL}};
    if (sketch->count == 0 || most == 0)
        return;
    table_heading(table, title, columns);
    inspect_put_names(table, columns, sketch, most);
}

/* --- flushes ------------------------------------------------------------------------------------------ */

static void put_events(const struct table *table, const char *title, const struct log_events *events)
{
    static const struct table_column columns[] = {{TABLE_NAME, NULL}, {0, NULL}};
    if (events->count == 0)
        return;
    table_heading(table, title, columns);
    for (size_t i = 0; i < log_events_kept(events); i++) {
        const struct log_event *event = &events->first[i];
        fputs("  ", stdout);
        print_place(event->input, event->offset, event->time, event->db);
        puts(event->name);
    }
    inspect_put_more(events->count, log_events_kept(events));
}

/* As a word of a shell's command line. */
static void put_word(const char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+:,./-";
    if (text[strspn(text, plain)] == '\0') {
        fputs(text, stdout);
        return;
    }
    putchar('\'');
    for (char one[2] = ""; *text; text++) {
        one[0] = *text;
        if (*text == '\'')
            fputs("'\\''", stdout);
        else if ((unsigned char)*text >= 0x80)
            putchar(*text);
        else
            text_put(stdout, one);
    }
    putchar('\'');
}

static void put_convert(const struct inspection *inspection, const char *output, const char *option)
{
    const struct common_options *common = &inspection->options->common;
    const struct log_event *flush = &inspection->extras.log.flushes.last;
    fputs("    rdbferry convert", stdout);
    for (size_t i = 0; i < common->operand_count; i++) {
        putchar(' ');
        put_word(common->operands[i]);
    }
    printf(" -o %s %s ", output, option);
    put_word(place_name(flush->input));
    printf(":0x%" PRIx64 "\n", flush->offset);
}

/* What a person needs after an accident. */
static void put_advice(const struct inspection *inspection)
{
    const struct log_event *flush = &inspection->extras.log.flushes.last;
    if (inspection->extras.log.flushes.count == 0)
        return;
    fputs("  The last one: ", stdout);
    print_place(flush->input, flush->offset, flush->time, flush->db);
    puts(flush->name);
    if (is_dash(flush->input->path))
        return;
    puts("  First keep the server from rewriting its AOF, and copy the directory:\n"
         "    redis-cli CONFIG SET auto-aof-rewrite-percentage 0\n"
         "  The data as it was before that flush:");
    put_convert(inspection, "restored", "--until-offset");
    puts("  All but that flush; later commands are applied to the keys it had deleted:");
    put_convert(inspection, "undone", "--drop-at");
}

/* --- all of them -------------------------------------------------------------------------------------- */

void put_log_text(const struct table *table, const struct inspection *inspection)
{
    const struct log_facts *log = &inspection->extras.log;
    size_t most = inspection->options->top;
    char first[TIME_TEXT], last[TIME_TEXT];
    if (log->commands == 0)
        return;
    put_sketch(table, "Commands", "commands", "name", &log->by_name, most);
    printf("  %" PRIu64 " command%s, %" PRIu64
           " transaction%s; their effects on keys are not evaluated (see --server).\n",
           log->commands, text_plural(log->commands), log->transactions, text_plural(log->transactions));
    if (log->first_time > 0)
        printf("  Written from %s to %s.\n", format_time(log->first_time * 1000, first),
               format_time(log->last_time * 1000, last));
    put_databases(table, log);
    put_sketch(table, "Keys of commands by prefix", "keys", "prefix", &log->prefixes->sketch, most);
    if (log->prefixes->sketch.count > 0 && most > 0 && !log->prefixes->user_given)
        printf("  Key separators (detected): %s\n", log->prefixes->delimiters);
    put_sketch(table, "Unknown commands", "commands", "name", &log->unknown, most);
    put_events(table, "SWAPDB", &log->swaps);
    put_events(table, "Flushes", &log->flushes);
    put_advice(inspection);
}
