/* SPDX-License-Identifier: MIT */
/* The options of `diff`: the table, defaults and invalid combinations. */
#include "cmd/diff/diff_options.h"
#include "base/escape.h"
#include "cmd/compare/differences.h"
#include "cmd/options/url_guard.h"
#include "cmd/term/message.h"
#include "cmd/term/status.h"
#include <rdbferry/target.h>
#include <stdlib.h>
#include <string.h>

#define AT(member) .offset = offsetof(struct diff_options, member)

/* clang-format off */
static const struct option_row rows[] = {
    {OPTION_HEADING, .help = "Comparison"},
    {OPTION_DURATION, 0, "ttl-tolerance", "DURATION", "treat expiries that differ by up to this as equal (0)",
     AT(ttl_tolerance_ms)},
    {OPTION_SIZE, 0, "memory", "SIZE",
     "memory for the comparison; beyond it, temporary files\n"
     "in $TMPDIR (512M, or a quarter of the memory limit)", AT(memory)},
    {OPTION_HEADING, .help = "Explaining one key"},
    {OPTION_STRING, 0, "explain", "KEY", "show which elements of KEY differ (\\xNN is a byte)",
     AT(explain)},
    {OPTION_COUNT, 0, "explain-db", "N", "database of that key (0)", AT(db), .most = INT32_MAX},
    {OPTION_HEADING, .help = "Output"},
    {OPTION_COUNT, 0, "limit", "N", "show at most N differences; 0: all (50; with --jsonl\nall)", AT(limit)},
    {OPTION_INCLUDE, .include = page_rows, AT(page)},
    {OPTION_FLAG, 0, "jsonl", .help = "print each difference as a JSON object on a line", AT(jsonl)},
    {OPTION_INCLUDE, .include = thread_rows, AT(common)},
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
    "yesterday.rdb today.rdb",
    "yesterday.rdb today.rdb --html growth.html",
    "yesterday.rdb today.rdb --explain user:1",
    "dump.rdb appendonlydir --ttl-tolerance 1s --jsonl",
    NULL,
};

static const struct option_table table = {
    .command = "diff",
    .operands = "BEFORE AFTER [OPTION]...",
    .about = "Compares two data sets key by key, by content and not by encoding. Each is an\n"
             "RDB file or an AOF directory without commands (with --server also a log), plain\n"
             "or compressed with gzip, lz4 or zstd; '-' is stdin. Exit status 0: no\n"
             "differences; 1: differences.\n"
             "\n"
             "  + only in AFTER   - only in BEFORE   ~ in both, different   = duplicate in one",
    .examples = examples,
    .rows = rows,
};
const struct option_table *const diff_options_table = &table;

static bool check(const struct diff_options *options)
{
    const struct common_options *common = &options->common;
    if (is_dash(common->report))
        return message_usage(table.command, "differences and report cannot both go to stdout");
    if (is_dash(options->page.path))
        return message_usage(table.command, "differences and the page cannot both go to stdout");
    if (!options->explain && options->db != OPT_UNSET)
        return message_usage(table.command, "--explain-db requires --explain");
    if (!options->explain)
        return true;
    if (options->jsonl)
        return message_usage(table.command, "--explain cannot be combined with --jsonl");
    if (common->report || options->page.path)
        return message_usage(table.command, "--explain cannot be combined with --report or --html");
    if (common->keys.expired != RF_EXPIRED_KEEP || !rf_filter_is_all(common->keys.filter) ||
        common->keys.rewrite || options->ttl_tolerance_ms > 0)
        return message_usage(table.command,
                             "--explain cannot be combined with filtering, rewriting or --ttl-tolerance");
    return true;
}

static void finalize(struct diff_options *options)
{
    if (options->limit == OPT_UNSET)
        options->limit = options->jsonl ? 0 : DIFFERENCES_SHOWN;
    if (options->db == OPT_UNSET)
        options->db = 0;
}

static bool read_key(struct diff_options *options, int *status)
{
    if (!options->explain)
        return true;
    options->key_bytes = strdup(options->explain);
    if (options->key_bytes) {
        options->key = unescape(options->key_bytes);
        return true;
    }
    message_error("out of memory");
    *status = STATUS_OUTPUT;
    return false;
}

bool diff_options_read(int argc, char **argv, struct diff_options *options, int *status)
{
    int first;
    *options = (struct diff_options){
        .limit = OPT_UNSET, .db = OPT_UNSET, .common = {.log = LOG_OPTIONS, .apart = true}};
    if (!options_parse(&table, argc, argv, options, &first, status))
        return false;
    *status = STATUS_USAGE;
    if (argc - first != 2)
        return message_usage(table.command, "expected two inputs: BEFORE and AFTER");
    if (!common_options_read(&options->common, table.command, argv + first, argc - first, status))
        return false;
    *status = STATUS_USAGE;
    if (!check(options) || !read_key(options, status) ||
        !page_options_check(&options->page, &options->common, table.command, status))
        return false;
    finalize(options);
    return true;
}

void diff_options_free(struct diff_options *options)
{
    free(options->key_bytes);
    common_options_free(&options->common);
}
