/* SPDX-License-Identifier: MIT */
/* The options of `inspect`: the table, defaults and invalid combinations. */
#include "cmd/inspect/inspect_options.h"
#include "cmd/inspect/inspect_log.h"
#include "cmd/inspect/inspect_prefix.h"
#include "cmd/term/message.h"
#include "cmd/term/status.h"
#include "cmd/term/terminal.h"
#include <string.h>
#include <unistd.h>

enum { TOP_USUAL = 10, DEPTH_USUAL = 3, LIMIT_OF_SORTED = 1000 };

static rf_code opt_delimiter(const struct option_row *row, const char *argument, void *into, rf_error *error)
{
    (void)row, (void)error;
    *(const char **)into = argument;
    return *argument && strlen(argument) <= PREFIX_DELIMITERS ? RF_OK : RF_E_ARGUMENT;
}

static const struct option_choice sorts[] = {{"none", SORT_NONE},         {"size", SORT_SIZE},
                                             {"elements", SORT_ELEMENTS}, {"expiry", SORT_EXPIRY},
                                             {"key", SORT_KEY},           {NULL, 0}};

#define AT(member) .offset = offsetof(struct inspect_options, member)

/* clang-format off */
static const struct option_row rows[] = {
    {OPTION_HEADING, .help = "Output"},
    {OPTION_INCLUDE, .include = page_rows, AT(page)},
    {OPTION_FLAG, 0, "summary", .help = "print the summary only", AT(summary)},
    {OPTION_FLAG, 0, "json", .help = "print the statistics as JSON", AT(json)},
    {OPTION_FLAG, 0, "keys", .help = "print one line of CSV per key instead", AT(keys)},
    {OPTION_CHOICE, 0, "sort", "ORDER",
     "with --keys: none, size or elements (largest first),\nexpiry (soonest first) or key (none)",
     AT(sort), .choices = sorts},
    {OPTION_STRING, 0, "commands", "NAMES",
     "print the AOF commands of these names, one per line, instead: 'FLUSH*,DEL'; '*' for all", AT(commands)},
    {OPTION_FLAG, 0, "jsonl", .help = "with --commands: JSON lines, arguments in full", AT(jsonl)},
    {OPTION_COUNT, 0, "limit", "N", "with --keys, --commands: at most N lines (all; sorted: 1000)", AT(limit)},
    {OPTION_COUNT, 0, "top", "N", "length of the top lists (10)", AT(top), .most = TOP_MOST},
    {OPTION_INCLUDE, .include = thread_rows, AT(common)},
    {OPTION_HEADING, .help = "Prefixes"},
    {OPTION_HANDLER, 0, "delimiter", "CHARS",
     "separators in key names (default: detected)", .handle = opt_delimiter,
     AT(delimiter)},
    {OPTION_COUNT, 0, "depth", "N", "number of prefix levels to count (3)", AT(depth),
     .most = PREFIX_DEPTH_MOST},
    {OPTION_INCLUDE, .include = filter_rows, AT(common.keys)},
    {OPTION_INCLUDE, .include = rewrite_rows, AT(common.keys)},
    {OPTION_INCLUDE, .include = log_input_rows, AT(common.log)},
    {OPTION_INCLUDE, .include = source_rows, AT(common.source)},
    {OPTION_HEADING, .help = "Messages"},
    {OPTION_INCLUDE, .include = common_rows, AT(common)},
    {.kind = OPTION_END},
};
/* clang-format on */

static const char *const examples[] = {
    "dump.rdb",
    "dump.rdb --html report.html",
    "dump.rdb -t hash,zset --depth 2 --delimiter :",
    "dump.rdb --keys --sort size --limit 100",
    "appendonlydir --commands 'FLUSH*,SWAPDB' --limit 50",
    "appendonlydir --commands '*' -k user:1 -d 0 --jsonl",
    NULL,
};

static const struct option_table table = {
    .command = "inspect",
    .operands = "INPUT... [OPTION]...",
    .about = "Reads the inputs and shows what is in them: keys by database, type and encoding,\n"
             "the server memory they need (an estimate), expiries, sizes, prefixes and slots,\n"
             "and the largest keys. Several inputs form one data set; '-' is stdin. Figures\n"
             "with '~' are estimates.",
    .examples = examples,
    .rows = rows,
};
const struct option_table *const inspect_options_table = &table;

static bool check(const struct inspect_options *options)
{
    if (options->json && options->keys)
        return message_usage(table.command, "--json and --keys are mutually exclusive");
    if (options->summary && (options->json || options->keys || options->commands))
        return message_usage(table.command, "--summary cannot be combined with --json, --keys or --commands");
    if (options->sort != SORT_NONE && !options->keys)
        return message_usage(table.command, "--sort requires --keys");
    if (options->commands && (options->json || options->keys))
        return message_usage(table.command, "--commands cannot be combined with --json or --keys");
    if (options->jsonl && !options->commands)
        return message_usage(table.command, "--jsonl requires --commands");
    if (options->commands && rf_filter_uses_types(options->common.keys.filter))
        return message_usage(table.command, "the type of a key is not in a command: leave out --type");
    if (options->commands && options->common.log.server)
        return message_usage(table.command, "--commands cannot be combined with --server");
    if (options->limit != OPT_UNSET && !options->keys && !options->commands)
        return message_usage(table.command, "--limit requires --keys or --commands");
    if (options->page.path && (options->keys || options->commands))
        return message_usage(table.command, "--html cannot be combined with --keys or --commands");
    if (is_dash(options->page.path) && (options->json || options->summary))
        return message_usage(table.command, "the page and other output cannot both go to stdout");
    if (is_dash(options->common.report))
        return message_usage(table.command, "output and report cannot both go to stdout");
    return true;
}

static bool choose_commands(struct inspect_options *options, int *status)
{
    rf_error error;
    if (!options->commands)
        return true;
    options->key_filter = options->common.keys.filter;
    options->common.keys.filter = rf_filter_new();
    if (!options->common.keys.filter) {
        *status = STATUS_OUTPUT;
        message_error("out of memory");
        return false;
    }
    if (command_filter_new(options->commands, &options->command_filter, &error) == RF_OK)
        return true;
    *status = status_of(error.code);
    return message_usage(table.command, "option '--commands': %s", error.message);
}

bool inspect_options_read(int argc, char **argv, struct inspect_options *options, int *status)
{
    int first;
    *options = (struct inspect_options){
        .limit = OPT_UNSET, .top = TOP_USUAL, .depth = DEPTH_USUAL, .common.log = LOG_OPTIONS};
    if (!options_parse(&table, argc, argv, options, &first, status) ||
        !common_options_read(&options->common, table.command, argv + first, argc - first, status))
        return false;
    *status = STATUS_USAGE;
    if (!check(options) || !choose_commands(options, status) ||
        !page_options_check(&options->page, &options->common, table.command, status))
        return false;
    if (options->keys && options->common.progress == PROGRESS_AUTO && terminal_at(STDOUT_FILENO))
        options->common.progress = PROGRESS_NEVER; /* it would be mixed with the rows */
    if (options->limit == OPT_UNSET)
        options->limit = options->sort == SORT_NONE ? UINT64_MAX : LIMIT_OF_SORTED;
    return true;
}
