/* SPDX-License-Identifier: MIT */
/* The options of `replay`: the table, which operand is the target, and what makes no sense together. */
#include "replay_options.h"
#include "message.h"
#include "parse.h"
#include "replay_verify.h"
#include "status.h"
#include "url_guard.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { CONNECTIONS = 2, CONNECTIONS_MOST = 64 };

const struct option_choice exists_choices[] = {
    {"fail", RF_ON_EXISTS_FAIL}, {"skip", RF_ON_EXISTS_SKIP}, {"replace", RF_ON_EXISTS_REPLACE}, {NULL, 0}};
const struct option_choice mode_choices[] = {
    {"auto", RF_REPLAY_AUTO}, {"restore", RF_REPLAY_RESTORE}, {"commands", RF_REPLAY_COMMANDS}, {NULL, 0}};

/* "50MB/s", also without its end. */
static rf_code take_rate(const char *argument, void *into, rf_error *error)
{
    size_t length = strlen(argument);
    char size[32];
    uint64_t rate;

    (void)error;
    if (length > 2 && strcmp(argument + length - 2, "/s") == 0)
        length -= 2;
    if (length >= sizeof size)
        return RF_E_ARGUMENT;
    snprintf(size, sizeof size, "%.*s", (int)length, argument);
    if (!parse_size(size, &rate) || rate == 0)
        return RF_E_ARGUMENT;
    *(uint64_t *)into = rate;
    return RF_OK;
}

#define AT(member) .offset = offsetof(struct replay_options, member)

/* clang-format off */
static const struct option_row rows[] = {
    {OPTION_HEADING, .help = "Writing"},
    {OPTION_CHOICE, 0, "on-exists", "POLICY", "keys that the target has already: fail (default),\nskip or replace", AT(on_exists),
     .choices = exists_choices},
    {OPTION_CHOICE, 0, "mode", "HOW", "auto (default): RESTORE where that is cheaper and the\ntarget reads it; restore; commands", AT(mode),
     .choices = mode_choices},
    {OPTION_SIZE, 0, "big-key", "SIZE", "values from this on are written bit by bit (1M)", AT(big_key)},
    {OPTION_COUNT, 0, "connections", "N", "to each node (2)", AT(connections), .most = CONNECTIONS_MOST},
    {OPTION_HANDLER, 0, "rate", "SIZE/s", "write no faster than this: 50MB/s", AT(rate), .handle = take_rate},
    {OPTION_DURATION, 0, "retry-for", "DURATION", "for how long trouble that passes may last (60s)", AT(retry_for_ms)},
    {OPTION_FLAG, 0, "drop-detail", .help = DROP_DETAIL_HELP, AT(drop_detail)},
    {OPTION_FLAG, 0, "fail-fast", .help = "the first key that is refused ends the run", AT(fail_fast)},
    {OPTION_STRING, 0, "dead-letter", "FILE", "write the keys that are refused there, as commands", AT(dead_letter)},
    {OPTION_FLAG, 0, "dry-run", .help = "write nothing, say what stands against it", AT(dry_run)},
    {OPTION_FLAG, 0, "verify", .help = "in the end, compare the target with the inputs", AT(verify)},
    {OPTION_HEADING, .help = "Going on after an end before the end"},
    {OPTION_STRING, 0, "checkpoint", "FILE", "keep there how far it is", AT(checkpoint)},
    {OPTION_FLAG, 0, "resume", .help = "go on where the checkpoint says; without one, begin", AT(resume)},
    {OPTION_HEADING, .help = "Reaching the target"},
    TARGET_ROWS(struct replay_options),
    {OPTION_SERVER, 0, "target-version", "VERSION", "the target's version, instead of what it says", AT(target_version)},
    FILTER_ROWS(struct replay_options),
    REWRITE_ROWS(struct replay_options),
    COLLISION_ROWS(struct replay_options),
    {OPTION_HEADING, .help = "Messages"},
    {OPTION_STRING, 0, "metrics-file", "FILE", "keep numbers there for Prometheus, each second", AT(metrics_file)},
    COMMON_ROWS(struct replay_options),
};
/* clang-format on */

static const struct option_table table = {
    .command = "replay",
    .operands = "INPUT... URL [OPTION]...",
    .about = "Reads RDB files, AOF files and AOF directories, the files plain, gzip or lz4, and writes\n"
             "their keys into a live server, a Sentinel-watched primary or a Cluster. Several inputs\n"
             "are one data set; '-' is stdin.",
    .rows = rows,
    .count = sizeof rows / sizeof *rows,
};

static bool wrong(const char *text)
{
    message_usage(table.command, "%s", text);
    return false;
}

/* --- the target --------------------------------------------------------------------------------------- */

/* Which database a key comes into, the key says. */
static bool names_no_db(const rf_target *target)
{
    if (target->db == 0)
        return true;
    message_usage(table.command,
                  "keys keep their databases: leave out the target's, and say --map-db 0=%" PRId64
                  " for those of database 0 to go there",
                  target->db);
    return false;
}

/* "no target", and what was meant to be one. It may hold a password, so only its scheme is repeated. */
static bool lacks_target(char **operands, int count)
{
    for (int i = 0; i < count; i++) {
        if (rf_target_is_url(operands[i])) {
            message_usage(table.command,
                          "no target: '%.*s://...' has to stand behind the inputs, and to be one word",
                          (int)strcspn(operands[i], ":"), operands[i]);
            return false;
        }
        if (!url_guard(operands[i], URL_NOT_READ, "no target", table.command))
            return false;
    }
    return wrong("no target: say its URL behind the inputs, such as redis://10.0.0.5:6379");
}

/* The last operand, unless redis-cli's options say it all. */
static bool read_target(struct replay_options *options, char **operands, int *count, int *status)
{
    const char *url = *count > 0 && rf_target_is_url(operands[*count - 1]) ? operands[*count - 1] : NULL;

    *count -= url != NULL;
    if (!url && !target_options_given(&options->target_options))
        return lacks_target(operands, *count);
    if (!target_options_resolve(&options->target_options, url, table.command, &options->target, status))
        return false;
    *status = STATUS_USAGE;
    options->target.server = options->target_version;
    rf_target_format(&options->target, options->target_name, sizeof options->target_name);
    return names_no_db(&options->target);
}

/* --- files -------------------------------------------------------------------------------------------- */

/* What is written besides, each into a file of its own. */
static bool check_files(const struct replay_options *options)
{
    const struct {
        const char *path, *what;
    } files[] = {{options->common.report, "the report"},
                 {options->checkpoint, "the checkpoint"},
                 {options->dead_letter, "the dead letters"},
                 {options->metrics_file, "the metrics file"}};

    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        if (i > 0 && (is_dash(files[i].path) || (files[i].path && !*files[i].path)))
            return wrong("a checkpoint, dead letters and metrics need a file");
        if (!inputs_differ_from(&options->common, files[i].path, files[i].what, table.command))
            return false;
        for (size_t j = 0; j < i; j++) {
            if (files[i].path && files[j].path && same_place(files[i].path, files[j].path)) {
                message_usage(table.command, "'%s' is both %s and %s", files[i].path, files[j].what,
                              files[i].what);
                return false;
            }
        }
    }
    return true;
}

/* Nothing is written to a target, so there is nothing to keep. */
static bool check_dry_run(const struct replay_options *options)
{
    const struct {
        bool given;
        const char *option;
    } useless[] = {{options->verify, "--verify"},           {options->checkpoint, "--checkpoint"},
                   {options->dead_letter, "--dead-letter"}, {options->metrics_file, "--metrics-file"},
                   {options->rate > 0, "--rate"},           {options->fail_fast, "--fail-fast"}};

    for (size_t i = 0; options->dry_run && i < sizeof useless / sizeof *useless; i++) {
        if (!useless[i].given)
            continue;
        message_usage(table.command, "--dry-run writes nothing: leave %s out", useless[i].option);
        return false;
    }
    return true;
}

static bool check(const struct replay_options *options)
{
    if (options->connections == 0)
        return wrong("--connections takes at least 1");
    if (options->resume && !options->checkpoint)
        return wrong("--resume is for --checkpoint, which says where");
    return check_dry_run(options);
}

bool replay_options_read(int argc, char **argv, struct replay_options *options, int *status)
{
    int first, count;

    *options = (struct replay_options){.written = WRITTEN_OPTIONS, .connections = CONNECTIONS};
    if (!options_parse(&table, argc, argv, options, &first, status))
        return false;
    *status = STATUS_USAGE;
    if (!written_options_settle(&options->written, table.command))
        return false;
    if (options->written.explain_key)
        return key_options_settle(&options->common.keys, table.command);
    count = argc - first;
    return check(options) && read_target(options, argv + first, &count, status) &&
           common_options_read(&options->common, table.command, argv + first, count, status) &&
           (*status = STATUS_USAGE, check_files(options)) &&
           (!options->verify || replay_verify_possible(&options->common, table.command));
}

void replay_options_free(struct replay_options *options)
{
    common_options_free(&options->common);
    target_options_free(&options->target_options);
    rf_target_free(&options->target);
}
