/* SPDX-License-Identifier: MIT */
/* The options of `replay`: the table, the target URL, and checks of invalid combinations. */
#include "cmd/replay/replay_options.h"
#include "base/fail.h"
#include "cmd/options/parse.h"
#include "cmd/options/url_guard.h"
#include "cmd/replay/replay_verify.h"
#include "cmd/term/message.h"
#include "cmd/term/status.h"
#include <inttypes.h>
#include <rdbferry/snapshot.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { CONNECTIONS = 2, CONNECTIONS_MOST = 64, ON_EXISTS_UNSET = -1 };

const struct option_choice exists_choices[] = {
    {"fail", RF_ON_EXISTS_FAIL}, {"skip", RF_ON_EXISTS_SKIP}, {"replace", RF_ON_EXISTS_REPLACE}, {NULL, 0}};
static const struct option_choice unsplittable_choices[] = {
    {"fail", false}, {"skip-and-report", true}, {NULL, 0}};
static const struct option_choice mode_choices[] = {
    {"auto", RF_REPLAY_AUTO}, {"restore", RF_REPLAY_RESTORE}, {"commands", RF_REPLAY_COMMANDS}, {NULL, 0}};

#define AT(member) .offset = offsetof(struct replay_options, member)

/* clang-format off */
static const struct option_row rows[] = {
    {OPTION_HEADING, .help = "Writing"},
    {OPTION_CHOICE, 0, "on-exists", "POLICY",
     "what to do with keys that already exist: fail,\n"
     "skip or replace (fail)", AT(on_exists),
     .choices = exists_choices},
    {OPTION_STRING, 0, "since", "FIRST",
     "write only what has changed since the snapshot FIRST,\n"
     "which the target holds; delete what is gone", AT(since)},
    {OPTION_FLAG, 0, "delete-extra",
     .help = "delete keys that are not in the inputs, among those\n"
             "that the filters choose", AT(delete_extra)},
    {OPTION_FLAG, 0, "force-delete", .help = "even if these are more than half of the target's keys",
     AT(force_delete)},
    {OPTION_CHOICE, 0, "mode", "HOW",
     "restore, commands, or auto: RESTORE where cheaper\n"
     "and supported (auto)", AT(mode),
     .choices = mode_choices},
    {OPTION_SIZE, 0, "big-key", "SIZE", "write values of SIZE or more in chunks (1M)", AT(big_key)},
    {OPTION_COUNT, 0, "connections", "N", "connections per node (2)", AT(connections),
     .most = CONNECTIONS_MOST},
    {OPTION_HANDLER, 0, "rate", "SIZE/s", "limit the write rate: 50MB/s", AT(rate), .handle = opt_rate},
    {OPTION_FLAG, 0, "drop-detail", .help = DROP_DETAIL_HELP, AT(drop_detail)},
    {OPTION_FLAG, 0, "no-transactions",
     .help = "write AOF commands without MULTI: after a lost\n"
             "connection it is unknown which were executed", AT(no_transactions)},
    {OPTION_CHOICE, 0, "on-unsplittable", "POLICY",
     "what to do with commands that the target cannot take,\n"
     "such as those of keys of several slots: fail, or\n"
     "skip-and-report (fail)", AT(skip_unsplittable),
     .choices = unsplittable_choices},
    {OPTION_FLAG, 0, "fail-fast", .help = "stop at the first entry that cannot be written", AT(fail_fast)},
    {OPTION_STRING, 0, "dead-letter", "FILE", "save entries that cannot be written, as commands",
     AT(dead_letter)},
    {OPTION_FLAG, 0, "dry-run", .help = "preflight check: report problems, write nothing", AT(dry_run)},
    {OPTION_FLAG, 0, "verify", .help = "afterwards, compare the target with the inputs", AT(verify)},
    {OPTION_HEADING, .help = "Resuming"},
    {OPTION_STRING, 0, "checkpoint", "FILE", "save progress to FILE", AT(checkpoint)},
    {OPTION_FLAG, 0, "resume", .help = "resume from the checkpoint, or start if there is none", AT(resume)},
    {OPTION_HEADING, .help = "Following a live source"},
    {OPTION_FLAG, 0, "follow", .help = "after the snapshot, write what the source goes on writing",
     AT(follow)},
    {OPTION_HANDLER, 0, "exit-when-in-step", "DURATION",
     "end when the target has been in step with the source\n"
     "for this long", AT(exit_when_in_step_ms), .handle = opt_retry_for},
    {OPTION_DURATION, 0, "cutover", "DURATION",
     "when in step, pause the writes at the source for at\n"
     "most DURATION, write the rest, compare, and end", AT(cutover_ms)},
    {OPTION_STRING, 0, "cutover-command", "COMMAND", "then run COMMAND, which switches the clients",
     AT(cutover_command)},
    {OPTION_FLAG, 0, "cutover-unverified", .help = "do not compare source and target before that",
     AT(cutover_unverified)},
    {OPTION_STRING, 0, "spool-dir", "DIR", "keep what is received and not yet written in DIR ($TMPDIR)",
     AT(spool_dir)},
    {OPTION_SIZE, 0, "spool-limit", "SIZE", "do not read the source beyond SIZE, which may make it close the link",
     AT(spool_limit)},
    {OPTION_HEADING, .help = "Connection"},
    {OPTION_INCLUDE, .include = target_rows, AT(target_options)},
    {OPTION_SERVER, 0, "target-version", "VERSION", "target version (default: detected)", AT(target_version)},
    {OPTION_INCLUDE, .include = filter_rows, AT(common.keys)},
    {OPTION_COUNT, 0, "shard-index", "N",
     "with --shards: only the slots of this shard, counted\n"
     "from 0, such as $JOB_COMPLETION_INDEX", AT(shard_index)},
    {OPTION_COUNT, 0, "shards", "N", "number of shards for --shard-index", AT(shards)},
    {OPTION_INCLUDE, .include = rewrite_rows, AT(common.keys)},
    {OPTION_INCLUDE, .include = collision_rows, AT(written)},
    {OPTION_INCLUDE, .include = log_rows, AT(common.log)},
    {OPTION_INCLUDE, .include = source_rows, AT(common.source)},
    {OPTION_HEADING, .help = "Messages"},
    {OPTION_STRING, 0, "metrics-file", "FILE", "write Prometheus metrics to FILE every second",
     AT(metrics_file)},
    {OPTION_INCLUDE, .include = common_rows, AT(common)},
    {.kind = OPTION_END},
};
/* clang-format on */

static const char *const examples[] = {
    "dump.rdb redis://10.0.0.5:6379 --dry-run",
    "dump.rdb redis+cluster://10.0.0.5:6379 --flatten-dbs --verify",
    "dump.rdb redis+sentinel://h/mymaster --checkpoint job --resume",
    "second.rdb redis://10.0.0.5:6379 --since first.rdb",
    NULL,
};

static const struct option_table table = {
    .command = "replay",
    .operands = "INPUT... URL [OPTION]...",
    .about = "Reads RDB files, AOF files and AOF directories, plain or compressed with\n"
             "gzip, lz4 or zstd, and writes their keys to a live server, a primary monitored\n"
             "by Sentinel, or a cluster. Several inputs form one data set; '-' is stdin.",
    .examples = examples,
    .rows = rows,
};
const struct option_table *const replay_options_table = &table;

/* --- the target --------------------------------------------------------------------------------------- */

/* Keys keep their databases, so that the target cannot name one. */
static bool names_no_db(const rf_target *target)
{
    if (target->db == 0)
        return true;
    message_usage(table.command,
                  "the target URL must not select a database; use --map-db 0=%" PRId64
                  " to move the keys of database 0 there",
                  target->db);
    return false;
}

/* Reports that the target URL is missing. An operand that looks like one may hold a password, which is not
 * shown. */
static bool lacks_target(char **operands, int count)
{
    char shown[256];
    for (int i = 0; i < count; i++) {
        if (rf_target_is_url(operands[i]))
            return message_usage(table.command,
                                 "the target URL must be the last argument; did you mean 'rdbferry replay "
                                 "INPUT... %s'?",
                                 url_shown(operands[i], shown, sizeof shown));
        if (!url_guard(operands[i], URL_NOT_READ, "missing target URL", table.command))
            return false;
        if (url_lacks_scheme(operands[i]))
            return message_usage(table.command, "missing target URL; did you mean 'redis://%s'?",
                                 operands[i]);
    }
    return message_usage(table.command, "missing target URL (last argument), e.g. redis://10.0.0.5:6379");
}

/* The target is the last operand, or given by the connection options alone. */
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

/* --- deletions ---------------------------------------------------------------------------------------- */

/* Both make the target equal to the inputs, so that existing keys are replaced. */
static bool finalize_on_exists(struct replay_options *options)
{
    const char *option = options->since ? "--since" : "--delete-extra";
    bool given = options->on_exists != ON_EXISTS_UNSET, deletes = replay_options_deletes(options);
    if (deletes && given && options->on_exists != RF_ON_EXISTS_REPLACE)
        return message_usage(table.command, "%s replaces keys that exist: omit --on-exists", option);
    if (!given)
        options->on_exists = deletes ? RF_ON_EXISTS_REPLACE : RF_ON_EXISTS_FAIL;
    return true;
}

static bool check_deletions(const struct replay_options *options)
{
    if (options->since && options->delete_extra)
        return message_usage(table.command, "--since cannot be combined with --delete-extra");
    if (options->force_delete && !options->delete_extra)
        return message_usage(table.command, "--force-delete requires --delete-extra");
    if (options->since && options->common.keys.shift == SHIFT_AUTO)
        return message_usage(table.command,
                             "--since cannot be combined with --shift-expiry auto, which differs between "
                             "snapshots");
    if (options->since && options->common.keys.expired == RF_EXPIRED_ONLY)
        return message_usage(table.command, "--since cannot be combined with --expired only");
    return true;
}

/* Which names the rules can produce from those that the filters choose must be known. */
static bool can_list_extra(const struct replay_options *options)
{
    const struct key_options *keys = &options->common.keys;
    return !options->delete_extra || rf_rewrite_can_cover(keys->rewrite, keys->filter) ||
           message_usage(table.command,
                         "--delete-extra cannot tell which keys to delete if names are both filtered and "
                         "rewritten");
}

/* The files of the first snapshot are added after the inputs. */
static bool add_since(struct replay_options *options, int *status)
{
    if (!options->since)
        return true;
    return url_guard(options->since, URL_NOT_READ, "the snapshot of --since", table.command) &&
           common_options_add_apart(&options->common, options->since, status);
}

/* The inputs must be regular files if they are read twice. */
static bool can_reread(const struct replay_options *options)
{
    const struct {
        bool given;
        const char *option;
    } rereads[] = {{options->since != NULL, "--since"},
                   {options->delete_extra && !options->dry_run, "--delete-extra"},
                   {options->verify, "--verify"}};
    for (size_t i = 0; i < sizeof rereads / sizeof *rereads; i++)
        if (rereads[i].given && !replay_verify_possible(&options->common, rereads[i].option, table.command))
            return false;
    return true;
}

/* --- files -------------------------------------------------------------------------------------------- */

/* A snapshot that begins again has other data. */
static bool check_checkpoint(const struct replay_options *options)
{
    for (size_t i = 0; options->checkpoint && !options->follow && i < options->common.inputs.count; i++)
        if (rf_files_is_live(&options->common.inputs, i))
            return message_usage(table.command, "--checkpoint requires files as inputs, and not %s",
                                 options->common.inputs.paths[i]);
    return true;
}

/* The output files must all be different. */
static bool check_files(const struct replay_options *options)
{
    const struct {
        const char *path, *what;
    } files[] = {{options->common.report, "the report"},
                 {options->checkpoint, "the checkpoint"},
                 {options->dead_letter, "the dead-letter file"},
                 {options->metrics_file, "the metrics file"}};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        if (i > 0 && (is_dash(files[i].path) || (files[i].path && !*files[i].path)))
            return message_usage(table.command,
                                 "--checkpoint, --dead-letter and --metrics-file require a file name");
        if (!inputs_differ_from(&options->common, files[i].path, files[i].what, table.command))
            return false;
        for (size_t j = 0; j < i; j++) {
            if (files[i].path && files[j].path && same_path(files[i].path, files[j].path)) {
                return message_usage(table.command, "'%s' is both %s and %s", files[i].path, files[j].what,
                                     files[i].what);
            }
        }
    }
    return true;
}

/* A dry run writes nothing to the target, so these options have no effect. */
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
        return message_usage(table.command, "--dry-run cannot be combined with %s", useless[i].option);
    }
    return true;
}

/* What would need data that stay as they are, or a log that ends. */
static bool check_follow(const struct replay_options *options)
{
    const struct log_options *log = &options->common.log;
    const struct {
        bool given;
        const char *option;
    } conflicts[] = {{options->common.source.scan, "--scan"},
                     {options->since != NULL, "--since"},
                     {options->delete_extra, "--delete-extra"},
                     {options->verify, "--verify"},
                     {options->dry_run, "--dry-run"},
                     {options->no_transactions, "--no-transactions"},
                     {options->written.on_collision != COLLISION_FAIL, "--on-collision skip or overwrite"},
                     {options->common.keys.shift != SHIFT_NONE, "--shift-expiry"},
                     {log->server != NULL, "--server"},
                     {log_options_cut(log) || log->drop_at.text, "options that cut a log"},
                     {log_options_repair(log), "options that repair a log"}},
      followers[] = {{options->exit_when_in_step_ms > 0, "--exit-when-in-step"},
                     {options->cutover_ms > 0, "--cutover"},
                     {options->spool_dir != NULL, "--spool-dir"},
                     {options->spool_limit > 0, "--spool-limit"}};
    for (size_t i = 0; options->follow && i < sizeof conflicts / sizeof *conflicts; i++)
        if (conflicts[i].given)
            return message_usage(table.command, "--follow cannot be combined with %s", conflicts[i].option);
    for (size_t i = 0; !options->follow && i < sizeof followers / sizeof *followers; i++)
        if (followers[i].given)
            return message_usage(table.command, "%s requires --follow", followers[i].option);
    if (options->cutover_ms > 0 && options->exit_when_in_step_ms > 0)
        return message_usage(table.command, "--cutover cannot be combined with --exit-when-in-step");
    return options->cutover_ms > 0 || (!options->cutover_command && !options->cutover_unverified) ||
           message_usage(table.command, "--cutover-command and --cutover-unverified require --cutover");
}

static bool check_source(const struct replay_options *options)
{
    const rf_files *inputs = &options->common.inputs;
    if (!options->follow)
        return true;
    for (size_t i = 0; i < inputs->count; i++)
        if (!rf_files_is_live(inputs, i))
            return message_usage(table.command, "--follow requires a live source, and not '%s'",
                                 inputs->paths[i]);
    return options->common.operand_count == 1 ||
           message_usage(table.command, "--follow requires one source, which may be a cluster");
}

static bool check(const struct replay_options *options)
{
    if (options->connections == 0)
        return message_usage(table.command, "--connections must be at least 1");
    if (options->resume && !options->checkpoint)
        return message_usage(table.command, "--resume requires --checkpoint");
    if (options->checkpoint && options->common.log.server)
        return message_usage(table.command, "--checkpoint cannot be combined with --server, whose result is "
                                            "another one each time: convert it to an RDB file first");
    return check_deletions(options) && check_dry_run(options) && check_follow(options);
}

bool replay_options_read(int argc, char **argv, struct replay_options *options, int *status)
{
    int first;
    *options = (struct replay_options){.common.log = LOG_OPTIONS,
                                       .written = OUTPUT_OPTIONS,
                                       .on_exists = ON_EXISTS_UNSET,
                                       .connections = CONNECTIONS,
                                       .shard_index = OPT_UNSET,
                                       .shards = OPT_UNSET};
    if (!options_parse(&table, argc, argv, options, &first, status))
        return false;
    *status = STATUS_USAGE;
    if (!output_options_finalize(&options->written, table.command) ||
        !key_options_shard(&options->common.keys, options->shard_index, options->shards, table.command))
        return false;
    if (options->written.explain_key)
        return key_options_finalize(&options->common.keys, table.command);
    if (!finalize_on_exists(options))
        return false;
    int count = argc - first;
    options->common.has_target = true;
    if (!check(options) || !read_target(options, argv + first, &count, status) ||
        !common_options_read(&options->common, table.command, argv + first, count, status))
        return false;
    *status = STATUS_USAGE;
    return check_source(options) && add_since(options, status) && check_checkpoint(options) &&
           check_files(options) && can_list_extra(options) && can_reread(options);
}

void replay_options_free(struct replay_options *options)
{
    common_options_free(&options->common);
    target_options_free(&options->target_options);
    rf_target_free(&options->target);
}
