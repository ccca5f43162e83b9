/* SPDX-License-Identifier: MIT */
/* The options of `convert`: the table, defaults and invalid combinations. */
#include "cmd/convert/convert_options.h"
#include "cmd/options/options.h"
#include "cmd/options/suggest.h"
#include "cmd/term/message.h"
#include "cmd/term/status.h"
#include "cmd/term/terminal.h"
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct option_choice kinds[] = {
    {"aof", TO_AOF}, {"aof-dir", TO_AOF_DIR}, {"rdb", TO_RDB}, {"jsonl", TO_JSONL}, {NULL, 0}};

#define AT(member) .offset = offsetof(struct convert_options, member)

/* clang-format off */
static const struct option_row rows[] = {
    {OPTION_HEADING, .help = "Output"},
    {OPTION_STRING, 'o', "output", "OUT", "output file or directory; '-' is stdout", AT(output)},
    {OPTION_CHOICE, 0, "to", "KIND",
     "aof, aof-dir, rdb or jsonl; a name that ends in .gz,\n.lz4 or .zst is compressed (default: by OUT's name: .aof,\n"
     ".rdb, .jsonl or a directory)", AT(written.to), .choices = kinds},
    {OPTION_FLAG, 0, "preamble", .help = "aof: start the file with an RDB preamble", AT(written.preamble)},
    {OPTION_INCLUDE, .include = format_rows, AT(written)},
    {OPTION_FLAG, 0, "force", .help = "replace an existing output; write data to a terminal", AT(written.force)},
    {OPTION_INCLUDE, .include = existing_rows, AT(written)},
    {OPTION_INCLUDE, .include = thread_rows, AT(common)},
    {OPTION_INCLUDE, .include = reader_rows, AT(written)},
    {OPTION_INCLUDE, .include = filter_rows, AT(common.keys)},
    {OPTION_INCLUDE, .include = rewrite_rows, AT(common.keys)},
    {OPTION_INCLUDE, .include = collision_rows, AT(written)},
    {OPTION_INCLUDE, .include = log_rows, AT(common.log)},
    {OPTION_INCLUDE, .include = source_rows, AT(common.source)},
    {OPTION_HEADING, .help = "Messages"},
    {OPTION_INCLUDE, .include = common_rows, AT(common)},
    {.kind = OPTION_END},
};
/* clang-format on */

static const char *const examples[] = {
    "dump.rdb -o appendonlydir",
    "node1.rdb node2.rdb -o all.rdb --target-version 6.2",
    "appendonlydir -o - --to jsonl -d 0 -k 'user:*'",
    NULL,
};

static const struct option_table table = {
    .command = "convert",
    .operands = "INPUT... -o OUT [OPTION]...",
    .about = "Converts RDB files, AOF files and AOF directories, plain or compressed with\n"
             "gzip, lz4 or zstd, to one output. Several inputs form one data set; '-' is\n"
             "stdin.",
    .examples = examples,
    .rows = rows,
};
const struct option_table *const convert_options_table = &table;

/* --- checks ------------------------------------------------------------------------------------------- */

static bool infer_kind(struct convert_options *options)
{
    int *to = &options->written.to;
    if (is_dash(options->output) && (!*to || *to == TO_AOF_DIR))
        return message_usage(table.command, "output to stdout requires --to aof, rdb or jsonl");
    if (!*to)
        *to = (int)output_kind_of(options->output);
    if (!*to)
        return message_usage(table.command,
                             "cannot infer the output format from '%s'; use --to aof, aof-dir, rdb or jsonl",
                             options->output);
    return true;
}

static bool check_stdout(const struct convert_options *options)
{
    if (!is_dash(options->output))
        return true;
    if (options->written.if_missing)
        return message_usage(table.command, "--if-missing cannot be combined with output to stdout");
    if (is_dash(options->common.report))
        return message_usage(table.command, "data and report cannot both go to stdout");
    if (!options->written.force && terminal_at(STDOUT_FILENO))
        return message_usage(table.command, "refusing to write data to a terminal; use --force");
    return true;
}

/* No input may be inside an AOF directory that is written: its old files are removed. */
static bool check_clash_inside(const struct convert_options *options)
{
    struct stat written, read;
    if (options->written.to != TO_AOF_DIR || stat(options->output, &written) != 0)
        return true;
    for (size_t i = 0; i < options->common.inputs.count; i++)
        if (!is_dash(options->common.inputs.paths[i]) &&
            stat_directory(options->common.inputs.paths[i], &read) && written.st_dev == read.st_dev &&
            written.st_ino == read.st_ino)
            return message_usage(table.command, "input '%s' is inside the output '%s'",
                                 options->common.inputs.paths[i], options->output);
    return true;
}

static bool check_files(const struct convert_options *options)
{
    const char *report = options->common.report;
    if (!inputs_differ_from(&options->common, options->output, "the output", table.command) ||
        !check_clash_inside(options))
        return false;
    if (report && same_path(report, options->output))
        return message_usage(table.command, "'%s' is both the output and the report", report);
    return true;
}

static bool is_done(const struct convert_options *options)
{
    const struct output_options *written = &options->written;
    bool exists = written->if_missing &&
                  rf_output_exists(output_sink_kind(written->to), options->output, written->appendfilename);
    return output_options_is_done(written, exists, options->output, options->common.quiet);
}

/* With --explain-key nothing is read or written. */
static bool read_for_explanation(struct convert_options *options, int *status)
{
    *status = STATUS_USAGE;
    return (!options->output || infer_kind(options)) &&
           (!options->written.to || output_options_finalize(&options->written, table.command)) &&
           key_options_finalize(&options->common.keys, table.command);
}

bool convert_options_read(int argc, char **argv, struct convert_options *options, int *status)
{
    int first;
    char hint[HINT];
    *options = (struct convert_options){.common.log = LOG_OPTIONS, .written = OUTPUT_OPTIONS};
    if (!options_parse(&table, argc, argv, options, &first, status))
        return false;
    if (options->written.explain_key)
        return read_for_explanation(options, status);
    *status = STATUS_USAGE;
    if (first == argc)
        return message_usage(table.command, "missing INPUT");
    if (!options->output || !*options->output)
        return message_usage(table.command, "missing -o OUT%s",
                             suggest_output(argv + first, argc - first, hint));
    if (!infer_kind(options) || !output_options_finalize(&options->written, table.command) ||
        !check_stdout(options))
        return false;
    if (is_done(options)) {
        *status = STATUS_DONE;
        return false;
    }
    return common_options_read(&options->common, table.command, argv + first, argc - first, status) &&
           check_files(options);
}
