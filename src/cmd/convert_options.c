/* SPDX-License-Identifier: MIT */
/* The options of `convert`: the table, what is filled in, and what makes no sense together. */
#include "convert_options.h"
#include "message.h"
#include "options.h"
#include "status.h"
#include "terminal.h"
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { UNTOLD = -1 }; /* of a choice */

static const struct option_choice kinds[] = {
    {"aof", TO_AOF}, {"aof-dir", TO_AOF_DIR}, {"rdb", TO_RDB}, {"jsonl", TO_JSONL}, {NULL, 0}};
static const struct option_choice bases[] = {{"rdb", RF_BASE_RDB}, {"aof", RF_BASE_AOF}, {NULL, 0}};
static const struct option_choice binaries[] = {
    {"escape", RF_JSON_ESCAPE}, {"base64", RF_JSON_BASE64}, {NULL, 0}};

#define AT(member) .offset = offsetof(struct convert_options, member)

/* clang-format off */
static const struct option_row rows[] = {
    {OPTION_HEADING, .help = "Output"},
    {OPTION_STRING, 'o', "output", "OUT", "where to write; '-' is stdout", AT(output)},
    {OPTION_CHOICE, 0, "to", "KIND",
     "aof, aof-dir, rdb or jsonl; left out, OUT's name\ntells: .aof, .rdb, .jsonl, or a directory; .gz or\n"
     ".lz4 behind it compresses", AT(to), .choices = kinds},
    {OPTION_CHOICE, 0, "base", "KIND", "aof-dir: the base file as rdb (default) or aof", AT(base),
     .choices = bases},
    {OPTION_STRING, 0, "appendfilename", "NAME",
     "aof-dir: the server's setting of that name\n(appendonly.aof)", AT(appendfilename)},
    {OPTION_FLAG, 0, "preamble", .help = "aof: begin the file with an RDB", AT(preamble)},
    {OPTION_CHOICE, 0, "binary", "HOW",
     "jsonl: bytes that are no UTF-8 as escape (default),\n\\u0080 to \\u00ff, or as base64, which is exact",
     AT(binary), .choices = binaries},
    {OPTION_FLAG, 0, "force", .help = "replace what is there; write data to a terminal", AT(force)},
    {OPTION_FLAG, 0, "check",
     .help = "look into every value, also those that are only\ncopied into an RDB, and for keys that occur twice", AT(check)},
    {OPTION_HEADING, .help = "Target"},
    {OPTION_SERVER, 0, "target-version", "VERSION",
     "the server that is to read OUT, such as 6.2 or\nvalkey-9.0; left out, the one that wrote the input", AT(target)},
    {OPTION_FLAG, 0, "restore", .help = "write all keys but strings as RESTORE", AT(restore)},
    {OPTION_FLAG, 0, "drop-unsupported", .help = "leave out what the target has no way to say", AT(drop_unsupported)},
    {OPTION_HEADING, .help = "Messages"},
    COMMON_ROWS(struct convert_options),
};
/* clang-format on */

static const struct option_table table = {
    .command = "convert",
    .operands = "INPUT... -o OUT [OPTION]...",
    .about = "Reads RDB files, AOF files and AOF directories, the files plain, gzip or lz4, and\n"
             "writes one output. Several inputs are one data set; '-' is stdin.",
    .rows = rows,
    .count = sizeof rows / sizeof *rows,
};

/* --- what makes no sense ---------------------------------------------------------------------------- */

__attribute__((format(printf, 1, 2))) static bool wrong(const char *format, ...)
{
    va_list args;
    char text[4096 + 256];

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    message_usage(table.command, "%s", text);
    return false;
}

static bool settle_kind(struct convert_options *options)
{
    if (is_dash(options->output) && (!options->to || options->to == TO_AOF_DIR))
        return wrong("stdout needs --to aof, rdb or jsonl");
    if (!options->to)
        options->to = (int)destination_kind_of(options->output);
    if (!options->to)
        return wrong("the name '%s' does not tell what to write: say --to aof, aof-dir, rdb or jsonl",
                     options->output);
    return true;
}

/* Options that one kind alone has, and those that JSON lines, which are for no server, do not have. */
static bool check_kind(const struct convert_options *options)
{
    const bool aof = options->to == TO_AOF, dir = options->to == TO_AOF_DIR, jsonl = options->to == TO_JSONL;
    const struct {
        bool given, fits;
        const char *message;
    } rules[] = {
        {options->base != UNTOLD, dir, "--base is for --to aof-dir"},
        {options->appendfilename != NULL, dir, "--appendfilename is for --to aof-dir"},
        {options->preamble, aof, "--preamble is for --to aof"},
        {options->binary != UNTOLD, jsonl, "--binary is for --to jsonl"},
        {options->target.major > 0, !jsonl, "--target-version is not for --to jsonl"},
        {options->restore, !jsonl, "--restore is not for --to jsonl"},
        {options->drop_unsupported, !jsonl, "--drop-unsupported is not for --to jsonl"},
    };

    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (rules[i].given && !rules[i].fits)
            return wrong("%s", rules[i].message);
    return true;
}

rf_server convert_options_floor(const struct convert_options *options)
{
    if (options->to == TO_AOF_DIR)
        return (rf_server){RF_REDIS, 7, 0};
    if (options->to == TO_AOF)
        return options->preamble ? (rf_server){RF_REDIS, 4, 0} : (rf_server){RF_REDIS, 2, 8};
    return (rf_server){0};
}

static bool check_target(const struct convert_options *options)
{
    rf_server floor = convert_options_floor(options);

    if (options->target.major == 0 || rf_server_at_least(options->target, floor))
        return true;
    return wrong("this kind of output needs --target-version %d.%d or newer", floor.major, floor.minor);
}

static bool check_stdout(const struct convert_options *options)
{
    if (!is_dash(options->output))
        return true;
    if (is_dash(options->common.report))
        return wrong("data and report cannot both go to stdout");
    if (!options->force && terminal_at(STDOUT_FILENO))
        return wrong("stdout is a terminal: no data is written to it without --force");
    return true;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
    return S_ISREG(a->st_mode) && a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static bool stat_output(const char *path, struct stat *found)
{
    return (is_dash(path) ? fstat(STDOUT_FILENO, found) : stat(path, found)) == 0;
}

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* Two names of one file, be it there or not. */
static bool same_place(const char *a, const char *b)
{
    struct stat of_a, of_b;

    if (stat_output(a, &of_a) && stat_output(b, &of_b))
        return same_file(&of_a, &of_b);
    return strcmp(last_part(a), last_part(b)) == 0 && stat_directory(a, &of_a) && stat_directory(b, &of_b) &&
           of_a.st_dev == of_b.st_dev && of_a.st_ino == of_b.st_ino;
}

/* No input may lie in an AOF directory that is written, of which the old files go. */
static bool check_clash_inside(const struct convert_options *options)
{
    struct stat written, read;

    if (options->to != TO_AOF_DIR || stat(options->output, &written) != 0)
        return true;
    for (size_t i = 0; i < options->common.inputs.count; i++)
        if (!is_dash(options->common.inputs.paths[i]) &&
            stat_directory(options->common.inputs.paths[i], &read) && written.st_dev == read.st_dev &&
            written.st_ino == read.st_ino)
            return wrong("input '%s' lies in the output '%s'", options->common.inputs.paths[i],
                         options->output);
    return true;
}

static bool check_files(const struct convert_options *options)
{
    const char *report = options->common.report;

    if (!inputs_differ_from(&options->common, options->output, "the output", table.command) ||
        !check_clash_inside(options))
        return false;
    if (report && same_place(report, options->output))
        return wrong("'%s' is both the output and the report", report);
    return true;
}

bool convert_options_read(int argc, char **argv, struct convert_options *options, int *status)
{
    int first;

    *options = (struct convert_options){.base = UNTOLD, .binary = UNTOLD};
    if (!options_parse(&table, argc, argv, options, &first, status))
        return false;
    *status = STATUS_USAGE;
    if (first == argc)
        return wrong("no input");
    if (!options->output || !*options->output)
        return wrong("no output: say -o OUT");
    if (!settle_kind(options) || !check_kind(options) || !check_target(options) || !check_stdout(options))
        return false;
    if (!common_options_read(&options->common, table.command, argv + first, argc - first, status) ||
        !check_files(options))
        return false;
    if (options->base == UNTOLD)
        options->base = RF_BASE_RDB;
    if (options->binary == UNTOLD)
        options->binary = RF_JSON_ESCAPE;
    if (!options->appendfilename)
        options->appendfilename = "appendonly.aof";
    return true;
}
