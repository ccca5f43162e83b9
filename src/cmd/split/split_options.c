/* SPDX-License-Identifier: MIT */
/* The options of `split`: the table, invalid combinations, and the topology. */
#include "cmd/split/split_options.h"
#include "base/fail.h"
#include "cmd/run/files.h"
#include "cmd/term/message.h"
#include "cmd/term/status.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct option_choice kinds[] = {
    {"rdb", TO_RDB}, {"aof", TO_AOF}, {"aof-dir", TO_AOF_DIR}, {"jsonl", TO_JSONL}, {NULL, 0}};
static const struct option_choice compressions[] = {
    {"none", RF_PLAIN}, {"gzip", RF_GZIP}, {"lz4", RF_LZ4}, {"zstd", RF_ZSTD}, {NULL, 0}};

#define AT(member) .offset = offsetof(struct split_options, member)

/* clang-format off */
static const struct option_row rows[] = {
    {OPTION_HEADING, .help = "Shards (one of these)"},
    {OPTION_COUNT, 0, "shards", "N", "N equal ranges of slots, as redis-cli --cluster\ncreate assigns them", AT(shards),
     .most = RF_SLOTS},
    {OPTION_STRING, 0, "slots", "LIST", "one range per shard: 0-5460,5461-10922,10923-16383; a\nshard with several ranges: 0-99+200-299", AT(slots)},
    {OPTION_STRING, 0, "topology", "FILE|URL",
     "a nodes.conf, a nodes.json, the output of CLUSTER\nNODES, or a live cluster; '-' is stdin", AT(topology_from)},
    {OPTION_STRING, 0, "nodes", "HOST:PORT,...",
     "a new cluster of these nodes: writes a directory for\neach, with its data and its nodes.conf; equal ranges,\nor those of --slots",
     AT(nodes_list)},
    {OPTION_COUNT, 0, "replicas", "N", "of the nodes, the first are primaries; N replicas of\neach follow (0)", AT(replicas),
     .most = RF_NODES_MAX},
    {OPTION_HEADING, .help = "Output"},
    {OPTION_STRING, 'o', "output", "DIR", "output directory; must be new or empty", AT(output)},
    {OPTION_STRING, 0, "name", "PATTERN", "name the outputs by number, from 0 on:\nredis-cluster-%d", AT(name)},
    {OPTION_CHOICE, 0, "to", "KIND", "format of the shards: rdb, aof, aof-dir or jsonl (rdb)", AT(written.to),
     .choices = kinds},
    {OPTION_CHOICE, 0, "compress", "HOW", "compress the files: none, gzip, lz4 or zstd (none)", AT(compress), .choices = compressions},
    {OPTION_INCLUDE, .include = format_rows, AT(written)},
    {OPTION_FLAG, 0, "force", .help = "replace a directory written by an earlier split", AT(written.force)},
    {OPTION_INCLUDE, .include = existing_rows, AT(written)},
    {OPTION_FLAG, 0, "dry-run", .help = "show the plan; write nothing", AT(dry_run)},
    {OPTION_INCLUDE, .include = thread_rows, AT(common)},
    {OPTION_INCLUDE, .include = reader_rows, AT(written)},
    {OPTION_INCLUDE, .include = filter_rows, AT(common.keys)},
    {OPTION_INCLUDE, .include = rewrite_rows, AT(common.keys)},
    {OPTION_INCLUDE, .include = collision_rows, AT(written)},
    {OPTION_INCLUDE, .include = log_rows, AT(common.log)},
    {OPTION_HEADING, .help = "Connection to a live cluster"},
    {OPTION_INCLUDE, .include = target_rows, AT(target_options)},
    {OPTION_INCLUDE, .include = source_rows, AT(common.source)},
    {OPTION_HEADING, .help = "Messages"},
    {OPTION_INCLUDE, .include = common_rows, AT(common)},
    {.kind = OPTION_END},
};
/* clang-format on */

static const char *const examples[] = {
    "dump.rdb --shards 3 -o shards",
    "dump.rdb --shards 3 --flatten-dbs --hash-tag '{u:*}:*' -o new",
    "node-*.rdb --topology nodes.conf --to aof-dir -o nodes",
    "dump.rdb --nodes h1:6379,h2:6379,h3:6379 -o cluster",
    NULL,
};

static const struct option_table table = {
    .command = "split",
    .operands = "INPUT... -o DIR [OPTION]...",
    .about = "Writes one output per shard of a cluster: keys by slot, function libraries to\n"
             "every shard. Reads RDB files, AOF files and AOF directories, plain or\n"
             "compressed with gzip, lz4 or zstd. Several inputs form one data set; '-' is\n"
             "stdin.\n"
             "Prints the plan, and saves it as DIR/plan.json.",
    .examples = examples,
    .rows = rows,
};
const struct option_table *const split_options_table = &table;

/* Where the shards come from; with --nodes, --slots and --shards only divide the slots. */
static bool check_source(const struct split_options *options)
{
    bool nodes = options->nodes_list != NULL;
    int given = (options->shards != OPT_UNSET) + (options->slots != NULL) + (options->topology_from != NULL);
    if (given > 1)
        return message_usage(table.command, "--shards, --slots and --topology are mutually exclusive");
    if (given == 0 && !nodes && !options->written.explain_key)
        return message_usage(table.command, "missing --shards, --slots, --topology or --nodes");
    if (nodes && options->topology_from)
        return message_usage(table.command,
                             "--nodes is a new cluster, and cannot be combined with --topology");
    if (!nodes && options->replicas > 0)
        return message_usage(table.command, "--replicas requires --nodes");
    if (nodes && (options->written.to == TO_JSONL || options->compress != RF_PLAIN))
        return message_usage(table.command, "--nodes cannot be combined with %s: servers cannot read it",
                             options->written.to == TO_JSONL ? "--to jsonl" : "--compress");
    if (nodes && options->written.target.dialect == RF_DRAGONFLY)
        return message_usage(table.command, "--nodes cannot be combined with --target-version dragonfly: it "
                                            "does not read a nodes.conf");
    if (target_options_given(&options->target_options) &&
        !(options->topology_from && rf_target_is_url(options->topology_from)))
        return message_usage(table.command, "options for a live cluster require --topology with a URL");
    return true;
}

static bool check(const struct split_options *options)
{
    bool explains = options->written.explain_key != NULL, writes = !options->dry_run && !explains;
    if (!check_source(options))
        return false;
    if (writes && (!options->output || !*options->output || is_dash(options->output)))
        return message_usage(table.command, "missing -o DIR (or use --dry-run)");
    if (options->written.if_missing && !writes)
        return message_usage(table.command, "--if-missing cannot be combined with %s",
                             explains ? "--explain-key" : "--dry-run");
    if (options->compress != RF_PLAIN && options->written.to == TO_AOF_DIR)
        return message_usage(
            table.command,
            "--compress cannot be combined with --to aof-dir: servers cannot read compressed files");
    return true;
}

/* --- the topology ------------------------------------------------------------------------------------- */

enum { TOPOLOGY_MOST = 16 * 1024 * 1024 };

static rf_code read_topology(const char *path, rf_topology **out, rf_error *error)
{
    char *text;
    size_t size;
    TRY(slurp(path, TOPOLOGY_MOST, &text, &size, error));
    rf_code code = rf_topology_parse((rf_slice){(const uint8_t *)text, size}, is_dash(path) ? "stdin" : path,
                                     out, error);
    free(text);
    return code;
}

/* The shards are those of the nodes. */
static rf_code make_nodes(struct split_options *options, const char **option, rf_error *error)
{
    TRY(rf_nodes_parse(options->nodes_list, options->replicas, &options->nodes, error));
    size_t primaries = rf_nodes_primaries(options->nodes);
    if (options->shards != OPT_UNSET && options->shards != primaries)
        return fail(error, RF_E_ARGUMENT, "%zu primar%s for %" PRIu64 " shards: leave out --shards",
                    primaries, primaries == 1 ? "y" : "ies", options->shards);
    if (options->name) {
        *option = "name";
        TRY(rf_nodes_set_names(options->nodes, options->name, error));
    }
    *option = options->slots ? "slots" : "nodes";
    return rf_nodes_topology(options->nodes, options->slots, &options->topology, error);
}

static rf_code make_shards(struct split_options *options, const rf_target *target, const char **option,
                           rf_error *error)
{
    *option = options->shards != OPT_UNSET ? "shards" : options->slots ? "slots" : "topology";
    if (options->shards != OPT_UNSET)
        TRY(rf_topology_equal(options->shards, &options->topology, error));
    else if (options->slots)
        TRY(rf_topology_of_ranges(options->slots, &options->topology, error));
    else if (target)
        TRY(rf_topology_query(target, &options->topology, error));
    else
        TRY(read_topology(options->topology_from, &options->topology, error));
    *option = "name";
    return options->name ? rf_topology_set_names(options->topology, options->name, error) : RF_OK;
}

static bool topology_read(struct split_options *options, int *status)
{
    rf_target target = {0};
    rf_error error;
    const char *option = "nodes";
    bool queries_target = options->topology_from && rf_target_is_url(options->topology_from);
    if (options->shards == OPT_UNSET && !options->slots && !options->topology_from && !options->nodes_list)
        return true;
    if (queries_target && !target_options_resolve(&options->target_options, options->topology_from,
                                                  table.command, &target, status)) {
        rf_target_free(&target);
        return false;
    }
    rf_code code = options->nodes_list
                       ? make_nodes(options, &option, &error)
                       : make_shards(options, queries_target ? &target : NULL, &option, &error);
    rf_target_free(&target);
    *status = (int)status_of(code);
    if (*status == STATUS_USAGE)
        return message_usage(table.command, "option '--%s': %s", option, error.message);
    if (code != RF_OK)
        message_failure(&error);
    return code == RF_OK;
}

/* --- inputs ------------------------------------------------------------------------------------------- */

static bool is_kept(const struct split_options *options, const char *path)
{
    if (is_dash(path) || !path_lies_in(path, options->output))
        return true;
    return message_usage(table.command, "'%s' is inside '%s', which would be replaced", path,
                         options->output);
}

/* Neither the inputs nor the report may be inside a directory that is replaced. */
static bool files_are_kept(const struct split_options *options)
{
    const struct common_options *common = &options->common;
    if (!options->output || options->dry_run)
        return true;
    for (size_t i = 0; i < common->inputs.count; i++)
        if (!is_kept(options, common->inputs.paths[i]))
            return false;
    for (size_t i = 0; i < common->operand_count; i++)
        if (!is_kept(options, common->operands[i]))
            return false;
    return (!common->report || is_kept(options, common->report)) &&
           (!options->topology_from || is_kept(options, options->topology_from));
}

static bool inputs_read(struct split_options *options, char **operands, int count, int *status)
{
    if (options->written.explain_key)
        return key_options_finalize(&options->common.keys, table.command);
    if (!common_options_read(&options->common, table.command, operands, count, status))
        return false;
    *status = STATUS_USAGE;
    if (is_dash(options->topology_from))
        for (size_t i = 0; i < options->common.inputs.count; i++)
            if (is_dash(options->common.inputs.paths[i]))
                return message_usage(table.command, "stdin can be read only once");
    return inputs_differ_from(&options->common, options->output, "the output", table.command) &&
           files_are_kept(options);
}

static bool is_done(const struct split_options *options)
{
    bool exists = options->written.if_missing && rf_split_exists(options->output);
    return output_options_is_done(&options->written, exists, options->output, options->common.quiet);
}

bool split_options_read(int argc, char **argv, struct split_options *options, int *status)
{
    int first;
    *options = (struct split_options){
        .common.log = LOG_OPTIONS, .written = OUTPUT_OPTIONS, .shards = OPT_UNSET};
    if (!options_parse(&table, argc, argv, options, &first, status))
        return false;
    *status = STATUS_USAGE;
    if (options->written.to == TO_UNSET)
        options->written.to = TO_RDB;
    if (!check(options) || !output_options_finalize(&options->written, table.command))
        return false;
    if (is_done(options)) {
        *status = STATUS_DONE;
        return false;
    }
    return inputs_read(options, argv + first, argc - first, status) && topology_read(options, status);
}

void split_options_free(struct split_options *options)
{
    common_options_free(&options->common);
    target_options_free(&options->target_options);
    rf_topology_free(options->topology);
    rf_nodes_free(options->nodes);
}
