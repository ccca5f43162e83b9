/* SPDX-License-Identifier: MIT */
/* The options of `diff`: the table, what is filled in, and what makes no sense together. */
#include "diff_options.h"
#include "differences.h"
#include "message.h"
#include "show.h"
#include "status.h"
#include <stdlib.h>
#include <string.h>

#define UNTOLD UINT64_MAX

#define AT(member) .offset = offsetof(struct diff_options, member)

/* clang-format off */
static const struct option_row rows[] = {
    {OPTION_HEADING, .help = "What is compared"},
    {OPTION_DURATION, 0, "ttl-tolerance", "DURATION", "expiries no further apart than this are equal (0)",
     AT(ttl_tolerance_ms)},
    {OPTION_SIZE, 0, "memory", "SIZE", "for telling keys apart (512M); beyond it, files in\n$TMPDIR", AT(memory)},
    {OPTION_HEADING, .help = "One key"},
    {OPTION_STRING, 0, "explain", "KEY", "show which elements of this key differ; it may have\n\\xNN for a byte",
     AT(explain)},
    {OPTION_COUNT, 0, "explain-db", "N", "the database it is in (0)", AT(db), .most = INT32_MAX},
    {OPTION_HEADING, .help = "Output"},
    {OPTION_COUNT, 0, "limit", "N", "show so many differences; 0 is all (50, all with\n--jsonl)", AT(limit)},
    {OPTION_FLAG, 0, "jsonl", .help = "each difference as a JSON object on a line", AT(jsonl)},
    FILTER_ROWS(struct diff_options),
    REWRITE_ROWS(struct diff_options),
    {OPTION_HEADING, .help = "Messages"},
    COMMON_ROWS(struct diff_options),
};
/* clang-format on */

static const struct option_table table = {
    .command = "diff",
    .operands = "BEFORE AFTER [OPTION]...",
    .about = "Compares two data sets, key by key: what they hold, not how it is stored. Each is an RDB\n"
             "file or an AOF directory without commands, the files plain, gzip or lz4; '-' is stdin.\n"
             "Exit code 0: they are the same; 1: they differ.\n"
             "\n"
             "  + only in AFTER    - only in BEFORE    ~ in both, not the same    = twice in one",
    .rows = rows,
    .count = sizeof rows / sizeof *rows,
};

static bool wrong(const char *text)
{
    message_usage(table.command, "%s", text);
    return false;
}

static bool check(const struct diff_options *options)
{
    const struct common_options *common = &options->common;

    if (is_dash(common->report))
        return wrong("differences and report cannot both go to stdout");
    if (!options->explain && options->db != UNTOLD)
        return wrong("--explain-db is for --explain");
    if (!options->explain)
        return true;
    if (options->jsonl)
        return wrong("--explain has no --jsonl");
    if (common->report)
        return wrong("--explain has no --report");
    if (common->keys.expired != RF_EXPIRED_KEEP || !rf_filter_takes_all(common->keys.filter) ||
        common->keys.rewrite || options->ttl_tolerance_ms > 0)
        return wrong("--explain takes a key as it is, not chosen, rewritten or with --ttl-tolerance");
    return true;
}

static void settle(struct diff_options *options)
{
    if (options->limit == UNTOLD)
        options->limit = options->jsonl ? 0 : DIFFERENCES_SHOWN;
    if (options->db == UNTOLD)
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

    *options = (struct diff_options){.limit = UNTOLD, .db = UNTOLD};
    if (!options_parse(&table, argc, argv, options, &first, status))
        return false;
    *status = STATUS_USAGE;
    if (argc - first != 2)
        return wrong("two inputs are compared: BEFORE and AFTER");
    if (!common_options_read(&options->common, table.command, argv + first, argc - first, status))
        return false;
    *status = STATUS_USAGE;
    if (!check(options) || !read_key(options, status))
        return false;
    settle(options);
    options->before_count = options->common.of_first_operand;
    return true;
}

void diff_options_free(struct diff_options *options)
{
    free(options->key_bytes);
    common_options_free(&options->common);
}
