/* SPDX-License-Identifier: MIT */
/* The options of `verify`: the table, defaults and invalid combinations. */
#include "cmd/verify/verify_options.h"
#include "base/fail.h"
#include "cmd/compare/differences.h"
#include "cmd/options/url_guard.h"
#include "cmd/run/files.h"
#include "cmd/term/message.h"
#include "cmd/term/status.h"
#include <string.h>

static rf_code opt_digest(const struct option_row *row, const char *argument, void *into, rf_error *error)
{
    static const char *const kinds[] = {[DIGEST_XXH3] = "xxh3", [DIGEST_SHA256] = "sha256"};
    (void)row;
    int *digest = into;
    for (*digest = DIGEST_XXH3; *digest <= DIGEST_SHA256; ++*digest)
        if (!argument || strcmp(argument, kinds[*digest]) == 0)
            return RF_OK;
    return fail(error, RF_E_ARGUMENT, "'%s' is not a digest: use xxh3 or sha256", argument);
}

#define AT(member) .offset = offsetof(struct verify_options, member)

/* clang-format off */
static const struct option_row rows[] = {
    {OPTION_HEADING, .help = "Checks"},
    {OPTION_FLAG, 0, "strict", .help =
     "treat warnings as faults; look for duplicate keys\n"
     "within one input as well; list extra keys of a live\n"
     "target", AT(strict)},
    {OPTION_SERVER, 0, "target-version", "VERSION",
     "treat values and commands that this server does not\n"
     "support as faults", AT(reads)},
    {OPTION_HANDLER, 0, "digest", "KIND",
     "print the digest and the number of keys instead of\n"
     "the result, unless a check fails; KIND: xxh3 (detects\n"
     "accidental changes) or sha256 (slow, resists forgery)\n"
     "(xxh3)", .handle = opt_digest, .optional = true,
     AT(digest)},
    {OPTION_HEADING, .help = "Comparison"},
    {OPTION_STRING, 0, "against", "INPUT|URL", "compare with this input or live target", AT(against)},
    {OPTION_DURATION, 0, "ttl-tolerance", "DURATION", "treat expiries that differ by up to this as equal (0)",
     AT(ttl_tolerance_ms)},
    {OPTION_SIZE, 0, "memory", "SIZE",
     "memory for the comparison; beyond it, temporary files\n"
     "in $TMPDIR (512M, or a quarter of the memory limit)", AT(memory)},
    {OPTION_HEADING, .help = "Speed"},
    {OPTION_COUNT, 0, "threads", "N", "threads that check keys (as many as there are\nprocessors)",
     AT(common.threads), .most = THREADS_MOST},
    {OPTION_HEADING, .help = "Connection to a live target"},
    {OPTION_INCLUDE, .include = target_rows, AT(target_options)},
    {OPTION_HEADING, .help = "Expectations"},
    {OPTION_INCLUDE, .include = expectation_rows, AT(expectations)},
    {OPTION_INCLUDE, .include = filter_rows, AT(common.keys)},
    {OPTION_INCLUDE, .include = rewrite_rows, AT(common.keys)},
    {OPTION_INCLUDE, .include = log_input_rows, AT(common.log)},
    {OPTION_INCLUDE, .include = source_rows, AT(common.source)},
    {OPTION_HEADING, .help = "Messages"},
    {OPTION_COUNT, 0, "limit", "N", "show at most N faults and differences; 0: all (50)", AT(limit)},
    {OPTION_STRING, 0, "junit", "FILE", "write a JUnit report; '-' is stdout", AT(junit)},
    {OPTION_INCLUDE, .include = common_rows, AT(common)},
    {.kind = OPTION_END},
};
/* clang-format on */

static const char *const examples[] = {
    "dump.rdb.gz --min-keys 100000 --max-age 26h",
    "shards/*.rdb --against dump.rdb",
    "dump.rdb --against redis+cluster://10.0.0.5:6379 --strict",
    NULL,
};

static const struct option_table table = {
    .command = "verify",
    .operands = "INPUT... [OPTION]...",
    .about = "Reads the inputs to the end, checks every value, and reports what is wrong.\n"
             "Several inputs form one data set; '-' is stdin.\n"
             "Exit status 0: all checks passed; 1: a check failed.",
    .examples = examples,
    .rows = rows,
};
const struct option_table *const verify_options_table = &table;

static bool check(const struct verify_options *options)
{
    const struct common_options *common = &options->common;
    if (common->report && options->junit && strcmp(common->report, options->junit) == 0)
        return message_usage(table.command, "--report and --junit need different files");
    const char *of_files = expectations_of_files(&options->expectations);
    if (common->log.server && of_files)
        return message_usage(table.command, "%s is about files, and cannot be combined with --server",
                             of_files);
    if (!options->against && options->ttl_tolerance_ms > 0)
        return message_usage(table.command, "--ttl-tolerance requires --against");
    if (options->strict && options->against_target &&
        !rf_rewrite_can_cover(common->keys.rewrite, common->keys.filter))
        return message_usage(
            table.command,
            "--strict cannot find extra keys on the target if names are both filtered and rewritten");
    return inputs_use_stdin_once(common, table.command) &&
           inputs_differ_from(common, common->report, "the report", table.command) &&
           inputs_differ_from(common, options->junit, "the report", table.command);
}

static bool read_against(struct verify_options *options, int *status)
{
    bool has_flags = target_options_given(&options->target_options);
    bool is_url = options->against && rf_target_is_url(options->against);

    options->against_target = has_flags || is_url;
    if (options->against && has_flags && !is_url)
        return message_usage(table.command, "--against names an input, but other options name a live target");
    if (!options->against_target)
        return !options->against || common_options_add_apart(&options->common, options->against, status);
    if (!target_options_resolve(&options->target_options, options->against, table.command, &options->target,
                                status))
        return false;
    options->against = "the target";
    return true;
}

/* The target to compare with is no operand. */
static bool lacks_against(const struct verify_options *options, char **operands, int count)
{
    char shown[256];
    if (options->against || count < 2 || !rf_target_is_url(operands[count - 1]) ||
        rf_target_is_url(operands[count - 2]))
        return false;
    message_usage(table.command, "a live target follows --against; did you mean '--against %s'?",
                  url_shown(operands[count - 1], shown, sizeof shown));
    return true;
}

bool verify_options_read(int argc, char **argv, struct verify_options *options, int *status)
{
    int first;
    *options = (struct verify_options){.limit = DIFFERENCES_SHOWN,
                                       .common = {.keep_failed = true, .log = LOG_OPTIONS}};
    if (!options_parse(&table, argc, argv, options, &first, status))
        return false;
    *status = STATUS_USAGE;
    if (lacks_against(options, argv + first, argc - first))
        return false;
    *status = STATUS_OUTPUT;
    if (!save_check(options->junit, "the report") ||
        !common_options_read(&options->common, table.command, argv + first, argc - first, status))
        return false;
    *status = STATUS_USAGE;
    return read_against(options, status) && check(options);
}

void verify_options_free(struct verify_options *options)
{
    common_options_free(&options->common);
    target_options_free(&options->target_options);
    rf_target_free(&options->target);
}
