/* SPDX-License-Identifier: MIT */
/* Option tables: parsing, with getopt_long underneath, and printing. */
#include "cmd/options/options.h"
#include "cmd/options/parse.h"
#include "cmd/options/suggest.h"
#include "cmd/options/url_guard.h"
#include "cmd/options/versions.h"
#include "cmd/term/message.h"
#include "cmd/term/status.h"
#include <getopt.h>
#include <inttypes.h>
#include <rdbferry/version.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    MOST_ROWS = 128,
    LONG_BASE = 256, /* getopt's value for row n without a letter: LONG_BASE + n */
    HELP_COLUMN = 30,
    HELP_WIDTH = 80,
};

/* A table's rows and those of the tables that it includes, and where their values are stored. */
struct flat_table {
    size_t count;
    struct flat_row {
        const struct option_row *row;
        void *into;
    } rows[MOST_ROWS];
};

static void flatten(struct flat_table *flat, const struct option_row *row, char *values)
{
    for (; row->kind != OPTION_END && flat->count < MOST_ROWS; row++) {
        if (row->kind == OPTION_INCLUDE)
            flatten(flat, row->include, values + row->offset);
        else
            flat->rows[flat->count++] = (struct flat_row){row, values + row->offset};
    }
}

/* --- help --------------------------------------------------------------------------------------------- */

/* Prints the words from HELP_COLUMN on. */
static void print_wrapped(const char *text)
{
    static const char space[] = " \n";
    size_t column = HELP_COLUMN;
    for (const char *word = text; *(word += strspn(word, space)); word += strcspn(word, space)) {
        size_t length = strcspn(word, space);
        bool is_first = column == HELP_COLUMN;
        if (!is_first && column + 1 + length > HELP_WIDTH) {
            printf("\n%*s", HELP_COLUMN, "");
            column = HELP_COLUMN;
            is_first = true;
        }
        column += (size_t)printf("%s%.*s", is_first ? "" : " ", (int)length, word);
    }
    putchar('\n');
}

static void print_row(const struct option_row *row)
{
    if (row->kind == OPTION_HEADING) {
        printf("\n%s:\n", row->help);
        return;
    }
    char left[64];
    int width = row->letter ? snprintf(left, sizeof left, "  -%c, ", row->letter)
                            : snprintf(left, sizeof left, "      ");
    snprintf(left + width, sizeof left - (size_t)width, row->optional ? "--%s[=%s%s]" : "--%s%s%s", row->name,
             row->argument && !row->optional ? " " : "", row->argument ? row->argument : "");
    if (strlen(left) > HELP_COLUMN - 2) {
        puts(left);
        left[0] = '\0';
    }
    printf("%-*s", HELP_COLUMN, left);
    print_wrapped(row->help);
}

static void print_help(const struct option_table *table, const struct flat_table *flat)
{
    printf("usage: rdbferry %s %s\n\n%s\n", table->command, table->operands, table->about);
    puts("\nExamples:");
    for (const char *const *example = table->examples; *example; example++)
        printf("  rdbferry %s %s\n", table->command, *example);
    for (size_t i = 0; i < flat->count; i++)
        print_row(flat->rows[i].row);
    puts("\nSee rdbferry(1) for details, exit statuses and more examples.");
}

/* --- storing arguments -------------------------------------------------------------------------------- */

static bool store_choice(const struct option_row *row, const char *argument, int *into)
{
    for (const struct option_choice *choice = row->choices; choice->name; choice++) {
        if (strcmp(choice->name, argument) == 0) {
            *into = choice->value;
            return true;
        }
    }
    return false;
}

static bool store(const struct option_row *row, const char *argument, void *into, rf_error *error)
{
    switch (row->kind) {
    case OPTION_FLAG: *(bool *)into = true; return true;
    case OPTION_STRING: *(const char **)into = argument; return true;
    case OPTION_CHOICE: return store_choice(row, argument, into);
    case OPTION_COUNT:
        return parse_count(argument, into) && (row->most == 0 || *(uint64_t *)into <= row->most);
    case OPTION_SIZE: return parse_size(argument, into) && *(uint64_t *)into > 0;
    case OPTION_DURATION: return parse_duration(argument, into);
    case OPTION_SERVER: return rf_server_parse(argument, into) && ((rf_server *)into)->major > 0;
    case OPTION_HANDLER: return row->handle(row, argument, into, error) == RF_OK;
    case OPTION_END:
    case OPTION_INCLUDE:
    case OPTION_HEADING:
    case OPTION_HELP: break;
    }
    return true;
}

/* --- parsing ------------------------------------------------------------------------------------------ */

/* The tables for getopt_long. A leading ':' makes it distinguish a missing argument from an unknown option.
 */
struct getopt_view {
    char letters[2 + 2 * MOST_ROWS];
    struct option longs[MOST_ROWS + 1];
};

static void view_rows(const struct flat_table *table, struct getopt_view *view)
{
    char *letter = view->letters;
    struct option *longs = view->longs;
    *letter++ = ':';
    for (size_t i = 0; i < table->count; i++) {
        const struct option_row *row = table->rows[i].row;
        if (row->kind == OPTION_HEADING)
            continue;
        if (row->letter)
            *letter++ = row->letter;
        if (row->letter && row->argument)
            *letter++ = ':';
        *longs++ = (struct option){row->name,
                                   row->optional   ? optional_argument
                                   : row->argument ? required_argument
                                                   : no_argument,
                                   NULL, LONG_BASE + (int)i};
    }
}

/* `found`: what getopt_long has returned. NULL: an unknown option. */
static const struct flat_row *find_row(const struct flat_table *table, int found)
{
    if (found >= LONG_BASE)
        return &table->rows[found - LONG_BASE];
    for (size_t i = 0; i < table->count; i++)
        if (found && table->rows[i].row->letter == found)
            return &table->rows[i];
    return NULL;
}

/* A value after "=" is not shown: it may be a password. */
static bool report_unknown(const struct option_table *table, const char *given)
{
    char hint[HINT];
    return message_usage(table->command, "unknown option '%.*s'%s", (int)strcspn(given, "="), given,
                         suggest_option(table, given, hint));
}

/* Whether this is a long option with one dash. */
static bool lacks_dash(const struct flat_table *flat, const char *given)
{
    for (size_t i = 0; given[0] == '-' && i < flat->count; i++) {
        const char *name = flat->rows[i].row->name;
        if (name && strlen(name) > 2 && strlen(name) == strcspn(given + 1, "=") &&
            strncmp(name, given + 1, strlen(name)) == 0)
            return true;
    }
    return false;
}

/* The option as the user wrote it. */
static const char *given_text(char **argv)
{
    return argv[optind - 1] == optarg ? argv[optind - 2] : argv[optind - 1];
}

/* getopt accepts unambiguous abbreviations of long options. */
static bool is_abbreviated(const struct option_row *row, const char *given)
{
    return strncmp(given, "--", 2) == 0 && (strlen(row->name) != strcspn(given + 2, "=") ||
                                            strncmp(given + 2, row->name, strlen(row->name)) != 0);
}

static bool report_abbreviation(const struct option_table *table, const struct option_row *row,
                                const char *given)
{
    char hint[HINT];
    return message_usage(table->command, "unknown option '%.*s'%s", (int)strcspn(given, "="), given,
                         suggest_full_name(table, row, given, hint));
}

/* After '?' getopt leaves in optopt an unknown letter, the value of a long option that was given an
 * unexpected argument, or 0 for an unknown or ambiguous long option. */
static void report_unknown_option(const struct option_table *table, const struct flat_table *flat,
                                  char **argv)
{
    const struct flat_row *found = find_row(flat, optopt);
    if (found && is_abbreviated(found->row, argv[optind - 1]))
        report_abbreviation(table, found->row, argv[optind - 1]);
    else if (found)
        message_usage(table->command, "option '--%s' takes no argument", found->row->name);
    else if (optopt && lacks_dash(flat, argv[optind - 1]))
        report_unknown(table, argv[optind - 1]);
    else if (optopt && argv[optind] && lacks_dash(flat, argv[optind]))
        report_unknown(table, argv[optind]);
    else if (optopt)
        report_unknown(table, (char[]){'-', (char)optopt, '\0'});
    else
        report_unknown(table, argv[optind - 1]);
}

/* The form of an argument of this name; the name itself if that is clear enough. */
static const char *form_of(const char *argument)
{
    static const char *const forms[][2] = {
        {"N", "a number"},
        {"SIZE", "a size such as 512M (units: K, M, G, T)"},
        {"SIZE/s", "a rate such as 50M/s (units: K, M, G, T)"},
        {"DURATION", "a duration such as 90s or 26h (units: ms, s, m, h, d)"},
        {"SHARE", "a share such as 0.2"},
        {"TYPE", "a type such as hash"},
        {"DB=RANGE", "DB=RANGE such as 0=90000.."},
        {"TYPE=RANGE", "TYPE=RANGE such as hash=1.."},
    };
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (strcmp(argument, forms[i][0]) == 0)
            return forms[i][1];
    return argument;
}

/* What the option takes. Returns `out`. */
static const char *describe_value(const struct option_row *row, char *out, size_t size)
{
    size_t length = 0;
    for (const struct option_choice *choice = row->choices; choice && choice->name && length < size; choice++)
        length += (size_t)snprintf(out + length, size - length, "%s%s", length ? ", " : "one of ",
                                   choice->name);
    if (row->kind == OPTION_SERVER)
        return versions_form(out, size);
    if (row->most > 0)
        snprintf(out, size, "a number up to %" PRIu64, row->most);
    else if (length == 0)
        snprintf(out, size, "%s", form_of(row->argument));
    return out;
}

static void report_invalid_argument(const char *command, const struct option_row *row, const char *argument,
                                    const rf_error *error)
{
    if (*error->message) {
        message_usage(command, "option '--%s': %s%s%s", row->name, error->input, *error->input ? ": " : "",
                      error->message);
        return;
    }
    char expected[128], shown[256], hint[HINT];
    message_usage(command, "option '--%s': invalid argument '%s'; expected %s%s", row->name,
                  url_shown(argument, shown, sizeof shown), describe_value(row, expected, sizeof expected),
                  suggest_value(row, argument, hint));
}

/* False if a URL is given where a file or a host is expected. */
static bool has_right_position(const char *command, const struct option_row *row, const char *argument)
{
    static const struct {
        const char *argument;
        enum url_context context;
    } contexts[] = {
        {"FILE", URL_NOT_WRITTEN},  {"DIR", URL_NOT_WRITTEN}, {"OUT", URL_NOT_WRITTEN},
        {"PATH", URL_NOT_READ},     {"HOST", URL_NOT_HOST},   {"FILE|URL", URL_OR_FILE},
        {"INPUT|URL", URL_OR_FILE},
    };
    char what[64];
    for (size_t i = 0; row->argument && argument && i < sizeof contexts / sizeof *contexts; i++) {
        if (strcmp(row->argument, contexts[i].argument) != 0)
            continue;
        snprintf(what, sizeof what, "option '--%s'", row->name);
        return url_guard(argument, contexts[i].context, what, command);
    }
    return true;
}

/* Handles what getopt_long has returned. "-output" was not meant as -o with the argument "utput". */
static bool take_option(const struct option_table *table, const struct flat_table *flat, int found,
                        char **argv)
{
    const int option = found == ':' ? optopt : found;
    const struct flat_row *given = find_row(flat, option);
    const struct option_row *row = given->row;
    const char *text = given_text(argv);
    if (option < LONG_BASE && optarg == text + 2 && lacks_dash(flat, text))
        return report_unknown(table, text);
    if (option >= LONG_BASE && is_abbreviated(row, text))
        return report_abbreviation(table, row, text);
    if (found == ':')
        return message_usage(table->command, "option '--%s' needs an argument", row->name);
    if (!has_right_position(table->command, row, optarg))
        return false;
    rf_error error = {.input = "", .message = ""};
    if (store(row, optarg, given->into, &error))
        return true;
    report_invalid_argument(table->command, row, optarg, &error);
    return false;
}

/* Whether the only argument asks for help: "-h", which among others is --host, or "help", unless that is a
 * file. */
static bool asks_for_help(int argc, char **argv)
{
    return argc == 2 &&
           (strcmp(argv[1], "-h") == 0 || (strcmp(argv[1], "help") == 0 && access(argv[1], F_OK) != 0));
}

bool options_parse(const struct option_table *table, int argc, char **argv, void *values, int *first,
                   int *status)
{
    struct flat_table flat = {0};
    flatten(&flat, table->rows, values);
    struct getopt_view view = {0};
    view_rows(&flat, &view);
    opterr = 0;
    *status = STATUS_USAGE;
    bool help = asks_for_help(argc, argv);
    for (int found; !help && (found = getopt_long(argc, argv, view.letters, view.longs, NULL)) != -1;) {
        if (found == '?') {
            report_unknown_option(table, &flat, argv);
            return false;
        }
        help = found != ':' && find_row(&flat, found)->row->kind == OPTION_HELP;
        if (!help && !take_option(table, &flat, found, argv))
            return false;
    }
    if (help) {
        print_help(table, &flat);
        *status = STATUS_DONE;
        return false;
    }
    *first = optind;
    return true;
}
